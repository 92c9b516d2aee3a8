"""OpenCV's Haar cascades for faces (Viola, Jones 2001; Lienhart, Maydt 2002)."""

from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from app.vision.frame import Box
from app.vision.rotation import carried, turned

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
    ) -> list[tuple[int, Box]]:
        """Give the votes and the box of each place in `grey`, uint8 (height, width).

        A vote is one window of the search that looks like a face; a place has more of them than `neighbours`.
        Sizes in pixels.
        """
        seen, back = _as_seen(cascade, grey)
        boxes, counts = self._loaded[cascade].detectMultiScale2(
            seen, SCALE_STEP, neighbours, minSize=(round(smallest),) * 2, maxSize=(round(largest),) * 2
        )
        found = [(int(count), carried(box, back)) for count, box in zip(counts, boxes, strict=True)]
        height, width = grey.shape
        picture = Box(0, 0, width, height)  # the corners that a turned one gains show nothing
        return [(votes, box) for votes, box in found if picture.holds_middle_of(box)]


def _as_seen(cascade: Cascade, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the picture as a cascade has to see it, and the affine matrix (2, 3) from there back to `grey`."""
    if cascade is Cascade.OTHER_SIDE:
        return np.ascontiguousarray(grey[:, ::-1]), np.array([[-1.0, 0, grey.shape[1]], [0, 1, 0]])
    if not cascade.degrees:
        return grey, np.eye(2, 3)
    seen, there = turned(grey, cascade.degrees, borderValue=int(grey.mean()))
    return seen, cv2.invertAffineTransform(there)


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
