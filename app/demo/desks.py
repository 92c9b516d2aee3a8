"""The rows of desks, and the things on them."""

from random import Random

import numpy as np

from app.demo.paint import mix, rgb
from app.demo.room import BOOKS, OAK, OAK_DARK
from app.demo.shapes import disc, gradient, polygon, rectangle

PANEL, PANEL_LOW = rgb("b9c4b3"), rgb("8f9f8f")
BOARD, EDGE = 0.42, 0.14  # how deep the board looks and how thick it is, in half face widths
SLAT = 0.62  # from one of the panels' slats to the next, likewise
ROOM_FOR_THINGS = 4.7  # the distance between two students, likewise, that leaves room for a thing


def draw_desk(image: np.ndarray, top: float, unit: float) -> None:
    """Draw one row's desk from `top` (pixels) to the image's lower edge: an oak board and slatted panels.

    `unit` is half the width of the faces in this row, in pixels.
    """
    height, width = image.shape[:2]
    edge = top + BOARD * unit
    front = edge + EDGE * unit
    gradient(image, 0, min(edge, height), width, height, PANEL_LOW, PANEL_LOW)
    gradient(image, 0, min(edge, height), width, min(front + 4.6 * unit, height), PANEL, PANEL_LOW)
    for slat in range(int(width / unit / SLAT) + 1):
        column = round(slat * SLAT * unit)
        groove = image[min(round(front), height) :, column : column + max(round(0.035 * unit), 1)]
        groove[:] = groove * np.float32(0.95)
    rectangle(image, 0, top, width, edge, OAK)
    rectangle(image, 0, edge, width, front, mix(OAK, OAK_DARK, 0.55))
    _shade(image, front, front + 0.6 * unit, 0.2)


def _shade(image: np.ndarray, top: float, bottom: float, strength: float) -> None:
    """Darken the rows from `top` to `bottom`, most at the top: the soft shadow under an edge."""
    rows = image[max(round(top), 0) : max(round(bottom), 0)]
    fade = 1 - strength * np.linspace(1, 0, len(rows), dtype=np.float32)[:, None, None]
    rows[:] = rows * fade


def draw_things(image: np.ndarray, places: list[float], top: float, unit: float, row: int) -> None:
    """Draw mugs, books, paper and bottles between the students at `places` (x in pixels) of one row."""
    chance = Random(f"things {row}")
    things = [_mug, _books, _paper, _bottle]
    chance.shuffle(things)
    ends = [*places[1:], places[-1] + 2 * ROOM_FOR_THINGS * unit]
    for index, (left, right) in enumerate(zip(places, ends, strict=True)):
        if right - left > ROOM_FOR_THINGS * unit:
            colour = BOOKS[(3 * index + 2 * row) % len(BOOKS)]
            things[index % len(things)](image, left + 2.45 * unit, top + 0.26 * unit, unit, colour)


def _shadow(image: np.ndarray, x: float, bottom: float, wide: float, unit: float) -> None:
    rectangle(
        image,
        x - wide,
        bottom - 0.03 * unit,
        x + wide + 0.1 * unit,
        bottom + 0.05 * unit,
        mix(OAK, OAK_DARK, 0.7),
    )


def _mug(image: np.ndarray, x: float, bottom: float, unit: float, colour: tuple[int, int, int]) -> None:
    _shadow(image, x, bottom, 0.2 * unit, unit)
    disc(image, x + 0.2 * unit, bottom - 0.22 * unit, 0.13 * unit, colour)
    disc(image, x + 0.2 * unit, bottom - 0.22 * unit, 0.07 * unit, mix(PANEL, OAK, 0.3))
    rectangle(image, x - 0.19 * unit, bottom - 0.42 * unit, x + 0.19 * unit, bottom, colour)
    rectangle(
        image,
        x - 0.19 * unit,
        bottom - 0.42 * unit,
        x - 0.09 * unit,
        bottom,
        mix(colour, rgb("ffffff"), 0.25),
    )


def _books(image: np.ndarray, x: float, bottom: float, unit: float, colour: tuple[int, int, int]) -> None:
    _shadow(image, x, bottom, 0.5 * unit, unit)
    for level, (wide, shift) in enumerate(((0.5, 0.0), (0.44, 0.04), (0.47, -0.02))):
        low = bottom - 0.14 * level * unit
        cover = BOOKS[(BOOKS.index(colour) + 3 * level) % len(BOOKS)]
        left, right = x + (shift - wide) * unit, x + (shift + wide) * unit
        rectangle(image, left, low - 0.13 * unit, right, low, cover)
        rectangle(
            image, left + 0.03 * unit, low - 0.1 * unit, left + 0.2 * unit, low - 0.03 * unit, rgb("f3ead9")
        )


def _paper(image: np.ndarray, x: float, bottom: float, unit: float, colour: tuple[int, int, int]) -> None:
    """Draw a notebook with a pencil on it."""
    low, high, wide = bottom + 0.08 * unit, bottom - 0.16 * unit, 0.5 * unit
    page = [(x - wide, low), (x - 0.8 * wide, high), (x + 0.8 * wide, high), (x + wide, low)]
    polygon(image, page, rgb("f7f2e7"))
    pencil = [(x - 0.2 * unit, low - 0.06 * unit), (x + 0.3 * unit, high + 0.04 * unit)]
    polygon(
        image, [*pencil, (x + 0.32 * unit, high + 0.08 * unit), (x - 0.18 * unit, low - 0.02 * unit)], colour
    )


def _bottle(image: np.ndarray, x: float, bottom: float, unit: float, colour: tuple[int, int, int]) -> None:
    _shadow(image, x, bottom, 0.14 * unit, unit)
    rectangle(image, x - 0.14 * unit, bottom - 0.62 * unit, x + 0.14 * unit, bottom, colour)
    rectangle(
        image, x - 0.14 * unit, bottom - 0.62 * unit, x - 0.06 * unit, bottom, mix(colour, rgb("ffffff"), 0.3)
    )
    rectangle(
        image, x - 0.09 * unit, bottom - 0.76 * unit, x + 0.09 * unit, bottom - 0.62 * unit, rgb("4c4642")
    )
