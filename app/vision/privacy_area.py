"""Parts of the picture that are left out: filled before anything looks at a frame."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MOST_AREAS = 20
FILL = 16
"""Of 255, the video range's black: a covered lens with areas before it still counts as black."""


class PrivacyArea(NamedTuple):
    """A rectangle in fractions of the picture, 0 to 1, so that it holds at another resolution."""

    left: float
    top: float
    width: float
    height: float

    def pixels(self, height: int, width: int) -> tuple[slice, slice]:
        """Its rows and columns in a picture of that size; every pixel that it touches is in it."""
        return _covered(self.top, self.height, height), _covered(self.left, self.width, width)


def blank(image: np.ndarray, areas: Sequence[PrivacyArea]) -> None:
    """Fill the areas of `image`, uint8 (height, width, …), with one flat colour."""
    for area in areas:
        image[area.pixels(*image.shape[:2])] = FILL


def _covered(begin: float, length: float, side: int) -> slice:
    # to a millionth of a pixel: 0.3 + 0.6 is a little less than 0.9, and 0.29 · 100 a little less than 29
    return slice(math.floor(round(begin * side, 6)), math.ceil(round((begin + length) * side, 6)))
