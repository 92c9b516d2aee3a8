"""OpenCV's Haar cascades for faces (Viola, Jones 2001; Lienhart, Maydt 2002)."""

from enum import Enum
from pathlib import Path

import cv2
import numpy as np

FOLDER = Path(cv2.data.haarcascades)
SCALE_STEP = 1.1
"""Each search is for faces this much larger than the one before. OpenCV's default; at 1.2 a third of the
faces of a table of four are lost, at 1.05 the false ones are five times as many."""
LEANING = 20.0
"""Degrees. The frontal cascades find heads that lean up to about 15; so turned they find those up to 35."""


class Cascade(Enum):
    """What can be searched for."""

    FRONT = "the face from the front"
    FRONT_TOO = "the same, learnt from other pictures"
    ONE_SIDE = "the face from the side that OpenCV's profile cascade knows"
    OTHER_SIDE = "the face from the other side, in the mirror"
    CLOCKWISE = "the face from the front, of a head that leans clockwise in the picture"
    ANTICLOCKWISE = "the same, of one that leans the other way"

    @property
    def sideways(self) -> bool:
        """Whether it is for faces that are turned away."""
        return self in (Cascade.ONE_SIDE, Cascade.OTHER_SIDE)

    @property
    def degrees(self) -> float:
        """How far the heads that it is for lean, clockwise in the picture."""
        return {Cascade.CLOCKWISE: LEANING, Cascade.ANTICLOCKWISE: -LEANING}.get(self, 0.0)


FILES = {
    Cascade.FRONT: "haarcascade_frontalface_default.xml",
    Cascade.FRONT_TOO: "haarcascade_frontalface_alt2.xml",
    Cascade.ONE_SIDE: "haarcascade_profileface.xml",
    Cascade.OTHER_SIDE: "haarcascade_profileface.xml",
    Cascade.CLOCKWISE: "haarcascade_frontalface_alt2.xml",
    Cascade.ANTICLOCKWISE: "haarcascade_frontalface_alt2.xml",
}


class Cascades:
    """All of them, loaded once. Not for two threads at a time."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Load their files; RuntimeError when one is not there or holds no cascade."""
        loaded = {name: _load(folder / name) for name in sorted(set(FILES.values()))}
        self._loaded = {cascade: loaded[name] for cascade, name in FILES.items()}

    def find(
        self, cascade: Cascade, grey: np.ndarray, neighbours: int, smallest: float, largest: float
    ) -> list[tuple[int, tuple[int, int, int, int]]]:
        """Give the votes and x, y, width, height of each place in `grey`, uint8 (height, width).

        A vote is one window of the search that looks like a face; a place has more of them than `neighbours`.
        Sizes in pixels.
        """
        seen, back = _as_seen(cascade, grey)
        boxes, counts = self._loaded[cascade].detectMultiScale2(
            seen, SCALE_STEP, neighbours, minSize=(round(smallest),) * 2, maxSize=(round(largest),) * 2
        )
        return [(int(count), _brought_back(box, back)) for count, box in zip(counts, boxes, strict=True)]


def _as_seen(cascade: Cascade, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the picture as a cascade has to see it, and the affine matrix (2, 3) from there back to `grey`."""
    height, width = grey.shape
    if cascade is Cascade.OTHER_SIDE:
        return np.ascontiguousarray(grey[:, ::-1]), np.array([[-1.0, 0, width], [0, 1, 0]])
    if not cascade.degrees:
        return grey, np.eye(2, 3)
    there = cv2.getRotationMatrix2D((width / 2, height / 2), cascade.degrees, 1.0)
    size = np.ceil(np.abs(there[:, :2]) @ (width, height)).astype(int)
    there[:, 2] += (size - (width, height)) / 2
    corners = int(grey.mean())
    return cv2.warpAffine(grey, there, size, borderValue=corners), cv2.invertAffineTransform(there)


def _brought_back(box: np.ndarray, back: np.ndarray) -> tuple[int, int, int, int]:
    """Where a box x, y, width, height lies after its middle went back through an affine matrix (2, 3)."""
    x, y, width, height = (int(side) for side in box)
    left, top = back @ (x + width / 2, y + height / 2, 1) - (width / 2, height / 2)
    return round(left), round(top), width, height


def _load(path: Path) -> cv2.CascadeClassifier:
    if not path.is_file():
        raise RuntimeError(
            f"The face cascade {path} is missing: install opencv-python-headless 4 as in "
            "requirements.txt (version 5 has none)."
        )
    cascade = cv2.CascadeClassifier()
    try:
        loaded = cascade.load(str(path))
    except cv2.error:
        loaded = False
    if not loaded or cascade.empty():
        raise RuntimeError(
            f"The face cascade {path} is damaged: install opencv-python-headless again, as in "
            "requirements.txt."
        )
    return cascade
