"""Searching an image tile by tile over several frames, so that no frame waits for all of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.vision.detection.cascade import Cascade
from app.vision.frame import MIN_READABLE_SIDE

SWEEP_SECONDS = 0.6
"""The image is searched for readable faces once in this time: long enough to cost little, short enough to
notice who turns up."""
SMALL_FACE_SWEEP_SECONDS = 1.2
"""The same for sizes at which most faces have no expression: they cost as much, but can wait."""
FURTHER_SWEEP_SECONDS = 30.0
"""The same for the further cascades, which find faces that lean, are turned away or were missed. All of them
as often as the first would cost seven times as much."""
BANDS = ((160, 1), (70, 3), (40, 4), (24, 4))
"""Bands of face sizes: the smallest face of each, pixels, and into how many strips an image of
REFERENCE_WIDTH is cut for it, so that every tile takes about as long (measured, benchmarks/NOTES.md). The
largest faces come first: a head is then known before the band of its mouth, which the cascade takes for a
small face, is searched."""
REFERENCE_WIDTH = 1280
BAND_OVERLAP = 1.1**3
"""Three steps of the search: sizes from a fifth below a face to a fifth above it vote for it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the image, and the sizes of the faces to search for in it, all in pixels."""

    left: int
    top: int
    right: int
    bottom: int
    min_size: int
    max_size: int
    cascade: Cascade = Cascade.FRONTAL


class Sweep:
    """Decides which tiles are searched in which frame.

    It goes by time, not by frames, so that it covers the image as often at a low frame rate. Where frames
    come less often than once in `seconds`, each frame is searched completely.
    """

    def __init__(self, tiles: Sequence[Tile], seconds: float, *, starts_at_once: bool = True) -> None:
        """Search `tiles` again and again, each round in `seconds`; the first frame gets all of them, or with
        `starts_at_once` False none."""
        self._tiles = tiles
        self._seconds = seconds
        self._tiles_done = 0.0
        self._last_monotonic = -math.inf if starts_at_once else math.inf

    def next_tiles(self, monotonic: float, longest_step: float = math.inf, pace: float = 1.0) -> list[Tile]:
        """Give the tiles to search in the frame of this moment.

        But for the first frame, they are no more than are due in `longest_step` seconds. At a `pace` of 0.5 a
        round takes twice as long.
        """
        count = len(self._tiles)
        step = monotonic - self._last_monotonic
        if math.isfinite(step):
            step = min(step, longest_step)
        rounds = min(1.0, pace * step / self._seconds)
        begin, self._tiles_done = self._tiles_done, self._tiles_done + count * max(0.0, rounds)
        self._last_monotonic = monotonic
        return [self._tiles[index % count] for index in range(int(begin), int(self._tiles_done))]


def all_sweeps(width: int, height: int) -> tuple[Sweep, ...]:
    """Give the sweeps of an image, its sides in pixels, the most urgent one first."""
    frontal = frontal_tiles(width, height)
    return (
        Sweep([tile for tile in frontal if _is_readable(tile)], SWEEP_SECONDS),
        Sweep([tile for tile in frontal if not _is_readable(tile)], SMALL_FACE_SWEEP_SECONDS),
        Sweep(further_tiles(width, height), FURTHER_SWEEP_SECONDS, starts_at_once=False),
    )


def further_tiles(width: int, height: int, min_size: int = MIN_READABLE_SIDE) -> tuple[Tile, ...]:
    """Give the tiles for the further cascades, each place for one cascade after the other.

    They search for faces of `min_size` pixels and more; a camera's only for those of readable size.
    """
    return tuple(
        replace(tile, cascade=cascade)
        for tile in frontal_tiles(width, height)
        if tile.min_size >= min_size
        for cascade in Cascade
        if cascade is not Cascade.FRONTAL
    )


def frontal_tiles(width: int, height: int) -> tuple[Tile, ...]:
    """Give the tiles for the first cascade, by the image's sides in pixels.

    Each takes about equally long. Bands and strips overlap, so that each face lies completely in one tile.
    """
    tiles, larger = [], max(width, height)
    for min_size, strips in BANDS:
        max_size = math.ceil(larger * BAND_OVERLAP)
        larger = min_size
        if min_size <= min(width, height):
            tiles += [
                Tile(left, 0, min(width, right + max_size), height, min_size, max_size)
                for left, right in _strips(width, math.ceil(strips * width / REFERENCE_WIDTH))
            ]
    return tuple(tiles)


def _is_readable(tile: Tile) -> bool:
    return tile.min_size >= MIN_READABLE_SIDE


def _strips(width: int, count: int) -> list[tuple[int, int]]:
    ends = [round(width * index / count) for index in range(count + 1)]
    return list(pairwise(ends))
