"""Motion detection: where the image looks as it did when it was last searched, there is no new face."""

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
CELLS_PER_SMALLEST_FACE = 3
"""So that a new face covers at least four cells of its tile completely, wherever it is."""
FULL_SEARCH_INTERVAL = 5
"""Every fifth search of a tile covers all of it (every 3 s for readable faces): the cascade may find a face
that it missed before."""
MAX_STILL_SECONDS = 1.0
"""A face that doesn't move is searched for after this time all the same: a false positive on a wall is seldom
found twice."""
UNSEEN = -1000  # a cell that differs from whatever is there next


@dataclass(frozen=True, slots=True)
class StillPatch:
    """A detected face and what the image showed there."""

    detection: Detection
    cells: np.ndarray
    monotonic: float

    @classmethod
    def from_detection(cls, grey: np.ndarray, detection: Detection, monotonic: float) -> "StillPatch":
        """Remember a detection in `grey` and what `grey` shows there."""
        return cls(detection, face_cells(grey, detection.box), monotonic)

    def is_unchanged(self, grey: np.ndarray, monotonic: float) -> bool:
        """Whether `grey` shows the same there, so that a search would only repeat the detection."""
        if monotonic - self.monotonic >= MAX_STILL_SECONDS:
            return False
        return not _differs(self.cells, face_cells(grey, self.detection.box)).any()


class MotionDetector:
    """Remembers how each tile looked when it was last searched."""

    def __init__(self) -> None:
        self._seen: dict[Tile, tuple[np.ndarray, int]] = {}

    def crop_to_change(self, tile: Tile, grey: np.ndarray, known: Sequence[Box]) -> Tile | None:
        """Crop `tile` to where a new face may have appeared since its last search; None if nowhere.

        The faces at `known` don't count as new. The place of one that is no longer known counts as changed.
        """
        cell = tile.min_size / CELLS_PER_SMALLEST_FACE
        strip = grey[tile.top : tile.bottom, tile.left : tile.right]
        now = _cells(strip, round(strip.shape[1] / cell), round(strip.shape[0] / cell))
        before, searches = self._seen.get(tile, (np.full_like(now, UNSEEN), len(self._seen)))
        changed = _differs(before, now)
        for box in known:
            left, top = (box.x - tile.left) / cell, (box.y - tile.top) / cell
            right, bottom = left + box.width / cell, top + box.height / cell
            now[_cells_inside(top, bottom), _cells_inside(left, right)] = UNSEEN
            margin = (SEARCH_REGION_SCALE - 1) / 2 * box.width / cell
            rows = _cells_touched(top - margin, bottom + margin)
            changed[rows, _cells_touched(left - margin, right + margin)] = 0
        self._seen[tile] = now, searches + 1
        if searches % FULL_SEARCH_INTERVAL == 0:
            return tile
        x, y, width, height = cv2.boundingRect(changed.astype(np.uint8))
        return _crop(tile, Box(x, y, width, height), cell) if width else None


def _crop(tile: Tile, changed: Box, cell: float) -> Tile:
    """Crop `tile` so that it still holds every face that touches the cells `changed`."""
    return replace(
        tile,
        left=max(tile.left, tile.left + int(changed.x * cell) - tile.max_size),
        top=max(tile.top, tile.top + int(changed.y * cell) - tile.max_size),
        right=min(tile.right, tile.left + int((changed.x + changed.width + 1) * cell) + tile.max_size),
        bottom=min(tile.bottom, tile.top + int((changed.y + changed.height + 1) * cell) + tile.max_size),
    )


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
