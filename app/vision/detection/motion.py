"""Where the picture changed: a place that looks as it did when it was searched holds nobody new."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from app.vision.detection.cascade_detector import AROUND, Detection
from app.vision.detection.sweep import Piece
from app.vision.frame import Box

CHANGE = 8
"""Grey levels by which a cell's mean differs. A camera's noise moves it by less than 2, a head that moves
by a third of a pixel moves that of some cell at its edge by more."""
CELLS_ACROSS_A_FACE = 12
CELLS_ACROSS_THE_SMALLEST = 3
"""A face that turns up covers four of the cells of its piece wholly, wherever it is."""
WHOLE_TURNS = 5
"""Every so many turns a piece is searched whole, 3 s at most: the cascade may find at last what was there all
the time."""
STILL_SECONDS = 1.0
"""A face that does not move is looked for after this time nevertheless: a false box on a wall is seldom found
twice."""
UNSEEN = -1000  # a cell that differs from whatever is there next


@dataclass(frozen=True, slots=True)
class StillPatch:
    """A known face as it was when it was found."""

    found: Detection
    cells: np.ndarray
    monotonic: float

    @classmethod
    def of(cls, grey: np.ndarray, found: Detection, monotonic: float) -> "StillPatch":
        """Remember what was found, and what the picture shows there."""
        return cls(found, _face_cells(grey, found.box), monotonic)

    def holds(self, grey: np.ndarray, monotonic: float) -> bool:
        """Whether the picture shows the same there now: it would be found again as it was."""
        if monotonic - self.monotonic >= STILL_SECONDS:
            return False
        return not _differs(self.cells, _face_cells(grey, self.found.box)).any()


class MotionDetector:
    """What each piece of the picture looked like when its turn came."""

    def __init__(self) -> None:
        self._seen: dict[Piece, tuple[np.ndarray, int]] = {}

    def part(self, piece: Piece, grey: np.ndarray, known: Sequence[Box]) -> Piece | None:
        """The part of `piece` where a face may have turned up since its last turn; None where nowhere.

        The faces at `known` are not new ones. Whoever is seen in such a place when it is known no longer is.
        """
        cell = piece.smallest / CELLS_ACROSS_THE_SMALLEST
        strip = grey[piece.top : piece.bottom, piece.left : piece.right]
        now = _cells(strip, round(strip.shape[1] / cell), round(strip.shape[0] / cell))
        before, turns = self._seen.get(piece, (np.full_like(now, UNSEEN), len(self._seen)))
        changed = _differs(before, now)
        for box in known:
            left, top = (box.x - piece.left) / cell, (box.y - piece.top) / cell
            right, bottom = left + box.width / cell, top + box.height / cell
            now[_within(top, bottom), _within(left, right)] = UNSEEN
            margin = (AROUND - 1) / 2 * box.width / cell
            changed[_touched(top - margin, bottom + margin), _touched(left - margin, right + margin)] = 0
        self._seen[piece] = now, turns + 1
        if turns % WHOLE_TURNS == 0:
            return piece
        x, y, width, height = cv2.boundingRect(changed.astype(np.uint8))
        return _part(piece, Box(x, y, width, height), cell) if width else None


def _part(piece: Piece, changed: Box, cell: float) -> Piece:
    """The part of `piece` that holds every face that touches the cells `changed`."""
    return replace(
        piece,
        left=max(piece.left, piece.left + int(changed.x * cell) - piece.largest),
        top=max(piece.top, piece.top + int(changed.y * cell) - piece.largest),
        right=min(piece.right, piece.left + int((changed.x + changed.width + 1) * cell) + piece.largest),
        bottom=min(piece.bottom, piece.top + int((changed.y + changed.height + 1) * cell) + piece.largest),
    )


def _face_cells(grey: np.ndarray, box: Box) -> np.ndarray:
    return _cells(box.of(grey), CELLS_ACROSS_A_FACE, CELLS_ACROSS_A_FACE)


def _cells(grey: np.ndarray, across: int, down: int) -> np.ndarray:
    """The mean grey of each cell, int16 (down, across)."""
    size = max(1, across), max(1, down)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.int16)


def _differs(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.abs(now - before) > CHANGE


def _within(begin: float, end: float) -> slice:
    """The cells that lie wholly between two places, counted in cells."""
    return slice(max(0, int(np.ceil(begin))), max(0, int(np.floor(end))))


def _touched(begin: float, end: float) -> slice:
    return slice(max(0, int(np.floor(begin))), max(0, int(np.ceil(end))))
