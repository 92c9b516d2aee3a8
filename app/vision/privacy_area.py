"""Privacy areas: rectangles that are blanked before anything looks at a frame."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_AREAS = 20
FILL = 16
"""Grey of a blanked area, of 255: black in video range, so that a covered lens still counts as black."""


class PrivacyArea(NamedTuple):
    """A rectangle in fractions of the image, 0 to 1, so that it holds at any resolution."""

    left: float
    top: float
    width: float
    height: float

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        """Its rows and columns in an image of that size in pixels; includes every pixel that it touches."""
        return _slice(self.top, self.height, height), _slice(self.left, self.width, width)


def blank(image: np.ndarray, areas: Sequence[PrivacyArea]) -> None:
    """Fill the areas of `image`, uint8 (height, width, …), with one flat colour."""
    for area in areas:
        image[area.slices(*image.shape[:2])] = FILL


def _slice(begin: float, length: float, side: int) -> slice:
    # Rounded to a millionth of a pixel: 0.3 + 0.6 is a little less than 0.9, and 0.29 · 100 than 29.
    return slice(math.floor(round(begin * side, 6)), math.ceil(round((begin + length) * side, 6)))
