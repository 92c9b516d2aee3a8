"""Detects when more students say that they are lost than before."""

from collections.abc import Sequence

from app.pulse.choice import Choice

MIN_LOST_RISE = 2  # people
MIN_LOST_SHARE = 1 / 3  # of those who answered
LOOKBACK_MINUTES = 5  # minutes: as long as a choice counts

Counts = dict[Choice, int]
"""How many say each; together, how many answered."""


def lost_rises(before: Sequence[Counts | None], now: Counts | None) -> bool:
    """Whether *lost* has risen by two people since its lowest of the last minutes, to a third of the answers.

    `before` holds the minutes up to now, oldest first; None stands for one whose counts are not shown. Such a
    minute is taken for one in which nobody was lost.
    """
    if now is None or sum(now.values()) == 0:
        return False
    lost = now[Choice.LOST]
    lowest = min((counts[Choice.LOST] if counts else 0 for counts in before[-LOOKBACK_MINUTES:]), default=0)
    return lost - lowest >= MIN_LOST_RISE and lost >= MIN_LOST_SHARE * sum(now.values())


def marks(minutes: Sequence[Counts | None]) -> list[bool]:
    """For each minute, whether *lost* begins to rise in it: later minutes of the same rise have no mark."""
    rises = [lost_rises(minutes[:number], counts) for number, counts in enumerate(minutes)]
    return [rise and not (number and rises[number - 1]) for number, rise in enumerate(rises)]
