"""YuNet, a small network for face detection that OpenCV runs (Wu et al. 2023).

It finds the turned and covered faces that the cascades miss, and searches the whole image each time.
"""

from pathlib import Path

import cv2
import numpy as np

from app.vision.detection.detection import Detection, non_maximum_suppression
from app.vision.detection.yunet_file import YUNET_FILE, is_published
from app.vision.frame import Box
from app.vision.geometry import scale

LONGER_SIDES = (1280, 320)
"""Pixels to which a larger image is shrunk, one search each. YuNet was trained on faces of 10 to 300 pixels:
the small image, which costs a sixteenth of the large one, shows the larger faces."""
ENLARGED_SIDE, MAX_ENLARGEMENT = 2560, 2.0
"""Pixels, and the factor at most, to which a single picture is also scaled. That costs four times as much as
the rest, and finds five of six faces of 24 to 35 pixels instead of three (benchmarks/NOTES.md)."""
SMALLEST_ENLARGED = 20
"""Pixels. What is smaller in the picture itself is left out of that search: most of it is no face."""
MIN_SCORE = 0.7
"""OpenCV's own 0.9 is for portraits: it loses a sixth of the faces of a group."""
PROPOSAL_SCORE = 0.3
"""The same where the network rejects what is no face."""
MIN_SIDE = 64
"""Pixels to which a smaller image is padded: in one of up to 32, OpenCV finds infinitely large faces."""
NMS_THRESHOLD = 0.3  # IoU of two boxes of one search, above which OpenCV drops one; its default
CASCADE_BOX_RATIO = 1.09
"""The side of the cascade's box, on which the expressions were learnt, over that of a square as large as
YuNet's narrow box of the same face; their centres agree (114 faces that both found)."""
_INSTALL = "run flask --app wsgi detector install, or set DETECTOR=haar"


class YuNet:
    """The network, loaded once. Not thread-safe."""

    def __init__(self, path: Path, min_score: float = MIN_SCORE) -> None:
        """Load the file; RuntimeError if it is missing or not the one that was published.

        A face needs a score of `min_score`, 0 to 1.
        """
        weights = np.frombuffer(_read(path), np.uint8)
        size = (LONGER_SIDES[0],) * 2  # set anew for each image
        self._network = cv2.FaceDetectorYN.create(
            "onnx", weights, np.empty(0, np.uint8), size, min_score, NMS_THRESHOLD
        )

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Give the faces in `image`, BGR uint8, in square boxes like the cascade's, largest first."""
        return non_maximum_suppression(self._propose(image))

    def propose_in_picture(self, image: np.ndarray) -> list[Detection]:
        """Give what may be a face in a single picture, a face several times: it is searched enlarged, too."""
        factor = min(MAX_ENLARGEMENT, ENLARGED_SIDE / max(image.shape[:2]))
        enlarged = self._detect_scaled(image, factor)
        return self._propose(image) + [each for each in enlarged if each.box.width >= SMALLEST_ENLARGED]

    def _propose(self, image: np.ndarray) -> list[Detection]:
        factors = {min(1.0, side / max(image.shape[:2])) for side in LONGER_SIDES}
        return [detection for factor in factors for detection in self._detect_scaled(image, factor)]

    def _detect_scaled(self, image: np.ndarray, factor: float) -> list[Detection]:
        scaled = _padded(scale(image, factor))
        self._network.setInputSize(scaled.shape[1::-1])
        _, rows = self._network.detect(scaled)
        return [] if rows is None else [_detection(row, factor) for row in rows]


def _read(path: Path) -> bytes:
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise RuntimeError(f"The detector {path} can't be read ({error.strerror}); {_INSTALL}.") from None
    if not is_published(weights):
        raise RuntimeError(
            f"{path} is not {YUNET_FILE} as the OpenCV Zoo published it: it was altered or cut, or is "
            f"another file; {_INSTALL}."
        )
    return weights


def _padded(image: np.ndarray) -> np.ndarray:
    missing = [max(0, MIN_SIDE - side) for side in image.shape[:2]]
    if not any(missing):
        return image
    return cv2.copyMakeBorder(image, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT)


def _detection(row: np.ndarray, factor: float) -> Detection:
    """Convert a row of the network's output: x, y, width, height, five points of the face, score.

    The image was scaled by `factor`.
    """
    x, y, width, height = row[:4] / factor
    side = CASCADE_BOX_RATIO * np.sqrt(width * height)
    left, top = x + (width - side) / 2, y + (height - side) / 2
    box = Box(round(left), round(top), round(side), round(side))
    return Detection(round(1000 * row[-1]), box, turn=_turn(row[4:14].reshape(5, 2)))


def _turn(points: np.ndarray) -> float:
    """As in `Detection`; `points` (5, 2) are eyes, nose and the corners of the mouth."""
    eye, other_eye, nose = points[:3]
    line = other_eye - eye
    place = (nose - eye) @ line / max(float(line @ line), 1e-9)
    return min(1.0, abs(float(place) - 0.5))
