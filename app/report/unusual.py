"""What is unusual in a running lecture, against its own average: which expressions, never what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from app.clock import MINUTE, start_of_minute
from app.store.minute_figures import PooledMinutes
from app.store.tables import Minute
from app.vision.emotion import EMOTIONS, Emotion

MIN_MINUTES = 2  # in a row; a single minute is chance
MIN_EARLIER_MINUTES = 5  # before them; a shorter lecture has no average to speak of
MIN_RATIO = 2.0  # to the average
MIN_RISE = 0.1  # of the person-time, above the average: twice of almost nothing is nothing
MIN_PEOPLE = 2.0  # who show it on average, so that it is never about one person
MAX_UNUSUAL = 2  # at once; more is noise


@dataclass(frozen=True, slots=True)
class UnusualExpression:
    """An expression that is more frequent than before in its lecture."""

    emotion: Emotion
    share: float
    """Its part of the person-time in the minutes in which it has lasted."""
    average: float
    """Its part of the person-time earlier in the lecture."""
    minutes: int
    """How many minutes in a row it has lasted."""

    @property
    def times(self) -> float | None:
        """How many times the average; None if it was not seen before."""
        return self.share / self.average if self.average else None


def unusual_expressions(minutes: Sequence[Minute], now: datetime) -> list[UnusualExpression]:
    """What is unusual in the newest full minutes of a lecture, the largest rise first.

    `minutes` are the lecture's, oldest first. After a gap, and while too few people are in view, nothing is
    unusual.
    """
    full = [row for row in minutes if row.minute + MINUTE <= now and row.shares is not None]
    earlier = full[:-MIN_MINUTES]
    if len(earlier) < MIN_EARLIER_MINUTES:
        return []
    averages, newest = PooledMinutes.of(earlier).shares, _newest_in_a_row(full, now)
    unusual = [
        each
        for emotion in EMOTIONS
        if emotion is not Emotion.NEUTRAL and (each := _unusual(emotion, averages[emotion], newest))
    ]
    return sorted(unusual, key=lambda each: each.average - each.share)[:MAX_UNUSUAL]


def _newest_in_a_row(full: Sequence[Minute], now: datetime) -> list[Minute]:
    """The full minutes up to now without a gap, newest first."""
    start = start_of_minute(now)
    rows = list(reversed(full))
    expected = (start - timedelta(minutes=number) for number in range(1, len(rows) + 1))
    in_a_row = takewhile(lambda pair: pair[0].minute == pair[1], zip(rows, expected, strict=True))
    return [row for row, _ in in_a_row]


def _unusual(emotion: Emotion, average: float, newest: Sequence[Minute]) -> UnusualExpression | None:
    lasting = list(takewhile(lambda row: _stands_out(row, emotion, average), newest))
    if len(lasting) < MIN_MINUTES:
        return None
    return UnusualExpression(emotion, PooledMinutes.of(lasting).shares[emotion], average, len(lasting))


def _stands_out(row: Minute, emotion: Emotion, average: float) -> bool:
    share = row.shares[emotion]
    return (
        share >= MIN_RATIO * average and share >= average + MIN_RISE and share * row.faces_mean >= MIN_PEOPLE
    )
