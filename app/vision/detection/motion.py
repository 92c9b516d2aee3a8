"""Motion detection: where the image looks as it did when it was last searched, there is no new face.

And where a known face has moved to, found by what it looks like: that costs a tenth of a search.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from app.vision.detection.cascade_detector import SEARCH_REGION_SCALE
from app.vision.detection.detection import Detection
from app.vision.detection.sweep import Tile
from app.vision.frame import Box

CHANGE_THRESHOLD = 8
"""Grey levels by which a cell's mean must change. A camera's noise changes it by less than 2; a head that
moves by a third of a pixel changes some cell at its edge by more."""
CELLS_PER_FACE = 12
CELLS_PER_SMALLEST_FACE = 4
"""So that a new face covers at least nine cells of its tile completely, wherever it is."""
NEW_FACE_CELLS = np.ones((2, 2), np.uint8)
"""Where fewer have changed in one place, an edge has moved, such as that of somebody's hair or sleeve."""
KNOWN_FACE_MARGIN = 0.4
"""Of a known face's width, on each side: what has changed there is its hair and chin."""
SHRINKING = 4
"""Cells are measured in an image this much smaller: a third of the time."""
FULL_SEARCH_INTERVAL = 10
"""Every tenth search of a tile covers all of it (every 6 s for readable faces): the cascade may find a face
that it missed before."""
MAX_FOLLOWED_SECONDS = 1.0
"""A face is searched for after this time all the same: it may have come nearer, and a false positive on a
wall is seldom found twice."""
FOLLOWED_SIDE = 24
"""Pixels to which a face is scaled to be followed: enough to place it to a hundredth of its width."""
MIN_CORRELATION = 0.92
"""Of a face that is followed, with itself when it was found; one that turns or is covered has less."""
UNSEEN = -1000  # a cell that differs from whatever is there next


@dataclass(frozen=True, slots=True)
class FacePatch:
    """A detected face and what it looks like."""

    detection: Detection
    look: np.ndarray
    """uint8 (FOLLOWED_SIDE, FOLLOWED_SIDE), as it was found."""
    monotonic: float
    """When it was found."""

    @classmethod
    def from_detection(cls, grey: np.ndarray, detection: Detection, monotonic: float) -> "FacePatch":
        """Remember a detection in `grey` and what `grey` shows there."""
        return cls(detection, _scaled(grey, detection.box, 1.0), monotonic)

    def follow(self, grey: np.ndarray, monotonic: float) -> "FacePatch | None":
        """Find the face a moment later, in the same size; None if only a search can tell where it is."""
        if monotonic - self.monotonic >= MAX_FOLLOWED_SECONDS:
            return None
        around = _scaled(grey, self.detection.box, SEARCH_REGION_SCALE)
        match = cv2.matchTemplate(around, self.look, cv2.TM_CCOEFF_NORMED)
        _, correlation, _, (column, row) = cv2.minMaxLoc(match)
        last = len(match) - 1
        if correlation < MIN_CORRELATION or {row, column} & {0, last}:  # it may have moved further
            return None
        box = self.detection.box
        middle = last // 2
        x = box.x + (_peak(match[row], column) - middle) * box.width / FOLLOWED_SIDE
        y = box.y + (_peak(match[:, column], row) - middle) * box.height / FOLLOWED_SIDE
        moved = box._replace(x=round(x), y=round(y))
        return replace(self, detection=self.detection._replace(box=moved))


class MotionDetector:
    """Remembers how each tile looked when it was last searched."""

    def __init__(self) -> None:
        self._seen: dict[Tile, tuple[np.ndarray, int]] = {}

    def changed_parts(self, tile: Tile, shrunk: np.ndarray, known: Sequence[Box]) -> list[Tile]:
        """Give the parts of `tile` where a new face may have appeared since its last search.

        `shrunk` is the image as `shrink` gives it. The faces at `known` don't count as new. The place of one
        that is no longer known counts as changed.
        """
        cell = tile.min_size / CELLS_PER_SMALLEST_FACE
        left, top = tile.left // SHRINKING, tile.top // SHRINKING
        right, bottom = -(-tile.right // SHRINKING), -(-tile.bottom // SHRINKING)
        width, height = tile.right - tile.left, tile.bottom - tile.top
        now = _cells(shrunk[top:bottom, left:right], round(width / cell), round(height / cell))
        before, searches = self._seen.get(tile, (np.full_like(now, UNSEEN), len(self._seen)))
        changed = _differs(before, now)
        for box in known:
            left, top = (box.x - tile.left) / cell, (box.y - tile.top) / cell
            right, bottom = left + box.width / cell, top + box.height / cell
            now[_cells_inside(top, bottom), _cells_inside(left, right)] = UNSEEN
            margin = KNOWN_FACE_MARGIN * box.width / cell
            rows = _cells_touched(top - margin, bottom + margin)
            changed[rows, _cells_touched(left - margin, right + margin)] = 0
        self._seen[tile] = now, searches + 1
        if searches % FULL_SEARCH_INTERVAL == 0:
            return [tile]
        changed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, NEW_FACE_CELLS)
        margin = math.ceil(tile.max_size / 2 / cell)  # of a new face, half has changed at least
        return [_crop(tile, part, *changed.shape) for part in _parts(changed, margin)]


def shrink(grey: np.ndarray) -> np.ndarray:
    """Make an image, uint8 (height, width), SHRINKING times smaller."""
    height, width = (max(1, side // SHRINKING) for side in grey.shape)
    whole = grey[: height * SHRINKING, : width * SHRINKING]  # without a rest OpenCV is ten times faster
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)


def _parts(changed: np.ndarray, margin: int) -> list[Box]:
    """Give boxes, in cells, that hold every cell that has changed and `margin` cells around each."""
    around = cv2.dilate(changed, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    _, _, found, _ = cv2.connectedComponentsWithStats(around)
    return [Box(*(int(side) for side in box)) for *box, _ in found[1:]]  # the first is what has not changed


def _crop(tile: Tile, part: Box, rows: int, columns: int) -> Tile:
    """Crop `tile`, which has so many rows and columns of cells, to a part that is given in cells."""
    height, width = (tile.bottom - tile.top) / rows, (tile.right - tile.left) / columns
    return replace(
        tile,
        left=tile.left + int(part.x * width),
        top=tile.top + int(part.y * height),
        right=min(tile.right, tile.left + math.ceil((part.x + part.width) * width)),
        bottom=min(tile.bottom, tile.top + math.ceil((part.y + part.height) * height)),
    )


def _scaled(grey: np.ndarray, box: Box, factor: float) -> np.ndarray:
    """What is in a box that is `factor` times as large, scaled so that `box` has FOLLOWED_SIDE pixels.

    Beyond the image's edges its last pixels are repeated.
    """
    size = round(box.width * factor), round(box.height * factor)
    centre = box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2
    side = round(FOLLOWED_SIDE * factor)
    return cv2.resize(cv2.getRectSubPix(grey, size, centre), (side, side), interpolation=cv2.INTER_AREA)


def _peak(values: np.ndarray, index: int) -> float:
    """Where the parabola through a maximum of `values` and its two neighbours has its maximum."""
    before, here, after = (float(value) for value in values[index - 1 : index + 2])
    curvature = before - 2 * here + after
    return index + (before - after) / (2 * curvature) if curvature else float(index)


def face_cells(grey: np.ndarray, box: Box) -> np.ndarray:
    """The mean grey of CELLS_PER_FACE × CELLS_PER_FACE cells of a face, int16."""
    return _cells(box.crop(grey), CELLS_PER_FACE, CELLS_PER_FACE)


def _cells(grey: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """The mean grey of each cell, int16 (rows, columns)."""
    size = max(1, columns), max(1, rows)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.int16)


def _differs(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.abs(now - before) > CHANGE_THRESHOLD


def _cells_inside(begin: float, end: float) -> slice:
    """The cells that lie completely between two places, counted in cells."""
    return slice(max(0, int(np.ceil(begin))), max(0, int(np.floor(end))))


def _cells_touched(begin: float, end: float) -> slice:
    """The cells that lie at least partly between two places, counted in cells."""
    return slice(max(0, int(np.floor(begin))), max(0, int(np.ceil(end))))
