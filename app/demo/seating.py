"""Where everybody sits: rows that grow towards the camera, so that no face hides another."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

PITCH = 3.7  # the least room for one student, side by side, in half face widths
RISE = 3.75  # from one row's eyes to the next row's, likewise
HEADROOM = 2.0  # from the hair's top to the eyes
DESKROOM = 3.2  # from the eyes to the front edge of the desk
BACK, FRONT = 0.86, 1.18  # how big the rearmost and the foremost row are, for an average of 1
WALL = 0.17  # the part of the picture's height that stays free above the heads
LARGEST = 1 / 16.5  # half a face's width over the picture's height: bigger would crowd the room out
MOST_ROWS = 7
LOOSEST = 5.4  # students sit no further apart than this, in half face widths


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a head is at rest, in pixels: the middle between the eyes, and half the face's width."""

    x: float
    y: float
    unit: float
    row: int
    """0 is the rearmost."""


def seats(students: int, width: int, height: int) -> tuple[Seat, ...]:
    """A seat for each student, row by row from the back."""
    rows = max(range(1, MOST_ROWS + 1), key=lambda rows: (_unit(students, rows, width, height), rows))
    unit = _unit(students, rows, width, height)
    counts = _counts(students, rows)
    scales = _scales(rows)
    spare = height * (1 - WALL) - unit * _tall(rows)
    gap = 0.65 * spare / rows  # what height is left over goes above each row, and a little below the last
    y = height * WALL + HEADROOM * scales[0] * unit + gap
    placed = []
    for row, (count, scale) in enumerate(zip(counts, scales, strict=True)):
        if row:
            y += RISE * unit * (scales[row - 1] + scale) / 2 + gap
        placed += _row(row, count, y, scale * unit, width)
    return tuple(placed)


def _row(row: int, count: int, y: float, unit: float, width: int) -> list[Seat]:
    """One row, spread over the picture's width, nobody exactly in line."""
    chance = Random(f"bench {row}")
    pitch = min(width * 0.98 / count, LOOSEST * unit)
    slack = min(pitch / unit - PITCH, 1.0) * unit / 2
    first = width / 2 - pitch * (count - 1) / 2
    return [
        Seat(
            first + pitch * seat + chance.uniform(-slack, slack),
            y + chance.uniform(-0.12, 0.12) * unit,
            unit * chance.uniform(0.97, 1.02),
            row,
        )
        for seat in range(count)
    ]


def _unit(students: int, rows: int, width: int, height: int) -> float:
    """Half the mean face's width in pixels that so many rows allow; 0 for rows too thin."""
    if rows > max(1, students // 3):
        return 0.0
    across = min(
        width * 0.98 / (n * PITCH * s) for n, s in zip(_counts(students, rows), _scales(rows), strict=True)
    )
    return min(across, height * (1 - WALL) / _tall(rows), height * LARGEST)


def _tall(rows: int) -> float:
    """The height of all rows, in average half face widths."""
    scales = _scales(rows)
    steps = sum(RISE * (a + b) / 2 for a, b in pairwise(scales))
    return HEADROOM * scales[0] + steps + DESKROOM * scales[-1]


def _scales(rows: int) -> list[float]:
    """How big each row is, from the back."""
    if rows == 1:
        return [1.15]
    return [BACK + (FRONT - BACK) * row / (rows - 1) for row in range(rows)]


def _counts(students: int, rows: int) -> list[int]:
    """How many sit in each row, from the back: more where they are smaller."""
    weights = [1 / scale for scale in _scales(rows)]
    ends = [round(students * sum(weights[: row + 1]) / sum(weights)) for row in range(rows)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
