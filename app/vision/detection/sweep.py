"""Searching a whole picture piece by piece, so that no frame waits for all of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.vision.crop import SMALLEST_READABLE
from app.vision.detection.cascade import Cascade

SWEEP_SECONDS = 0.6
"""The whole picture is searched for faces that can be read within this time: long enough to cost little,
short enough to notice who turns up."""
SMALL_SECONDS = 1.2
"""The same for faces of which most are too small to have an expression: they cost as much, and can wait."""
FURTHER_SECONDS = 30.0
"""Within this time the picture is searched by the further cascades too, for who leans, is turned away or was
missed: all of them as often as the first one would cost seven times as much."""
BANDS = ((160, 1), (70, 3), (40, 4), (24, 4))
"""The smallest face of each band of sizes, pixels, and into how many strips a picture of BANDS_WIDTH is cut
for it, so that every piece takes about as long (measured, benchmarks/NOTES.md). The largest faces come first:
a head is then known before the band of its mouth, which the cascade takes for a small face, is searched."""
BANDS_WIDTH = 1280
BAND_OVERLAP = 1.1**3
"""Three steps of the search: sizes from a fifth below a face to a fifth above it vote for it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the picture, and the sizes of the faces to look for in it, pixels."""

    left: int
    top: int
    right: int
    bottom: int
    smallest: int
    largest: int
    cascade: Cascade = Cascade.FRONT


class Sweep:
    """Which pieces of the picture are searched in which frame. By time, so that it covers the picture as
    often when few frames are read; where they come slower than `seconds`, in every frame."""

    def __init__(self, pieces: Sequence[Piece], seconds: float, *, at_once: bool = True) -> None:
        """Search `pieces` again and again, each round in `seconds`; the first one in the first frame."""
        self._pieces = pieces
        self._seconds = seconds
        self._done = 0.0
        self._before = -math.inf if at_once else math.inf

    def due(self, monotonic: float) -> list[Piece]:
        """The pieces to search in the frame of this moment."""
        count = len(self._pieces)
        rounds = min(1.0, (monotonic - self._before) / self._seconds)
        begin, self._done = self._done, self._done + count * max(0.0, rounds)
        self._before = monotonic
        return [self._pieces[index % count] for index in range(int(begin), int(self._done))]


def sweeps(width: int, height: int) -> tuple[Sweep, ...]:
    """All searches of a picture, its sides in pixels: each piece in its time, the most urgent ones first."""
    first = pieces(width, height)
    return (
        Sweep([piece for piece in first if _is_readable(piece)], SWEEP_SECONDS),
        Sweep([piece for piece in first if not _is_readable(piece)], SMALL_SECONDS),
        Sweep(further_pieces(width, height), FURTHER_SECONDS, at_once=False),
    )


def further_pieces(width: int, height: int) -> tuple[Piece, ...]:
    """The pieces of a picture for the further cascades, for faces that can be read; cascade by turns."""
    return tuple(
        replace(piece, cascade=cascade)
        for piece in pieces(width, height)
        if _is_readable(piece)
        for cascade in Cascade
        if cascade is not Cascade.FRONT
    )


def pieces(width: int, height: int) -> tuple[Piece, ...]:
    """Cut the search of a picture, its sides in pixels, into pieces that take about equally long.

    Bands and strips overlap, so that each face lies wholly in one of them.
    """
    cut, larger = [], max(width, height)
    for smallest, strips in BANDS:
        largest = math.ceil(larger * BAND_OVERLAP)
        larger = smallest
        if smallest <= min(width, height):
            cut += [
                Piece(left, 0, min(width, right + largest), height, smallest, largest)
                for left, right in _strips(width, math.ceil(strips * width / BANDS_WIDTH))
            ]
    return tuple(cut)


def _is_readable(piece: Piece) -> bool:
    return piece.smallest >= SMALLEST_READABLE


def _strips(width: int, count: int) -> list[tuple[int, int]]:
    ends = [round(width * index / count) for index in range(count + 1)]
    return list(pairwise(ends))
