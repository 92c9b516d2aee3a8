"""Privacy areas: rectangles that are blanked before anything looks at a frame."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_AREAS = 20
FILL = 16
"""Grey of a blanked area, of 255: black in video range, so that a covered lens still counts as black."""
HEAD_MARGIN = 0.25
"""Of a face's box, on each side: a detector finds no face in what remains."""


class PrivacyArea(NamedTuple):
    """A rectangle in fractions of the image, 0 to 1, so that it holds at any resolution."""

    left: float
    top: float
    width: float
    height: float

    def contains_centre_of(self, other: "PrivacyArea") -> bool:
        """Whether the centre of another area lies in this one."""
        x, y = other.left + other.width / 2, other.top + other.height / 2
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        """Its rows and columns in an image of that size in pixels; includes every pixel that it touches."""
        return _slice(self.top, self.height, height), _slice(self.left, self.width, width)


def area_around(box: tuple[int, int, int, int], width: int, height: int) -> PrivacyArea:
    """The area that covers a face's box (x, y, width, height) in pixels and the head around it.

    `width` and `height` are the image's.
    """
    x, y, box_width, box_height = box
    left, across = _span(x, box_width, width)
    top, down = _span(y, box_height, height)
    return PrivacyArea(left, top, across, down)


def _span(begin: float, length: float, side: int) -> tuple[float, float]:
    """Begin and length with the margin, in thousandths of the side, as the page keeps them."""
    first = max(0, math.floor(1000 * (begin - HEAD_MARGIN * length) / side))
    last = min(1000, math.ceil(1000 * (begin + (1 + HEAD_MARGIN) * length) / side))
    return first / 1000, (last - first) / 1000


def blank(image: np.ndarray, areas: Sequence[PrivacyArea]) -> None:
    """Fill the areas of `image`, uint8 (height, width, …), with one flat colour."""
    for area in areas:
        image[area.slices(*image.shape[:2])] = FILL


def _slice(begin: float, length: float, side: int) -> slice:
    # Rounded to a millionth of a pixel: 0.3 + 0.6 is a little less than 0.9, and 0.29 · 100 than 29.
    return slice(math.floor(round(begin * side, 6)), math.ceil(round((begin + length) * side, 6)))
