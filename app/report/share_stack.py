"""The stacked column of shares that the page, the sparkline, the PDF and the workbook draw."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.report.report_minute import FACING, IN_VIEW, TURNED, ReportMinute
from app.vision import palette
from app.vision.emotion import UNCERTAIN, Emotion

STACK_ORDER = (*palette.STACK_ORDER, UNCERTAIN)
"""From the bottom up."""

PRESENCE_COLOURS = {
    FACING: palette.COLOURS[Emotion.NEUTRAL],
    TURNED: palette.UNCERTAIN,
    IN_VIEW: palette.COLOURS[Emotion.NEUTRAL],
}
"""For `ReportMinute.faces_by_turn`, from the bottom up."""

STACK_COLOURS = {**palette.COLOURS, UNCERTAIN: palette.UNCERTAIN}
"""Red, green and blue, in hex, in the order of EXPRESSIONS."""


class StackedShare(NamedTuple):
    """A rectangle of the column: its upper edge and its height, in the units of the drawing."""

    expression: str
    share: float
    top: float
    height: float


def stacked(shares: Mapping[str, float], bottom: float, height: float) -> Iterator[StackedShare]:
    """Stack shares, which add up to 1, into a column of this height on `bottom`; y grows downwards.

    A share of 0 has no rectangle.
    """
    top = bottom
    for expression in STACK_ORDER:
        share = shares[expression]
        if share > 0:
            top -= share * height
            yield StackedShare(expression, share, top, share * height)


def stacked_faces(
    minute: ReportMinute, minutes: Sequence[ReportMinute], bottom: float, height: float
) -> Iterator[StackedShare]:
    """Stack the faces of a minute of presence; the column of the minute with most of them is that high."""
    most = max(each.faces_mean or 0.0 for each in minutes)
    top = bottom
    for kind, faces in minute.faces_by_turn.items():
        if faces > 0:
            top -= faces / most * height
            yield StackedShare(kind, faces, top, faces / most * height)


def kinds_of_presence(minutes: Sequence[ReportMinute]) -> list[str]:
    """What the minutes of presence stack: how faces are turned, as far as that could be told."""
    seen = {kind for each in minutes if each.faces_mean for kind in each.faces_by_turn}
    return [kind for kind in PRESENCE_COLOURS if kind in seen]
