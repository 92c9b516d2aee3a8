"""Face detection with Haar cascades: in a whole image, in one tile of it, and around a known face."""

from pathlib import Path

import numpy as np

from app.vision.detection.cascade import CASCADE_FOLDER, Cascade, LoadedCascades
from app.vision.detection.detection import Detection, non_maximum_suppression
from app.vision.detection.sweep import Tile
from app.vision.frame import Box
from app.vision.geometry import scale

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
"""A known face is searched for in a region this much larger than its box: it hardly moves further between two
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

    def __init__(self, folder: Path = CASCADE_FOLDER, proposal_neighbours: int = PROPOSAL_NEIGHBOURS) -> None:
        """Load the cascades; RuntimeError if a file is missing or holds none.

        A proposal needs `proposal_neighbours`: MIN_NEIGHBOURS where no network rejects anything.
        """
        self._cascades = LoadedCascades(folder)
        self._proposal_neighbours = proposal_neighbours

    def detect(self, grey: np.ndarray) -> list[Detection]:
        """Give the frontal faces in `grey` that are certain enough without the network, largest first."""
        height, width = grey.shape
        everywhere = Tile(0, 0, width, height, CASCADE_WINDOW, max(width, height))
        return non_maximum_suppression(self.propose(grey, everywhere, MIN_NEIGHBOURS))

    def propose(self, grey: np.ndarray, tile: Tile, min_neighbours: int | None = None) -> list[Detection]:
        """Give what may be a face in a tile of `grey`, with the proposals' own votes by default.

        With PROPOSAL_NEIGHBOURS most are false positives, for the network to reject.
        """
        if min_neighbours is None:
            min_neighbours = self._proposal_neighbours
        factor = min(1.0, MAX_SEARCH_WIDTH / grey.shape[1])
        region = scale(grey[tile.top : tile.bottom, tile.left : tile.right], factor)
        sizes = max(CASCADE_WINDOW, tile.min_size * factor), tile.max_size * factor
        return [
            Detection(votes, _in_image(box, tile.left, tile.top, factor), tile.cascade)
            for votes, box in self._cascades.detect(tile.cascade, region, min_neighbours, *sizes)
        ]

    def detect_near(self, grey: np.ndarray, box: Box, cascade: Cascade = Cascade.FRONTAL) -> Detection | None:
        """Find a face again that `cascade` found at `box` a moment ago.

        It tries the frontal cascade with MIN_NEIGHBOURS first, since the face may have turned to the camera;
        then `cascade` and all others, with the votes of a proposal.
        """
        if detection := self._detect_coarse_to_fine(grey, box, Cascade.FRONTAL, MIN_NEIGHBOURS):
            return detection
        for each in sorted(Cascade, key=lambda each: each is not cascade):
            if detection := self._detect_coarse_to_fine(grey, box, each, self._proposal_neighbours):
                return detection
        return None

    def _detect_coarse_to_fine(
        self, grey: np.ndarray, box: Box, cascade: Cascade, min_neighbours: int
    ) -> Detection | None:
        """Search at COARSE_SIDE and, if that finds nothing, at FINE_SIDE."""
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
        factor = side / box.width
        region = scale(grey[top:bottom, left:right], factor)
        detected = self._cascades.detect(
            cascade, region, min_neighbours, MIN_SIZE_CHANGE * side, MAX_SIZE_CHANGE * side
        )
        if not detected:
            return None
        votes, place = max(detected)
        return Detection(votes, _in_image(place, left, top, factor), cascade)


def _in_image(box: Box, left: int, top: int, factor: float) -> Box:
    """Convert a box in a region at left, top, scaled by `factor`, to the image's pixels."""
    x, y, width, height = (side / factor for side in box)
    return Box(round(left + x), round(top + y), round(width), round(height))
