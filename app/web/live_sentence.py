"""The class in one sentence: what is seen, and whether it is changing. docs/report.md explains the rules."""

import operator
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from flask_babel import gettext, ngettext

from app.bus.live_reading import LiveReading, recent_shares
from app.clock import MINUTE
from app.language import Translatable, translate
from app.purpose import Purpose
from app.report.interval import effective_sample_size
from app.store.minute_figures import mean_faces
from app.store.tables import Minute
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.palette import STACK_ORDER

MOSTLY = 0.6
"""From this share on, an expression stands alone."""
PARTLY = 0.2
"""From this share on, it is named beside the commonest."""
MAX_UNCERTAIN = 0.5  # beyond it, nothing is said of expressions, as in a report

CHANGE_TIME = timedelta(minutes=16)  # how far back changes are looked for
LATE = timedelta(minutes=2, seconds=30)  # a newest minute that began earlier says nothing about now
MIN_STEPS = 2  # in a row that go the same way; a single one is chance
MIN_CHANGE = 0.1  # of the person-time, as in a report
MIN_STANDARD_ERRORS = 2.5
MIN_STEADY_MINUTES = 5
MAX_SPREAD = 0.15  # of a share around its mean, in steady minutes
MIN_MORE_FACES, MIN_FACES_RATIO = 3, 1.25  # before more or fewer faces are spoken of

Shares = dict[Emotion, float]

LOOKS = {
    Emotion.ANGRY: Translatable("angry"),
    Emotion.DISGUST: Translatable("disgusted"),
    Emotion.FEAR: Translatable("fearful"),
    Emotion.HAPPY: Translatable("smiling"),
    Emotion.SAD: Translatable("sad"),
    Emotion.SURPRISE: Translatable("surprised"),
    Emotion.NEUTRAL: Translatable("neutral"),
}
FACES = {
    Emotion.ANGRY: Translatable("angry faces"),
    Emotion.DISGUST: Translatable("disgusted faces"),
    Emotion.FEAR: Translatable("fearful faces"),
    Emotion.HAPPY: Translatable("smiles"),
    Emotion.SAD: Translatable("sad faces"),
    Emotion.SURPRISE: Translatable("surprised faces"),
}
"""Neutral is missing: it falls when another rises."""


def live_sentence(readings: Sequence[LiveReading], minutes: Sequence[Minute], now: datetime) -> str:
    """The class in one sentence, in the reader's language.

    `readings` are those of the last seconds, at least one, oldest first; `minutes` the room's last ones that
    the reader may see, oldest first.
    """
    if not any(reading.faces for reading in readings):
        return gettext("No face in view")
    steps, recent = _newest_in_a_row(minutes, now), recent_shares(readings)
    if readings[-1].purpose is Purpose.PRESENCE:
        faces = next(reading.faces for reading in reversed(readings) if reading.faces)
        return _joined(_turned(recent.facing, faces), _change_of_faces(steps))
    if recent.shares is None:
        return gettext("Too few faces to say")
    if recent.uncertain > MAX_UNCERTAIN:
        return gettext("Most faces can't be read")
    return _joined(_commonest(recent.shares), _change_of_expressions(steps))


def _joined(seen: str, change: str) -> str:
    return f"{seen}; {change}" if change else seen


def _commonest(shares: dict[Emotion, float]) -> str:
    named = sum(shares.values())
    first, second = sorted(STACK_ORDER, key=shares.get, reverse=True)[:2]
    values = {"first": translate(LOOKS[first]), "second": translate(LOOKS[second])}
    if shares[first] >= MOSTLY * named:
        return gettext("Mostly %(first)s", **values)
    if shares[second] >= PARTLY * named:
        return gettext("Partly %(first)s, partly %(second)s", **values)
    return gettext("Mixed, %(first)s most often", **values)


def _turned(facing: float | None, faces: int) -> str:
    """How many faces are turned to the front, if the detector can tell; else how many there are."""
    if facing is None:
        return ngettext("%(num)s person in view", "%(num)s people in view", faces)
    if facing >= 0.8:
        return gettext("Nearly all turned to the front")
    if facing >= MOSTLY:
        return gettext("Most turned to the front")
    return gettext("About half turned to the front") if facing >= 0.4 else gettext("Few turned to the front")


def _newest_in_a_row(minutes: Sequence[Minute], now: datetime) -> list[Minute]:
    """The newest finished minutes without a gap or a new lecture between them, newest first."""
    finished = [row for row in reversed(minutes) if row.counted_seconds and not row.is_withheld]
    if not finished or now - finished[0].minute > LATE:
        return []
    joined = takewhile(
        lambda pair: pair[0].minute - pair[1].minute == MINUTE and pair[0].lecture_id == pair[1].lecture_id,
        pairwise(finished),
    )
    return [finished[0], *(earlier for _, earlier in joined)]


def _change_of_expressions(rows: Sequence[Minute]) -> str:
    """Which expression rises or falls, and for how long; else how long all have been steady."""
    shares = list(takewhile(bool, (row.shares for row in rows)))
    changes = [change for emotion in FACES if (change := _change(rows, shares, emotion))]
    if changes:
        size, minutes, emotion = max(changes, key=lambda change: abs(change[0]))
        return (_rising if size > 0 else _falling)(translate(FACES[emotion]), minutes)
    steady = _steady_minutes(shares)
    return ngettext("steady for %(num)s minute", "steady for %(num)s minutes", steady) if steady else ""


def _rising(faces: str, minutes: int) -> str:
    return ngettext(
        "%(faces)s rising for %(num)s minute",
        "%(faces)s rising for %(num)s minutes",
        minutes,
        faces=faces,
    )


def _falling(faces: str, minutes: int) -> str:
    return ngettext(
        "fewer %(faces)s for %(num)s minute",
        "fewer %(faces)s for %(num)s minutes",
        minutes,
        faces=faces,
    )


def _change(
    rows: Sequence[Minute], shares: Sequence[Shares], emotion: Emotion
) -> tuple[float, int, Emotion] | None:
    """By how much an expression has risen or fallen in its newest steps, and for how many minutes."""
    values = [each[emotion] for each in shares]
    steps = _steps(values, operator.gt) or _steps(values, operator.lt)
    size = values[0] - values[steps] if steps else 0.0
    mean = (values[0] + values[steps]) / 2 if steps else 0.0
    if abs(size) < MIN_CHANGE or abs(size) < MIN_STANDARD_ERRORS * _error(mean, rows[0], rows[steps]):
        return None
    return size, steps, emotion


def _error(share: float, one: Minute, other: Minute) -> float:
    """The standard error of the difference between two minutes' shares, both of which are about `share`."""
    sizes = [
        effective_sample_size(mean_faces(row.counted_seconds, row.online_seconds), row.online_seconds)
        for row in (one, other)
    ]
    return (share * (1 - share) * sum(1 / size for size in sizes)) ** 0.5


def _steady_minutes(shares: Sequence[Shares]) -> int:
    """For how many of the newest minutes no share has left its mean; 0 if they are few."""
    steady = 0
    for count in range(MIN_STEADY_MINUTES, len(shares) + 1):
        if any(_spread([each[emotion] for each in shares[:count]]) > MAX_SPREAD for emotion in EMOTIONS):
            break
        steady = count
    return steady


def _spread(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return max(abs(value - mean) for value in values)


def _change_of_faces(rows: Sequence[Minute]) -> str:
    """Whether people come or leave, and for how long."""
    faces = [row.faces_mean for row in rows]
    more = _steps(faces, operator.gt)
    fewer = _steps(faces, operator.lt)
    if more and _differ(faces[0], faces[more]):
        return ngettext("more faces for %(num)s minute", "more faces for %(num)s minutes", more)
    if fewer and _differ(faces[fewer], faces[0]):
        return ngettext("fewer faces for %(num)s minute", "fewer faces for %(num)s minutes", fewer)
    return ""


def _steps(values: Sequence[float], goes_on: Callable[[float, float], bool]) -> int:
    """How many of the newest steps go that way; 0 if that is fewer than MIN_STEPS."""
    steps = len(list(takewhile(lambda pair: goes_on(*pair), pairwise(values))))
    return steps if steps >= MIN_STEPS else 0


def _differ(larger: float, smaller: float) -> bool:
    return larger - smaller >= MIN_MORE_FACES and larger >= MIN_FACES_RATIO * smaller
