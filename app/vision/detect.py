"""Face boxes in a picture, by OpenCV's frontal Haar cascade (Viola, Jones 2001; Lienhart, Maydt 2002)."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from app.vision.frame import Box

CASCADE = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"

SCALE_STEP = 1.1
"""Each search is for faces this much larger than the one before. OpenCV's default; at 1.2 a third of the
faces of a table of four are lost, at 1.05 the false ones are five times as many."""
NEIGHBOURS = 5
"""Searches that must agree on a face. OpenCV's default is 3; at 4 there are twice the false faces in pictures
without any, at 6 as many faces as at 5."""
SMALLEST_FACE = 24
"""Pixels, and the size of the cascade's own window: there is nothing below it."""
WIDEST_SEARCH = 1920
"""Pixels. A wider picture is searched at this width: at twice the width a search takes four times as long."""


class Detector:
    """The cascade, loaded once. Not for two threads at a time."""

    def __init__(self, cascade: Path = CASCADE):
        """Load the cascade; RuntimeError when its file is not there or holds none."""
        if not cascade.is_file():
            raise RuntimeError(
                f"The face cascade {cascade} is missing: install opencv-python-headless 4 as in "
                "requirements.txt (version 5 has none)."
            )
        self._cascade = cv2.CascadeClassifier()
        try:
            loaded = self._cascade.load(str(cascade))
        except cv2.error:
            loaded = False
        if not loaded or self._cascade.empty():
            raise RuntimeError(
                f"The face cascade {cascade} is damaged: install opencv-python-headless again, as in "
                "requirements.txt."
            )

    def detect(self, grey: np.ndarray) -> list[Box]:
        """The boxes of the frontal faces in `grey`, uint8 (height, width), the largest first.

        Grey as it is: equalising it first loses most faces where the light comes from a window.
        """
        shrink = max(1.0, grey.shape[1] / WIDEST_SEARCH)
        if shrink > 1:
            size = round(grey.shape[1] / shrink), max(1, round(grey.shape[0] / shrink))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        found, votes = self._cascade.detectMultiScale2(
            grey, SCALE_STEP, NEIGHBOURS, minSize=(SMALLEST_FACE, SMALLEST_FACE)
        )
        boxes = [Box(*(round(int(side) * shrink) for side in box)) for box in found]
        return _one_box_a_face(boxes, votes)


def _one_box_a_face(boxes: Sequence[Box], votes: Sequence[int]) -> list[Box]:
    """Of two boxes of which one holds the other's middle, keep the one with more votes; largest first.

    The cascade takes mouths for faces, and now and then a head with its shoulders.
    """
    kept: list[Box] = []
    for _, box in sorted(zip(votes, boxes, strict=True), reverse=True):
        if not any(_holds_middle(box, other) or _holds_middle(other, box) for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda box: box.width * box.height, reverse=True)


def _holds_middle(box: Box, other: Box) -> bool:
    x, y = other.x + other.width / 2, other.y + other.height / 2
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
