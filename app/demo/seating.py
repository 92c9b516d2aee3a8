"""Where the students sit: in rows that grow towards the camera, so that no face hides another."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

MIN_PITCH = 3.7  # from one student to the next, in half face widths
RISE = 3.75  # from one row's eyes to the next row's, likewise
HEADROOM = 2.0  # from the hair's top to the eyes
DESKROOM = 3.2  # from the eyes to the front edge of the desk
BACK, FRONT = 0.86, 1.18  # the scale of the rearmost and the foremost row, for an average of 1
WALL = 0.17  # the part of the image's height that stays free above the heads
MAX_UNIT = 1 / 16.5  # half a face's width over the image's height: larger faces would hide the room
MAX_ROWS = 7
MAX_PITCH = 5.4  # from one student to the next, in half face widths


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a head is at rest, in pixels: the point between the eyes, and half the face's width."""

    x: float
    y: float
    unit: float
    row: int
    """0 is the rearmost."""


def seats(students: int, width: int, height: int) -> tuple[Seat, ...]:
    """Give a seat for each student, row by row from the back."""
    rows = max(range(1, MAX_ROWS + 1), key=lambda rows: (_unit(students, rows, width, height), rows))
    unit = _unit(students, rows, width, height)
    counts = _counts(students, rows)
    scales = _scales(rows)
    spare = height * (1 - WALL) - unit * _height(rows)
    gap = 0.65 * spare / rows  # spare height goes above each row, and a little below the last
    y = height * WALL + HEADROOM * scales[0] * unit + gap
    placed = []
    for row, (count, scale) in enumerate(zip(counts, scales, strict=True)):
        if row:
            y += RISE * unit * (scales[row - 1] + scale) / 2 + gap
        placed += _row(row, count, y, scale * unit, width)
    return tuple(placed)


def _row(row: int, count: int, y: float, unit: float, width: int) -> list[Seat]:
    """Spread one row over the image's width, nobody exactly in line."""
    chance = Random(f"bench {row}")
    pitch = min(width * 0.98 / count, MAX_PITCH * unit)
    slack = min(pitch / unit - MIN_PITCH, 1.0) * unit / 2
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
    """Half the mean face's width in pixels that a number of rows allows; 0 for too many rows."""
    if rows > max(1, students // 3):
        return 0.0
    across = min(
        width * 0.98 / (n * MIN_PITCH * s)
        for n, s in zip(_counts(students, rows), _scales(rows), strict=True)
    )
    return min(across, height * (1 - WALL) / _height(rows), height * MAX_UNIT)


def _height(rows: int) -> float:
    """The height of all rows, in average half face widths."""
    scales = _scales(rows)
    steps = sum(RISE * (a + b) / 2 for a, b in pairwise(scales))
    return HEADROOM * scales[0] + steps + DESKROOM * scales[-1]


def _scales(rows: int) -> list[float]:
    """The scale of each row, from the back."""
    if rows == 1:
        return [1.15]
    return [BACK + (FRONT - BACK) * row / (rows - 1) for row in range(rows)]


def _counts(students: int, rows: int) -> list[int]:
    """How many sit in each row, from the back: more in rows of a smaller scale."""
    weights = [1 / scale for scale in _scales(rows)]
    ends = [round(students * sum(weights[: row + 1]) / sum(weights)) for row in range(rows)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
