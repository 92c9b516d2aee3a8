"""Face boxes in a picture, by OpenCV's frontal Haar cascade (Viola, Jones 2001; Lienhart, Maydt 2002)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from app.vision.frame import Box
from app.vision.sweep import Piece

CASCADE = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"

SCALE_STEP = 1.1
"""Each search is for faces this much larger than the one before. OpenCV's default; at 1.2 a third of the
faces of a table of four are lost, at 1.05 the false ones are five times as many."""
NEIGHBOURS = 5
"""Searches that must agree on a face. OpenCV's default is 3; at 4 there are twice the false faces in pictures
without any, at 6 as many faces as at 5."""
WINDOW = 24
"""Pixels. The cascade's own window: there is no smaller face."""
WIDEST_SEARCH = 1920
"""Pixels. A wider picture is searched at this width: twice the width takes four times as long."""
AROUND = 1.5
"""A face is looked for in a window this much larger than its box: between two frames it stays inside."""
SMALLEST_CHANGE, LARGEST_CHANGE = 0.84, 1.22
"""Sizes of its box that are looked for: the four steps of the search that vote for one face."""
QUICK_SIDE, CLOSE_SIDE = 40, 58
"""Pixels that a known face is scaled to. At 40 the cascade tries every second row and column, and looking
around a face takes a quarter of the time; at 58 it tries all, and finds the half-turned ones."""
QUICK_VOTES = 4
"""A vote at QUICK_SIDE stands for so many where every row and column is tried."""


class Found(NamedTuple):
    """A box that the cascade gave."""

    votes: int
    box: Box


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
        """The boxes of the frontal faces in `grey`, uint8 (height, width), the largest first."""
        height, width = grey.shape
        return one_box_a_face(self.search(grey, Piece(0, 0, width, height, WINDOW, max(width, height))))

    def search(self, grey: np.ndarray, piece: Piece) -> list[Found]:
        """What is in a piece of `grey`, uint8 (height, width).

        Grey as it is: equalising it first loses most faces where the light comes from a window.
        """
        scale = min(1.0, WIDEST_SEARCH / grey.shape[1])
        part = _scaled(grey[piece.top : piece.bottom, piece.left : piece.right], scale)
        sizes = max(WINDOW, piece.smallest * scale), piece.largest * scale
        return [_moved(found, piece.left, piece.top, scale) for found in self._find(part, *sizes)]

    def look(self, grey: np.ndarray, box: Box) -> list[Found]:
        """What is where a face was at `box` a moment ago: looked for quickly, and if in vain then closely."""
        quick = self._look(grey, box, QUICK_SIDE)
        if quick:
            density = QUICK_VOTES if box.width >= 2 * WINDOW else 1
            return [Found(votes * density, place) for votes, place in quick]
        return self._look(grey, box, CLOSE_SIDE)

    def _look(self, grey: np.ndarray, box: Box, side: int) -> list[Found]:
        margin = round(box.width * (AROUND - 1) / 2)
        left, top = max(0, box.x - margin), max(0, box.y - margin)
        right, bottom = box.x + box.width + margin, box.y + box.height + margin
        scale = side / box.width
        window = _scaled(grey[top:bottom, left:right], scale)
        found = self._find(window, SMALLEST_CHANGE * side, LARGEST_CHANGE * side)
        return [_moved(one, left, top, scale) for one in found]

    def _find(self, grey: np.ndarray, smallest: float, largest: float) -> list[Found]:
        boxes, votes = self._cascade.detectMultiScale2(
            grey, SCALE_STEP, NEIGHBOURS, minSize=(round(smallest),) * 2, maxSize=(round(largest),) * 2
        )
        return [Found(int(count), Box(*map(int, box))) for count, box in zip(votes, boxes, strict=True)]


def one_box_a_face(found: Sequence[Found]) -> list[Box]:
    """Of two boxes of which one holds the other's middle, keep the one with more votes; largest first.

    The cascade takes mouths for faces, and now and then a head with its shoulders.
    """
    kept: list[Box] = []
    for _, box in sorted(found, reverse=True):
        if not any(_holds_middle(box, other) or _holds_middle(other, box) for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda box: box.width * box.height, reverse=True)


def _scaled(grey: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return grey
    height, width = grey.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _moved(found: Found, left: int, top: int, scale: float) -> Found:
    """What was found in a part of the picture that begins at left, top and was scaled, in the picture."""
    x, y, width, height = (side / scale for side in found.box)
    return Found(found.votes, Box(round(left + x), round(top + y), round(width), round(height)))


def _holds_middle(box: Box, other: Box) -> bool:
    x, y = other.x + other.width / 2, other.y + other.height / 2
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
