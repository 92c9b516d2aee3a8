"""Face detection with Haar cascades: in a whole image, in one tile of it, and around a known face."""

from pathlib import Path

import cv2
import numpy as np

from app.vision.detection.cascade import CASCADE_FOLDER, Cascade, LoadedCascades
from app.vision.detection.detection import Detection, non_maximum_suppression
from app.vision.detection.sweep import Tile
from app.vision.frame import Box

PROPOSAL_NEIGHBOURS = 1
"""Neighbouring windows that must agree on a proposal. Few, since the network rejects false positives better
than more windows would."""
MIN_NEIGHBOURS = 5
"""The same where no network rejects anything. OpenCV's default is 3; 4 gives twice the false positives in
pictures without faces, 6 finds as many faces as 5."""
CASCADE_WINDOW = 24
"""Pixels. The frontal cascade's own window: it finds no smaller face."""
MAX_SEARCH_WIDTH = 1920
"""Pixels. A wider image is shrunk to this width for the search: twice the width takes four times as long."""
SEARCH_REGION_SCALE = 1.5
"""A known face is searched for in a region this much larger than its box: it stays inside between two
frames."""
MIN_SIZE_CHANGE, MAX_SIZE_CHANGE = 0.84, 1.22
"""The sizes searched for around a known face, relative to its box: the four steps that vote for one face."""
COARSE_SIDE, FINE_SIDE = 40, 58
"""Pixels to which a known face is scaled. At 40 the cascade tries every second row and column, and the search
takes a quarter of the time; at 58 it tries them all, and finds half-turned faces."""
COARSE_VOTE_WEIGHT = 4
"""A vote at COARSE_SIDE stands for this many votes of a search that tries every row and column."""


class CascadeDetector:
    """Detects faces in grey images, uint8 (height, width). Not thread-safe.

    The images are not equalised: that loses most faces where the light comes from a window.
    """

    def __init__(self, folder: Path = CASCADE_FOLDER) -> None:
        """Load the cascades; RuntimeError if a file is missing or holds none."""
        self._cascades = LoadedCascades(folder)

    def detect(self, grey: np.ndarray) -> list[Detection]:
        """Give the frontal faces in `grey` that are certain enough without the network, largest first."""
        height, width = grey.shape
        everywhere = Tile(0, 0, width, height, CASCADE_WINDOW, max(width, height))
        return non_maximum_suppression(self.propose(grey, everywhere, MIN_NEIGHBOURS))

    def propose(
        self, grey: np.ndarray, tile: Tile, min_neighbours: int = PROPOSAL_NEIGHBOURS
    ) -> list[Detection]:
        """Give what may be a face in a tile of `grey`.

        By default most proposals are false positives, for the network to reject.
        """
        scale = min(1.0, MAX_SEARCH_WIDTH / grey.shape[1])
        region = _scaled(grey[tile.top : tile.bottom, tile.left : tile.right], scale)
        sizes = max(CASCADE_WINDOW, tile.min_size * scale), tile.max_size * scale
        return [
            Detection(votes, _in_image(box, tile.left, tile.top, scale), tile.cascade)
            for votes, box in self._cascades.detect(tile.cascade, region, min_neighbours, *sizes)
        ]

    def detect_near(self, grey: np.ndarray, box: Box, cascade: Cascade = Cascade.FRONTAL) -> Detection | None:
        """Find a face again that `cascade` found at `box` a moment ago.

        The search begins with the frontal cascade and MIN_NEIGHBOURS, so that a face that turns to the camera
        is found by it. `cascade` comes next, and then all others.
        """
        if detection := self._detect_coarse_to_fine(grey, box, Cascade.FRONTAL, MIN_NEIGHBOURS):
            return detection
        for each in sorted(Cascade, key=lambda each: each is not cascade):
            if detection := self._detect_coarse_to_fine(grey, box, each, PROPOSAL_NEIGHBOURS):
                return detection
        return None

    def _detect_coarse_to_fine(
        self, grey: np.ndarray, box: Box, cascade: Cascade, min_neighbours: int
    ) -> Detection | None:
        """Search at COARSE_SIDE, and only in vain at FINE_SIDE."""
        coarse = self._detect_at_side(grey, box, cascade, min_neighbours, COARSE_SIDE)
        if coarse:
            weight = COARSE_VOTE_WEIGHT if box.width >= 2 * CASCADE_WINDOW else 1
            return coarse._replace(confidence=coarse.confidence * weight)
        return self._detect_at_side(grey, box, cascade, min_neighbours, FINE_SIDE)

    def _detect_at_side(
        self, grey: np.ndarray, box: Box, cascade: Cascade, min_neighbours: int, side: int
    ) -> Detection | None:
        """Search around `box`, scaled so that it is `side` pixels wide."""
        margin = round(box.width * (SEARCH_REGION_SCALE - 1) / 2)
        left, top = max(0, box.x - margin), max(0, box.y - margin)
        right, bottom = box.x + box.width + margin, box.y + box.height + margin
        scale = side / box.width
        region = _scaled(grey[top:bottom, left:right], scale)
        detected = self._cascades.detect(
            cascade, region, min_neighbours, MIN_SIZE_CHANGE * side, MAX_SIZE_CHANGE * side
        )
        if not detected:
            return None
        votes, place = max(detected)
        return Detection(votes, _in_image(place, left, top, scale), cascade)


def _scaled(grey: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return grey
    height, width = grey.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _in_image(box: Box, left: int, top: int, scale: float) -> Box:
    """Convert a box of a scaled region, whose corner is at left, top, to the image's pixels."""
    x, y, width, height = (side / scale for side in box)
    return Box(round(left + x), round(top + y), round(width), round(height))
