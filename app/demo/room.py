"""The wall of the room: windows, a shelf, a picture and a clock."""

from datetime import datetime
from math import cos, pi, sin

import cv2
import numpy as np

from app.demo.paint import Colour, mix, rgb
from app.demo.shapes import disc, gradient, polygon, rectangle

WALL, WALL_LOW = rgb("ece2d2"), rgb("d9cbb5")
OAK, OAK_DARK = rgb("d3a876"), rgb("a67c4f")
FRAME = rgb("f7f3ea")
SKY_HIGH, SKY_LOW = rgb("b8d8e8"), rgb("f1efe0")
LEAVES = tuple(map(rgb, ("9db893", "86a67f", "b4c7a0")))
BOOKS = tuple(map(rgb, ("c4634a", "37506b", "d9a441", "7f9a80", "e6dccb", "6d5a7e", "3f7f83", "c98c8c")))
SUN = (0.035, 0.06, 0.07)  # how much brighter a patch of sun is, in blue, green and red
LIT_ROWS = 64  # rows lit at a time, to save memory
INK = rgb("3b3733")
CLOCK = (0.5, 0.082, 0.058)  # x over the width, y and radius over the height: above every head


def draw_wall(width: int, height: int) -> np.ndarray:
    """Draw the empty room behind the rows: uint8 (height, width, 3)."""
    image = np.empty((height, width, 3), np.uint8)
    gradient(image, 0, 0, width, height, WALL, WALL_LOW)
    for left, right in ((0.035, 0.2), (0.225, 0.39)):
        _draw_window(image, left * width, 0.03 * height, right * width, 0.42 * height)
    _draw_picture(image, 0.61 * width, 0.045 * height, 0.7 * width, 0.2 * height)
    _draw_shelf(image, 0.755 * width, 0.165 * height, 0.965 * width)
    _draw_clock_face(image)
    _light(image)
    return image


def _light(image: np.ndarray) -> None:
    """Light the wall from the left, with two slanting patches of sun."""
    height, width = image.shape[:2]
    sun = np.zeros((height // 8, width // 8), np.uint8)
    for left in (0.44, 0.63):
        patch = [(left, 0.0), (left + 0.13, 0.0), (left + 0.29, 0.6), (left + 0.16, 0.6)]
        polygon(sun, [(x * sun.shape[1], y * sun.shape[0]) for x, y in patch], (255, 255, 255))
    glow = cv2.resize(cv2.GaussianBlur(sun, (0, 0), sun.shape[1] / 60), (width, height))
    across = 1 + np.linspace(0.03, -0.09, width, dtype=np.float32)[None, :, None]
    for top in range(0, height, LIT_ROWS):
        rows = image[top : top + LIT_ROWS]
        warm = glow[top : top + LIT_ROWS, :, None] * np.array(SUN, np.float32)
        rows[:] = np.clip(rows * across * (1 + warm / 255), 0, 255)


def _draw_window(image: np.ndarray, left: float, top: float, right: float, bottom: float) -> None:
    """Draw sky and soft trees behind glass, in a white frame."""
    thin = (right - left) * 0.035
    rectangle(
        image,
        left - 2.4 * thin,
        top - 2.4 * thin,
        right + 2.4 * thin,
        bottom + 2.4 * thin,
        mix(WALL, WALL_LOW, 0.8),
    )
    rectangle(image, left - 2 * thin, top - 2 * thin, right + 2 * thin, bottom + 2 * thin, FRAME)
    gradient(image, left, top, right, bottom, SKY_HIGH, SKY_LOW)
    glass = image[round(top) : round(bottom), round(left) : round(right)]
    tall, wide = glass.shape[:2]
    for index in range(11):
        x = (index * 0.37 + left / image.shape[1] * 3) % 1.1 - 0.05
        disc(
            glass,
            x * wide,
            (0.8 + 0.12 * sin(index * 2.3)) * tall,
            (0.17 + 0.05 * cos(index)) * wide,
            LEAVES[index % 3],
        )
    glass[:] = cv2.GaussianBlur(glass, (0, 0), wide / 28)
    middle = (left + right) / 2
    rectangle(image, middle - thin / 2, top, middle + thin / 2, bottom, FRAME)
    rectangle(image, left, top + 0.3 * (bottom - top), right, top + 0.3 * (bottom - top) + thin, FRAME)


def _draw_picture(image: np.ndarray, left: float, top: float, right: float, bottom: float) -> None:
    """Draw a framed print: hills under a sun."""
    wide, tall = right - left, bottom - top
    rectangle(
        image,
        left + 0.03 * wide,
        top + 0.03 * wide,
        right + 0.03 * wide,
        bottom + 0.05 * wide,
        mix(WALL, INK, 0.22),
    )
    rectangle(image, left, top, right, bottom, OAK_DARK)
    rim = 0.05 * wide
    rectangle(image, left + rim, top + rim, right - rim, bottom - rim, rgb("f3ead9"))
    part = image[
        round(top + 3 * rim) : round(bottom - 3 * rim), round(left + 3 * rim) : round(right - 3 * rim)
    ]
    tall, wide = part.shape[:2]
    part[:] = rgb("efd9b4")
    disc(part, 0.68 * wide, 0.36 * tall, 0.14 * wide, rgb("d9784f"))
    for base, swing, colour in ((0.6, 0.1, "9fb39b"), (0.74, -0.09, "6f8f82"), (0.88, 0.07, "4a6d70")):
        ridge = [(x / 20 * wide, (base + swing * sin(x / 20 * 4 + base * 9)) * tall) for x in range(21)]
        polygon(part, [(0, tall), *ridge, (wide, tall)], rgb(colour))


def _draw_shelf(image: np.ndarray, left: float, top: float, right: float) -> None:
    """Draw a board with books and a plant."""
    wide = right - left
    book = 0.0
    for index in range(13):
        if index in (5, 9):
            book += 0.05
            continue
        thick, tall = 0.03 + 0.012 * (index * 7 % 3), 0.19 + 0.03 * (index * 5 % 4)
        x = left + (0.03 + book) * wide
        rectangle(image, x, top - tall * wide * 0.8, x + thick * wide, top, BOOKS[index * 3 % len(BOOKS)])
        rectangle(
            image, x, top - tall * wide * 0.6, x + thick * wide, top - tall * wide * 0.56, rgb("efe6d6")
        )
        book += thick + 0.004
    _draw_plant(image, right - 0.17 * wide, top, 0.12 * wide)
    rectangle(image, left, top, right, top + 0.045 * wide, OAK)
    rectangle(image, left, top + 0.045 * wide, right, top + 0.06 * wide, OAK_DARK)


def _draw_plant(image: np.ndarray, x: float, bottom: float, size: float) -> None:
    """Draw a pot with leaves that hang over its rim."""
    for index in range(9):
        angle = (index - 4) * 0.42
        tip = (x + 1.25 * size * sin(angle), bottom - 0.7 * size - 0.95 * size * cos(angle * 0.9))
        side = 0.2 * size * cos(angle), 0.2 * size * sin(angle)
        middle = ((x + tip[0]) / 2, (bottom - 0.7 * size + tip[1]) / 2 - 0.15 * size)
        leaf = [(x, bottom - 0.6 * size), (middle[0] - side[0], middle[1] - side[1]), tip]
        polygon(
            image,
            [*leaf, (middle[0] + side[0], middle[1] + side[1])],
            mix(rgb("5d8062"), rgb("93b088"), index % 3 / 2),
        )
    pot = [(x - 0.45 * size, bottom - 0.75 * size), (x + 0.45 * size, bottom - 0.75 * size)]
    polygon(image, [*pot, (x + 0.34 * size, bottom), (x - 0.34 * size, bottom)], rgb("d08a63"))


def _draw_clock_face(image: np.ndarray) -> None:
    """Draw the clock without its hands."""
    x, y, radius = _clock(image)
    disc(image, x + 0.06 * radius, y + 0.1 * radius, 1.04 * radius, mix(WALL, INK, 0.2))
    disc(image, x, y, radius, mix(OAK_DARK, INK, 0.25))
    disc(image, x, y, 0.9 * radius, rgb("f4eee2"))  # dull: the cascade would see a face in a brighter one
    for hour in range(12):
        _hand(image, hour / 12, 0.74, 0.82, 0.055 if hour % 3 == 0 else 0.035, mix(INK, WALL, 0.65))


def draw_hands(image: np.ndarray, at: datetime) -> None:
    """Draw the clock's hands, at the time of day in the zone of `at`."""
    minutes = at.minute + at.second / 60
    _hand(image, (at.hour % 12 + minutes / 60) / 12, -0.08, 0.46, 0.075, mix(INK, WALL, 0.2))
    _hand(image, minutes / 60, -0.1, 0.68, 0.055, mix(INK, WALL, 0.2))
    _hand(image, at.second / 60, -0.16, 0.72, 0.03, rgb("c4634a"))


def _clock(image: np.ndarray) -> tuple[float, float, float]:
    """The centre and the radius of the clock, in pixels."""
    height, width = image.shape[:2]
    return CLOCK[0] * width, CLOCK[1] * height, CLOCK[2] * height


def _hand(image: np.ndarray, turn: float, start: float, end: float, thick: float, colour: Colour) -> None:
    """Draw a bar from `start` to `end` of the radius, `turn` of a full turn past twelve."""
    x, y, radius = _clock(image)
    out, across = (sin(2 * pi * turn), -cos(2 * pi * turn)), (cos(2 * pi * turn), sin(2 * pi * turn))
    corners = ((start, -thick / 2), (end, -thick / 2), (end, thick / 2), (start, thick / 2))
    polygon(
        image,
        [
            (x + radius * (far * out[0] + t * across[0]), y + radius * (far * out[1] + t * across[1]))
            for far, t in corners
        ],
        colour,
    )
