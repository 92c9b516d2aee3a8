"""Turning a picture, and telling where a box of it lies in another that an affine matrix (2, 3) leads to."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.vision.frame import Box


def turned(grey: np.ndarray, degrees: float, **border) -> tuple[np.ndarray, np.ndarray]:
    """Turn a picture anticlockwise, cutting nothing off; gives it and the matrix that leads there.

    `border` says what stands in the new corners, as cv2.warpAffine takes it.
    """
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    size = np.ceil(np.abs(matrix[:, :2]) @ (width, height)).astype(int)
    matrix[:, 2] += (size - (width, height)) / 2
    return cv2.warpAffine(grey, matrix, size, **border), matrix


def carried(box: Sequence[int], matrix: np.ndarray) -> Box:
    """Where a box x, y, width, height lies whose middle is led elsewhere; it stays upright and as large."""
    x, y, width, height = (int(side) for side in box)
    left, top = matrix @ (x + width / 2, y + height / 2, 1) - (width / 2, height / 2)
    return Box(round(left), round(top), width, height)
