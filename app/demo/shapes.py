"""Filled shapes on an image, with antialiased edges."""

import cv2
import numpy as np

from app.demo.paint import Colour

SHIFT = 4  # cv2 takes 1/16 pixel with this shift, which keeps thin shapes steady at every size


def polygon(image: np.ndarray, points: list[tuple[float, float]], colour: Colour) -> None:
    """Fill a polygon given in pixels."""
    corners = np.round(np.array(points) * (1 << SHIFT)).astype(np.int32)
    cv2.fillPoly(image, [corners], colour, cv2.LINE_AA, SHIFT)


def rectangle(
    image: np.ndarray, left: float, top: float, right: float, bottom: float, colour: Colour
) -> None:
    """Fill a rectangle given in pixels."""
    polygon(image, [(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def disc(image: np.ndarray, x: float, y: float, radius: float, colour: Colour) -> None:
    """Fill a circle given in pixels."""
    middle = (round(x * (1 << SHIFT)), round(y * (1 << SHIFT)))
    cv2.circle(image, middle, round(radius * (1 << SHIFT)), colour, -1, cv2.LINE_AA, SHIFT)


def gradient(
    image: np.ndarray, left: float, top: float, right: float, bottom: float, high: Colour, low: Colour
) -> None:
    """Fill a rectangle with colours that go from `high` to `low`, top to bottom."""
    part = image[round(top) : round(bottom), round(left) : round(right)]
    steps = np.linspace(0, 1, len(part), dtype=np.float32)[:, None, None]
    part[:] = np.asarray(high, np.float32) * (1 - steps) + np.asarray(low, np.float32) * steps
