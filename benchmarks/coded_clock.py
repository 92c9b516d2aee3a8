"""A clock in the picture that a program can read: how old is what a viewer sees, whatever headers say.

Two rows of black and white cells along the lower edge hold Unix milliseconds and a checksum. Their size
follows the picture's, so that the clock outlives scaling, and they are large enough to outlive JPEG.
"""

import binascii

import cv2
import numpy as np

ROWS, COLUMNS = 2, 25
ROW_PART = 1 / 32  # of the picture's height
TIME_BYTES, CHECK_BITS = 6, 8  # the time's first 6 of 48 bits are 0 until the year 2109


def draw(picture: np.ndarray, seconds: float) -> None:
    """Write Unix `seconds`, to the millisecond, into `picture`, uint8, grey or BGR."""
    milliseconds = round(1000 * seconds)
    number = milliseconds << CHECK_BITS | _check(milliseconds)
    bits = [number >> place & 1 for place in reversed(range(ROWS * COLUMNS))]
    cells = np.array(bits, np.uint8).reshape(ROWS, COLUMNS) * 255
    strip = _strip(picture)
    grey = cv2.resize(cells, strip.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    strip[:] = grey.reshape(*grey.shape, *[1] * (strip.ndim - 2))


def read(picture: np.ndarray) -> float | None:
    """The Unix seconds that `draw` wrote; None where they can't be read, as where something covers them."""
    strip = _strip(picture)
    grey = strip if strip.ndim == 2 else strip.mean(axis=2)
    height, width = grey.shape
    down = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(int)
    across = ((np.arange(COLUMNS) + 0.5) * width / COLUMNS).astype(int)
    # each cell is its mean around the middle: its edges bleed into the next
    reach = max(0, min(height // ROWS, width // COLUMNS) // 4)
    cells = cv2.blur(grey.astype(np.float32), (2 * reach + 1, 2 * reach + 1))[np.ix_(down, across)]
    number = int("".join("1" if cell > 127 else "0" for cell in cells.flat), 2)
    milliseconds = number >> CHECK_BITS
    return milliseconds / 1000 if number % 2**CHECK_BITS == _check(milliseconds) else None


def _strip(picture: np.ndarray) -> np.ndarray:
    """The part of the picture where the clock is."""
    return picture[-round(ROWS * ROW_PART * picture.shape[0]) :]


def _check(milliseconds: int) -> int:
    return binascii.crc32(milliseconds.to_bytes(TIME_BYTES, "big")) % 2**CHECK_BITS
