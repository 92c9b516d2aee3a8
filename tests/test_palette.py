"""The colours of the expressions: told apart in greyscale and by eyes without one kind of cone."""

import itertools

import cv2
import numpy as np
import pytest

from app.report import share_stack
from app.vision.emotion import EMOTIONS, UNCERTAIN
from app.vision.palette import COLOURS, DARK, LIGHT, STACK_ORDER, contrast, ink_on, rgb
from app.vision.palette import UNCERTAIN as GREY

ALL = [*COLOURS.values(), GREY]


def test_every_word_reads_well_on_its_colour():
    for colour in ALL:
        assert contrast(ink_on(colour), colour) >= 4.5


def test_every_colour_shows_on_white_and_on_black():
    for colour in ALL:
        assert contrast(colour, LIGHT) >= 1.8
        assert contrast(colour, DARK) >= 2.2


def test_what_lies_close_in_a_stack_differs_in_greyscale():
    """Up to two expressions between the two may have no share: three places apart can be neighbours."""
    stack = [COLOURS[emotion] for emotion in STACK_ORDER]
    for distance in (1, 2, 3):
        for one, other in zip(stack, stack[distance:], strict=False):
            assert contrast(one, other) >= 1.5


def test_every_stack_has_one_order_with_the_unknown_above_it():
    assert set(STACK_ORDER) == set(EMOTIONS)
    assert (*STACK_ORDER, UNCERTAIN) == share_stack.STACK_ORDER


# Machado, Oliveira, Fernandes 2009, severity 1: how linear red, green and blue look without one kind of cone.
SIGHTS = {
    "all cones": np.eye(3),
    "no red cones": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green cones": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue cones": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def seen_as(colours, sight) -> np.ndarray:
    """The colours as CIE L*a*b*, one a row, as eyes of that kind see them."""
    values = np.array([rgb(colour) for colour in colours]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIGHTS[sight]).T, 0, 1)
    shown = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(shown[np.newaxis, ..., ::-1].astype(np.float32), cv2.COLOR_BGR2LAB)[0]


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_colours_look_alike_to_anybody(sight):
    """In distances of CIE 1976, of which 2.3 is just noticeable."""
    *expressions, grey = seen_as(ALL, sight)
    for one, other in itertools.combinations(expressions, 2):
        assert np.linalg.norm(one - other) > 24
    for expression in expressions:
        assert np.linalg.norm(expression - grey) > 14
