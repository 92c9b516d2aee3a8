"""A clock in the picture that a program can read: it tells the true age of what a viewer sees.

Two rows of black and white cells along the lower edge hold Unix milliseconds and a checksum. The cells scale
with the picture, so the clock survives resizing, and they are large enough to survive JPEG.
"""

import binascii

import cv2
import numpy as np

ROWS, COLUMNS = 2, 25
ROW_HEIGHT = 1 / 32  # of the picture's height
TIME_BYTES, CHECK_BITS = 6, 8  # the time's first 6 of 48 bits are 0 until the year 2109


def draw_time(picture: np.ndarray, seconds: float) -> None:
    """Draw Unix `seconds`, to the millisecond, into `picture`, uint8, grey or BGR."""
    milliseconds = round(1000 * seconds)
    number = milliseconds << CHECK_BITS | _checksum(milliseconds)
    bits = [number >> position & 1 for position in reversed(range(ROWS * COLUMNS))]
    cells = np.array(bits, np.uint8).reshape(ROWS, COLUMNS) * 255
    strip = _strip(picture)
    grey = cv2.resize(cells, strip.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    strip[:] = grey.reshape(*grey.shape, *[1] * (strip.ndim - 2))


def read_time(picture: np.ndarray) -> float | None:
    """The Unix seconds that `draw_time` drew; None where something covers them."""
    strip = _strip(picture)
    grey = strip if strip.ndim == 2 else strip.mean(axis=2)
    height, width = grey.shape
    rows = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(int)
    columns = ((np.arange(COLUMNS) + 0.5) * width / COLUMNS).astype(int)
    # a cell is the mean around its centre, since its edges blur into the next cell
    radius = max(0, min(height // ROWS, width // COLUMNS) // 4)
    cells = cv2.blur(grey.astype(np.float32), (2 * radius + 1, 2 * radius + 1))[np.ix_(rows, columns)]
    number = int("".join("1" if cell > 127 else "0" for cell in cells.flat), 2)
    milliseconds = number >> CHECK_BITS
    return milliseconds / 1000 if number % 2**CHECK_BITS == _checksum(milliseconds) else None


def _strip(picture: np.ndarray) -> np.ndarray:
    """The part of the picture where the clock is."""
    return picture[-round(ROWS * ROW_HEIGHT * picture.shape[0]) :]


def _checksum(milliseconds: int) -> int:
    return binascii.crc32(milliseconds.to_bytes(TIME_BYTES, "big")) % 2**CHECK_BITS
