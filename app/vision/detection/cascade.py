"""OpenCV's Haar cascades for faces (Viola, Jones 2001; Lienhart, Maydt 2002)."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from app.vision.frame import Box
from app.vision.geometry import rotate, transform_box

CASCADE_FOLDER = Path(cv2.data.haarcascades)
SCALE_FACTOR = 1.1
"""Each search is for faces this much larger than the one before. OpenCV's default; at 1.2 a third of the
faces of a table of four are lost, at 1.05 there are five times as many false positives."""
ROLL_DEGREES = 20.0
"""The frontal cascades find heads with a roll of up to about 15 degrees; on an image rotated by 20 they find
those up to 35."""
PROFILE_BOX_RATIO = 1.15
"""How much larger a profile cascade's box is than another one's of the same face (benchmarks/NOTES.md)."""


class Cascade(Enum):
    """A Haar cascade, and the image that it searches: as it is, mirrored or rotated."""

    FRONTAL = "OpenCV's default cascade for faces from the front"
    FRONTAL_ALT = "its second frontal cascade, trained on other pictures"
    PROFILE = "its cascade for faces from the side, which knows one side only"
    PROFILE_MIRRORED = "the profile cascade on the mirrored image, for the other side"
    ROLLED_CLOCKWISE = "the second frontal cascade, for heads that lean clockwise in the image"
    ROLLED_ANTICLOCKWISE = "the second frontal cascade, for heads that lean anticlockwise"

    @property
    def is_profile(self) -> bool:
        """Whether it finds faces from the side."""
        return self in (Cascade.PROFILE, Cascade.PROFILE_MIRRORED)

    @property
    def is_frontal(self) -> bool:
        """Whether it finds faces from the front whose heads are upright."""
        return self in (Cascade.FRONTAL, Cascade.FRONTAL_ALT)

    @property
    def roll_degrees(self) -> float:
        """How far the heads that it finds lean, clockwise in the image."""
        return {Cascade.ROLLED_CLOCKWISE: ROLL_DEGREES, Cascade.ROLLED_ANTICLOCKWISE: -ROLL_DEGREES}.get(
            self, 0.0
        )


CASCADE_FILES = {
    Cascade.FRONTAL: "haarcascade_frontalface_default.xml",
    Cascade.FRONTAL_ALT: "haarcascade_frontalface_alt2.xml",
    Cascade.PROFILE: "haarcascade_profileface.xml",
    Cascade.PROFILE_MIRRORED: "haarcascade_profileface.xml",
    Cascade.ROLLED_CLOCKWISE: "haarcascade_frontalface_alt2.xml",
    Cascade.ROLLED_ANTICLOCKWISE: "haarcascade_frontalface_alt2.xml",
}


class LoadedCascades:
    """All cascades, loaded once. Not thread-safe."""

    def __init__(self, folder: Path = CASCADE_FOLDER) -> None:
        """Load the files; RuntimeError if one is missing or holds no cascade."""
        classifiers = {name: _load(folder / name) for name in sorted(set(CASCADE_FILES.values()))}
        self._classifiers = {cascade: classifiers[name] for cascade, name in CASCADE_FILES.items()}

    def detect(
        self, cascade: Cascade, grey: np.ndarray, min_neighbours: int, min_size: float, max_size: float
    ) -> list[tuple[int, Box]]:
        """Give the votes and the box of each face in `grey`, uint8 (height, width).

        A vote is one window of the search that looks like a face; a face needs more votes than
        `min_neighbours`. Sizes are in pixels.
        """
        seen, back = _transformed_for(cascade, grey)
        smallest, largest = (
            round(size * (PROFILE_BOX_RATIO if cascade.is_profile else 1)) for size in (min_size, max_size)
        )
        boxes, votes = self._classifiers[cascade].detectMultiScale2(
            seen, SCALE_FACTOR, min_neighbours, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        if cascade.is_profile:
            boxes = [_of_face_size(box) for box in boxes]
        detected = [(int(count), transform_box(box, back)) for count, box in zip(votes, boxes, strict=True)]
        height, width = grey.shape
        inside = Box(0, 0, width, height)  # the corners that a rotated image gains show nothing
        return [(count, box) for count, box in detected if inside.contains_centre_of(box)]


def _of_face_size(box: Sequence[int]) -> Box:
    """Bring the profile cascade's box to the face's size."""
    x, y, width, _ = (int(side) for side in box)
    side = round(width / PROFILE_BOX_RATIO)
    margin = round((width - side) / 2)
    return Box(x + margin, y + margin, side, side)


def _transformed_for(cascade: Cascade, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the image as a cascade has to see it, and the affine matrix (2, 3) from there back to `grey`."""
    if cascade is Cascade.PROFILE_MIRRORED:
        return np.ascontiguousarray(grey[:, ::-1]), np.array([[-1.0, 0, grey.shape[1]], [0, 1, 0]])
    if not cascade.roll_degrees:
        return grey, np.eye(2, 3)
    seen, there = rotate(grey, cascade.roll_degrees, borderValue=int(grey.mean()))
    return seen, cv2.invertAffineTransform(there)


def _load(path: Path) -> cv2.CascadeClassifier:
    if not path.is_file():
        raise RuntimeError(
            f"The face cascade {path} is missing: install opencv-python-headless 4 as in "
            "requirements.txt (version 5 has none)."
        )
    classifier = cv2.CascadeClassifier()
    try:
        loaded = classifier.load(str(path))
    except cv2.error:
        loaded = False
    if not loaded or classifier.empty():
        raise RuntimeError(
            f"The face cascade {path} is damaged: install opencv-python-headless again, as in "
            "requirements.txt."
        )
    return classifier
