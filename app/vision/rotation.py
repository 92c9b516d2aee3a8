"""Rotating an image, and finding out where a box of it then lies."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.vision.frame import Box


def rotate(grey: np.ndarray, degrees: float, **border) -> tuple[np.ndarray, np.ndarray]:
    """Rotate an image anticlockwise without cutting anything off.

    Gives the rotated image and the affine matrix (2, 3) that leads to it. `border` says what fills the new
    corners, in cv2.warpAffine's own arguments.
    """
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    size = np.ceil(np.abs(matrix[:, :2]) @ (width, height)).astype(int)
    matrix[:, 2] += (size - (width, height)) / 2
    return cv2.warpAffine(grey, matrix, size, **border), matrix


def transform_box(box: Sequence[int], matrix: np.ndarray) -> Box:
    """Move the centre of a box (x, y, width, height) by an affine matrix (2, 3).

    The box keeps its size and stays upright.
    """
    x, y, width, height = (int(side) for side in box)
    left, top = matrix @ (x + width / 2, y + height / 2, 1) - (width / 2, height / 2)
    return Box(round(left), round(top), width, height)
