"""From a face box to the network's input: the same code for training, evaluation and serving."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from app.vision.frame import Box

SIDE = 48  # pixels; the size of FER-2013's faces


def crop_faces(
    grey: np.ndarray, boxes: Sequence[Box], roll_degrees: Sequence[float] | None = None
) -> np.ndarray:
    """Crop the boxes out of a grey uint8 image: uint8 (N, 48, 48).

    `roll_degrees` says how far each face leans clockwise, by default 0: it is turned upright, since nearly
    all faces that the network learnt from are upright. A box that sticks out of the image keeps its shape:
    the last row or column is repeated, so that a face at the edge isn't stretched. Raises ValueError for a
    box that lies outside the image.
    """
    faces = np.empty((len(boxes), SIDE, SIDE), np.uint8)
    for face, box, roll in zip(faces, boxes, roll_degrees or [0.0] * len(boxes), strict=True):
        face[:] = _resize(_crop_upright(grey, box, roll) if roll else _crop(grey, box))
    return faces


def as_input(faces: np.ndarray) -> np.ndarray:
    """Convert grey uint8 faces (N, 48, 48) to the network's input: float32 (N, 48, 48, 1), still 0 to 255.

    The network's first layer centres and scales, so that no caller can get it wrong.
    """
    if faces.dtype != np.uint8 or faces.ndim != 3 or faces.shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f"faces are {faces.dtype} {faces.shape}; expected uint8 (N, {SIDE}, {SIDE}), "
            "as app.vision.crop.crop_faces gives them"
        )
    return faces[..., np.newaxis].astype(np.float32)


def _crop(grey: np.ndarray, box: Box) -> np.ndarray:
    inside = box.crop(grey)
    height, width = grey.shape
    if not inside.size:
        raise ValueError(f"{box} has no pixel in a picture of {width}×{height}")
    right, bottom = box.x + box.width - width, box.y + box.height - height
    missing = [max(pixels, 0) for pixels in (-box.y, bottom, -box.x, right)]
    if not any(missing):
        return inside
    return cv2.copyMakeBorder(inside, *missing, cv2.BORDER_REPLICATE)


def _crop_upright(grey: np.ndarray, box: Box, degrees: float) -> np.ndarray:
    margin = math.ceil((math.sqrt(2) - 1) / 2 * max(box.width, box.height))  # enough for any angle
    around = Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)
    pixels = _crop(grey, around)
    size = pixels.shape[::-1]
    rotation = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), degrees, 1.0)
    upright = cv2.warpAffine(pixels, rotation, size, borderMode=cv2.BORDER_REPLICATE)
    return upright[margin:-margin, margin:-margin]


def _resize(face: np.ndarray) -> np.ndarray:
    # INTER_AREA alone doesn't alias when it shrinks; when it enlarges, it shows blocks.
    shrinks = face.shape[0] > SIDE or face.shape[1] > SIDE
    return cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
