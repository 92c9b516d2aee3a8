"""Face boxes in a picture, as Haar cascades propose them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from app.vision.detection.cascade import FOLDER, Cascade, Cascades
from app.vision.detection.sweep import Piece
from app.vision.frame import Box

PROPOSED = 1
"""Other searches that must agree on a box that the network judges: it refuses better than they would."""
NEIGHBOURS = 5
"""The same where nothing judges the box. OpenCV's default is 3; at 4 there are twice the false faces in
pictures without any, at 6 as many faces as at 5."""
WINDOW = 24
"""Pixels. The first cascade's own window: there is no smaller face."""
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


class Detection(NamedTuple):
    """A box that a detector gave."""

    votes: int
    box: Box
    cascade: Cascade = Cascade.FRONT
    """The one that gave it; of no meaning where another detector did."""


class CascadeDetector:
    """The cascades on grey pictures, uint8 (height, width). Not for two threads at a time.

    Grey as it is: equalising it first loses most faces where the light comes from a window.
    """

    def __init__(self, folder: Path = FOLDER):
        """Load the cascades; RuntimeError when a file is not there or holds none."""
        self._cascades = Cascades(folder)

    def detect(self, grey: np.ndarray) -> list[Detection]:
        """The frontal faces in `grey` that need no judge, the largest first."""
        height, width = grey.shape
        whole = Piece(0, 0, width, height, WINDOW, max(width, height))
        return one_box_a_face(self.search(grey, whole, NEIGHBOURS))

    def search(self, grey: np.ndarray, piece: Piece, neighbours: int = PROPOSED) -> list[Detection]:
        """What may be a face in a piece of `grey`: much that is proposed is none, the network will say."""
        scale = min(1.0, WIDEST_SEARCH / grey.shape[1])
        part = _scaled(grey[piece.top : piece.bottom, piece.left : piece.right], scale)
        sizes = max(WINDOW, piece.smallest * scale), piece.largest * scale
        found = self._cascades.find(piece.cascade, part, neighbours, *sizes)
        return [
            Detection(votes, _moved(box, piece.left, piece.top, scale), piece.cascade) for votes, box in found
        ]

    def look(self, grey: np.ndarray, box: Box, cascade: Cascade = Cascade.FRONT) -> Detection | None:
        """Where the face is that `cascade` found at `box` a moment ago.

        A face that faces the camera well is found first, whichever way it was turned; after that it is looked
        for as it was, and then in any other way.
        """
        if found := self._look(grey, box, Cascade.FRONT, NEIGHBOURS):
            return found
        ways = sorted(Cascade, key=lambda one: one is not cascade)
        return next(filter(None, (self._look(grey, box, way, PROPOSED) for way in ways)), None)

    def _look(self, grey: np.ndarray, box: Box, cascade: Cascade, neighbours: int) -> Detection | None:
        """Look quickly, and if in vain closely."""
        quick = self._look_at(grey, box, cascade, neighbours, QUICK_SIDE)
        if quick:
            density = QUICK_VOTES if box.width >= 2 * WINDOW else 1
            return quick._replace(votes=quick.votes * density)
        return self._look_at(grey, box, cascade, neighbours, CLOSE_SIDE)

    def _look_at(
        self, grey: np.ndarray, box: Box, cascade: Cascade, neighbours: int, side: int
    ) -> Detection | None:
        margin = round(box.width * (AROUND - 1) / 2)
        left, top = max(0, box.x - margin), max(0, box.y - margin)
        right, bottom = box.x + box.width + margin, box.y + box.height + margin
        scale = side / box.width
        window = _scaled(grey[top:bottom, left:right], scale)
        found = self._cascades.find(
            cascade, window, neighbours, SMALLEST_CHANGE * side, LARGEST_CHANGE * side
        )
        if not found:
            return None
        votes, place = max(found)
        return Detection(votes, _moved(place, left, top, scale), cascade)


def one_box_a_face(found: Sequence[Detection]) -> list[Detection]:
    """Of two boxes of which one holds the other's middle, keep the one with more votes; largest first.

    The cascade takes mouths for faces, and now and then a head with its shoulders.
    """
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: (one.votes, one.box), reverse=True):
        boxes = [other.box for other in kept]
        if not any(one.box.holds_middle_of(box) or box.holds_middle_of(one.box) for box in boxes):
            kept.append(one)
    return sorted(kept, key=lambda one: one.box.width * one.box.height, reverse=True)


def _scaled(grey: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return grey
    height, width = grey.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _moved(box: Box, left: int, top: int, scale: float) -> Box:
    """Where in the picture a box is of a part that begins at left, top and was scaled."""
    x, y, width, height = (side / scale for side in box)
    return Box(round(left + x), round(top + y), round(width), round(height))
