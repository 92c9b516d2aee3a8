"""Face boxes in a picture, by YuNet, a small network that OpenCV runs (Wu et al. 2023).

It finds the turned and covered faces that the cascades miss, and looks at whole pictures.
"""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from app.vision.detection.cascade_detector import Detection, one_box_a_face
from app.vision.frame import Box

NAME = "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
LONGER_SIDES = (1280, 320)
"""Pixels to which a larger picture is shrunk, in turn. It was trained on faces of 10 to 300 pixels: the small
picture, which costs a sixteenth of the large one, shows the larger ones."""
LOWEST_SCORE = 0.7
"""OpenCV's own 0.9 is for portraits: it loses a sixth of the faces of a group."""
LEAST_SIDE = 64
"""Pixels to which the sides of a smaller picture are filled up: in one of up to 32, OpenCV finds faces that
are infinitely large."""
MOST_OVERLAP = 0.3  # of two boxes of one search; OpenCV's default
CASCADE_SIDE = 1.09
"""The cascade's square about the same face, on which the expressions were learnt, against the square as large
as YuNet's narrow box; the middle is the same (114 faces that both found)."""
_INSTALL = "run flask --app wsgi detector install, or set DETECTOR=haar"


class YuNet:
    """The network, loaded once. Not for two threads at a time."""

    def __init__(self, path: Path) -> None:
        """Load the file; RuntimeError when it is not there or not the one that was published."""
        weights = np.frombuffer(_read(path), np.uint8)
        size = (LONGER_SIDES[0],) * 2  # set anew for each picture
        self._network = cv2.FaceDetectorYN.create(
            "onnx", weights, np.empty(0, np.uint8), size, LOWEST_SCORE, MOST_OVERLAP
        )

    def detect(self, image: np.ndarray) -> list[Detection]:
        """The faces in `image`, BGR uint8, their boxes square as the cascade's, the largest first."""
        height, width = image.shape[:2]
        scales = {min(1.0, side / max(height, width)) for side in LONGER_SIDES}
        return one_box_a_face([found for scale in scales for found in self._find(image, scale)])

    def _find(self, image: np.ndarray, scale: float) -> list[Detection]:
        picture = _filled_up(_shrunk(image, scale))
        self._network.setInputSize(picture.shape[1::-1])
        _, faces = self._network.detect(picture)
        return [] if faces is None else [_found(face, scale) for face in faces]


def is_published(weights: bytes) -> bool:
    """Whether these are the bytes that the OpenCV Zoo published."""
    return hashlib.sha256(weights).hexdigest() == SHA256


def _read(path: Path) -> bytes:
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise RuntimeError(f"The detector {path} can't be read ({error.strerror}); {_INSTALL}.") from None
    if not is_published(weights):
        raise RuntimeError(
            f"{path} is not {NAME} as the OpenCV Zoo published it: it was altered or cut, or is another "
            f"file; {_INSTALL}."
        )
    return weights


def _shrunk(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return image
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _filled_up(image: np.ndarray) -> np.ndarray:
    missing = [max(0, LEAST_SIDE - side) for side in image.shape[:2]]
    if not any(missing):
        return image
    return cv2.copyMakeBorder(image, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT)


def _found(face: np.ndarray, scale: float) -> Detection:
    """A row of the network's: x, y, width, height, five points of the face, score."""
    x, y, width, height = face[:4] / scale
    side = CASCADE_SIDE * np.sqrt(width * height)
    left, top = x + (width - side) / 2, y + (height - side) / 2
    return Detection(round(1000 * face[-1]), Box(round(left), round(top), round(side), round(side)))
