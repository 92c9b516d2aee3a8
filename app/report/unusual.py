"""What is unusual in a running lecture, against its own average: which expressions, never what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from app.store.tables import Minute
from app.vision.emotion import EMOTIONS, Emotion

SHORTEST = 2  # minutes in a row; one minute is chance
EARLIER = 5  # minutes before them, below which a lecture has no average to speak of
TIMES = 2.0  # the average
MORE = 0.1  # of the faces above the average: twice of almost nothing is nothing
PEOPLE = 2.0  # so many faces' worth, so that it is never about one person
MOST = 2  # at once; more is noise


@dataclass(frozen=True, slots=True)
class UnusualExpression:
    """An expression that is seen more than usual."""

    emotion: Emotion
    share: float
    """Its part of the person-time in the minutes in which it lasts."""
    average: float
    """Its part in the lecture before."""
    minutes: int
    """How many minutes in a row it has lasted."""

    @property
    def times(self) -> float | None:
        """How many times the average; None where it was not seen before."""
        return self.share / self.average if self.average else None


def unusual(minutes: Sequence[Minute], now: datetime) -> list[UnusualExpression]:
    """Say what is unusual in the newest full minutes of a lecture, the largest first.

    `minutes` are the lecture's, oldest first. After a gap, and while too few people are in view, nothing is.
    """
    full = [row for row in minutes if row.minute + timedelta(minutes=1) <= now and row.shares is not None]
    newest = _newest_in_a_row(full, now)
    found = [each for emotion in EMOTIONS if (each := _unusual(emotion, full, newest))]
    return sorted(found, key=lambda each: each.average - each.share)[:MOST]


def _newest_in_a_row(full: Sequence[Minute], now: datetime) -> list[Minute]:
    """The full minutes up to now without a gap, newest first."""
    start = now.replace(second=0, microsecond=0)
    rows = list(reversed(full))
    expected = (start - timedelta(minutes=number) for number in range(1, len(rows) + 1))
    in_a_row = takewhile(lambda pair: pair[0].minute == pair[1], zip(rows, expected, strict=True))
    return [row for row, _ in in_a_row]


def _unusual(emotion: Emotion, full: Sequence[Minute], newest: Sequence[Minute]) -> UnusualExpression | None:
    earlier = full[:-SHORTEST]
    if emotion == Emotion.NEUTRAL or len(earlier) < EARLIER:
        return None
    average = _share(emotion, earlier)
    lasting = list(takewhile(lambda row: _stands_out(row, emotion, average), newest))
    if len(lasting) < SHORTEST:
        return None
    return UnusualExpression(emotion, _share(emotion, lasting), average, len(lasting))


def _stands_out(row: Minute, emotion: Emotion, average: float) -> bool:
    share = row.shares[emotion]
    return share >= TIMES * average and share >= average + MORE and share * row.faces_mean >= PEOPLE


def _share(emotion: Emotion, rows: Sequence[Minute]) -> float:
    whole = sum(row.face_seconds for row in rows)
    return sum(getattr(row, f"{emotion}_seconds") for row in rows) / whole
