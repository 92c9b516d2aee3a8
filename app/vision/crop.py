"""From a face box to the network's input: the one way, for training, evaluation and serving."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from app.vision.frame import Box

SIDE = 48  # pixels; the size of FER-2013's faces
SMALLEST_READABLE = 36
"""Pixels. A smaller face would be mostly enlargement, and read as noise."""


def crop_faces(grey: np.ndarray, boxes: Sequence[Box], degrees: Sequence[float] | None = None) -> np.ndarray:
    """Cut the boxes out of a grey uint8 picture: uint8 (N, 48, 48).

    A face that leans clockwise by so many `degrees` is turned upright, as nearly all were that the network
    learnt from.
    A box that sticks out of the picture keeps its shape: the picture's last row or column is repeated, so
    that a face at the edge isn't stretched. Raises ValueError for a box without a pixel in the picture.
    """
    faces = np.empty((len(boxes), SIDE, SIDE), np.uint8)
    for face, box, leaning in zip(faces, boxes, degrees or [0.0] * len(boxes), strict=True):
        face[:] = _resize(_cut_upright(grey, box, leaning) if leaning else _cut(grey, box))
    return faces


def as_input(faces: np.ndarray) -> np.ndarray:
    """Grey uint8 faces (N, 48, 48) as the network takes them: float32 (N, 48, 48, 1), still 0 to 255.

    Centring and scaling belong to the network's first layer, where no caller can get them wrong.
    """
    if faces.dtype != np.uint8 or faces.ndim != 3 or faces.shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f"faces are {faces.dtype} {faces.shape}; expected uint8 (N, {SIDE}, {SIDE}), "
            "as app.vision.crop.crop_faces gives them"
        )
    return faces[..., np.newaxis].astype(np.float32)


def _cut(grey: np.ndarray, box: Box) -> np.ndarray:
    inside = box.of(grey)
    height, width = grey.shape
    if not inside.size:
        raise ValueError(f"{box} has no pixel in a picture of {width}×{height}")
    right, bottom = box.x + box.width - width, box.y + box.height - height
    missing = [max(pixels, 0) for pixels in (-box.y, bottom, -box.x, right)]
    if not any(missing):
        return inside
    return cv2.copyMakeBorder(inside, *missing, cv2.BORDER_REPLICATE)


def _cut_upright(grey: np.ndarray, box: Box, degrees: float) -> np.ndarray:
    margin = math.ceil((math.sqrt(2) - 1) / 2 * max(box.width, box.height))  # enough for any turn
    around = Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)
    pixels = _cut(grey, around)
    size = pixels.shape[::-1]
    turn = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), degrees, 1.0)
    upright = cv2.warpAffine(pixels, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return upright[margin:-margin, margin:-margin]


def _resize(face: np.ndarray) -> np.ndarray:
    # INTER_AREA is the one that doesn't alias when it shrinks; enlarging, it would show blocks.
    shrinks = face.shape[0] > SIDE or face.shape[1] > SIDE
    return cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
