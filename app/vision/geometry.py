"""Scaling and rotating images, and moving boxes along."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.vision.frame import Box


def scale(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale an image (height, width, …) to at least one pixel; with the factor 1, give the image itself."""
    if factor == 1:
        return image
    height, width = image.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


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
