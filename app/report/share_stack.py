"""The stacked column of shares that the page, the sparkline, the PDF and the workbook draw."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from app.vision import palette
from app.vision.emotion import EMOTIONS, UNCERTAIN

STACK_ORDER = (*reversed(EMOTIONS), UNCERTAIN)
"""From the bottom up. Neutral is mostly the largest, so it carries the others."""

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
