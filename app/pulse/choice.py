"""The four things that a student can say."""

from enum import StrEnum

from app.language import Translatable


class Choice(StrEnum):
    """How a student follows, as the database, the API and the forms name it."""

    CLEAR = "clear"
    LOST = "lost"
    TOO_FAST = "too_fast"
    TOO_SLOW = "too_slow"


CHOICE_NAMES = {
    Choice.CLEAR: Translatable("clear"),
    Choice.LOST: Translatable("lost"),
    Choice.TOO_FAST: Translatable("too fast"),
    Choice.TOO_SLOW: Translatable("too slow"),
}

CHOICE_COLOURS = {
    Choice.CLEAR: "#0a7f9f",
    Choice.LOST: "#d9654c",
    Choice.TOO_FAST: "#e2a13c",
    Choice.TOO_SLOW: "#8b6fd6",
}
"""Red, green and blue, in hex. The word always stands beside a colour."""
