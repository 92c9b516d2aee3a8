"""What a report says in words: one sentence, the biggest changes, and why it may be doubtful."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext

from app.clock import MINUTE
from app.expression_names import expression_name
from app.report.interval import effective_sample_size
from app.report.lecture_report import Report, ReportNote
from app.report.pulse_wording import pulse_sentence
from app.report.report_minute import MinuteStatus, Period, ReportMinute
from app.report.wording import clock, duration, percent
from app.store.minute_figures import PooledMinutes, mean_faces
from app.store.minute_queries import MAX_REPORTED
from app.vision.emotion import EMOTIONS, Emotion

MIN_CHANGE = 0.1
"""Of the person-time. A smaller change is not worth a teacher's time, however certain."""
MIN_STANDARD_ERRORS = 3.5
"""Distance from the average. An hour has 420 minutes-and-expressions to choose from: by chance, one of them
is 3.5 away in one lecture of five, and 2 away in every lecture."""
MAX_CHANGES = 4  # as many as people read
MAX_MOMENTS = 3  # of them, beside the chart

AFTER_NOTE = timedelta(minutes=3)  # a note this long before a peak is mentioned with it

MIN_COVERAGE, MAX_UNCERTAIN = 0.7, 0.5  # beyond them the report is doubtful


@dataclass(frozen=True, slots=True)
class ExpressionChange:
    """A stretch of minutes in which an expression was more, or less, frequent than in the whole lecture."""

    emotion: Emotion
    start: datetime
    end: datetime
    peak: datetime
    """The minute in which it was furthest from the average."""
    share: float
    average: float
    faces_mean: float
    """Faces in view on average during the stretch."""

    @property
    def is_rise(self) -> bool:
        """Whether the expression was more frequent than on average."""
        return self.share > self.average


def biggest_changes(report: Report) -> list[ExpressionChange]:
    """The biggest changes against the lecture's own average, biggest first; of two equal ones the rise."""
    return _all_changes(report)[:MAX_CHANGES]


def _all_changes(report: Report) -> list[ExpressionChange]:
    if report.shares is None:
        return []
    changes = [
        change
        for emotion in EMOTIONS
        for stretch in _stretches(report, emotion)
        if (change := _change(report, emotion, stretch)) is not None
    ]
    return sorted(
        changes, key=lambda change: (-round(abs(change.share - change.average), 2), not change.is_rise)
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """A big change, with what was noted then."""

    change: ExpressionChange
    notes: tuple[tuple[int, ReportNote], ...]
    """With their numbers in the chart; from AFTER_NOTE before the change to its end."""


def biggest_moments(report: Report) -> list[Moment]:
    """The biggest changes that lie apart from each other; neutral last, since others push it up and down."""
    numbered = list(enumerate(report.notes, start=1))
    moments: list[Moment] = []
    for change in sorted(_all_changes(report), key=lambda change: change.emotion is Emotion.NEUTRAL):
        if any(change.start < each.change.end and each.change.start < change.end for each in moments):
            continue
        notes = (each for each in numbered if change.start - AFTER_NOTE <= each[1].at < change.end)
        moments.append(Moment(change, tuple(notes)))
    return moments[:MAX_MOMENTS]


def _stretches(report: Report, emotion: Emotion) -> Iterator[Sequence[ReportMinute]]:
    """Consecutive minutes that lie well on the same side of the average."""

    def side(minute: ReportMinute) -> int:
        if minute.shares is None or minute.is_weak:
            return 0
        distance = minute.shares[emotion] - report.shares[emotion]
        return 0 if abs(distance) < MIN_CHANGE / 2 else 1 if distance > 0 else -1

    for which, minutes in groupby(report.minutes, side):
        if which:
            yield list(minutes)


def _change(report: Report, emotion: Emotion, stretch: Sequence[ReportMinute]) -> ExpressionChange | None:
    """The stretch as a change, if it is large and not due to chance."""
    pooled = PooledMinutes.of(stretch)
    share, average = pooled.shares[emotion], report.shares[emotion]
    faces = mean_faces(pooled.counted_seconds, pooled.online_seconds)
    size = effective_sample_size(faces, pooled.online_seconds)
    expected = (average * size + 1) / (size + 2)  # never 0 or 1, where the error would be 0
    error = (expected * (1 - expected) / size) ** 0.5
    if abs(share - average) < max(MIN_CHANGE, MIN_STANDARD_ERRORS * error):
        return None
    peak = max(stretch, key=lambda minute: abs(minute.shares[emotion] - average))
    return ExpressionChange(
        emotion,
        start=stretch[0].minute,
        end=stretch[-1].minute + MINUTE,
        peak=peak.minute,
        share=share,
        average=average,
        faces_mean=pooled.faces_mean,
    )


def periods_of(report: Report, status: MinuteStatus) -> list[Period]:
    """When the minutes had this status: when the camera was dark, or the room paused."""
    periods = []
    for each, minutes in groupby(report.minutes, lambda minute: minute.status):
        run = list(minutes)
        if each is status:
            periods.append((run[0].minute, run[-1].minute + MINUTE))
    return periods


def doubts(report: Report) -> list[str]:
    """Why the whole report is weak evidence, in sentences; none if it is not."""
    sentences = []
    if report.is_cut:
        sentences.append(
            gettext(
                "The lecture was longer; this report covers its first %(days)s days.", days=MAX_REPORTED.days
            )
        )
    if not report.has_camera:
        return sentences
    if report.coverage < MIN_COVERAGE:
        sentences.append(
            gettext("The camera saw only %(share)s of the lecture.", share=percent(report.coverage))
        )
    if report.uncertain_share is not None and report.uncertain_share > MAX_UNCERTAIN:
        share = percent(report.uncertain_share)
        sentences.append(
            gettext("In %(share)s of the person-time no expression could be named.", share=share)
        )
    read = [minute for minute in report.minutes if minute.shares is not None]
    weak = sum(minute.is_weak for minute in read)
    if read and weak > len(read) / 2:
        sentences.append(
            gettext("%(weak)s of %(all)s minutes rest on very few faces.", weak=weak, all=len(read))
        )
    return sentences


def summary_sentence(report: Report, timezone: ZoneInfo) -> str:
    """The whole lecture in one sentence, times in `timezone`."""
    said = [pulse_sentence(report.pulse, timezone)] if report.pulse else []
    parts = [_length_and_faces(report)]
    if not report.has_camera:
        parts += said or [gettext("nobody answered")]
        return "; ".join(parts) + "."
    if report.is_presence:
        parts += [part for part in (_presence(report), *_interruptions(report, timezone)) if part]
        return "; ".join([*parts, *said]) + "."
    if report.shares is None or report.uncertain_share == 1:
        parts.append(_why_no_expressions(report))
        return "; ".join([*parts, *said]) + "."
    parts.append(", ".join(_expressions(report, timezone)))
    parts += [*_interruptions(report, timezone), *said]
    words = "; ".join(parts) + "."
    return gettext("Weak reading: %(words)s", words=words) if doubts(report) else words


def _interruptions(report: Report, timezone: ZoneInfo) -> Iterator[str]:
    if dark := _times(periods_of(report, MinuteStatus.GAP), timezone):
        yield gettext("camera dark %(times)s", times=dark)
    if paused := _times(periods_of(report, MinuteStatus.PAUSED), timezone):
        yield gettext("paused %(times)s", times=paused)


def _presence(report: Report) -> str:
    """How many faces were turned to the front or, if nobody was seen, why."""
    if not report.faces_mean:
        return _why_no_expressions(report)
    if report.facing_share is None:
        return ""
    return gettext("%(share)s of them turned to the front", share=percent(report.facing_share))


def _length_and_faces(report: Report) -> str:
    length = duration(report.seconds)
    if not report.faces_mean:
        return length
    return ngettext(
        "%(length)s, %(num)s face on average",
        "%(length)s, %(num)s faces on average",
        round(report.faces_mean),
        length=length,
    )


def _why_no_expressions(report: Report) -> str:
    if not report.seconds:
        return gettext("no minute is complete yet")
    if not report.online_seconds:
        return gettext("the camera gave no picture")
    if not report.faces_mean:
        return gettext("nobody was in view")
    if not report.suppressed_minutes:
        return gettext("no expression could be read")
    if report.suppressed_below is None:
        return gettext("too few people were in view, so no expressions were kept")
    return gettext(
        "fewer than %(least)s people were in view, so no expressions were kept",
        least=report.suppressed_below,
    )


def _expressions(report: Report, timezone: ZoneInfo) -> Iterator[str]:
    commonest = max(report.shares, key=report.shares.get)
    values = {"expression": expression_name(commonest), "share": percent(report.shares[commonest])}
    if report.shares[commonest] >= 0.5:
        yield gettext("mostly %(expression)s (%(share)s)", **values)
    else:
        yield gettext("most often %(expression)s (%(share)s)", **values)
    rises = [change for change in biggest_changes(report) if change.is_rise]
    if rises:
        # smiles are what most teachers look for, so they come first
        rise = next((change for change in rises if change.emotion is Emotion.HAPPY), rises[0])
        yield _peak(rise, timezone, note_before(report, rise.peak))


def _peak(rise: ExpressionChange, timezone: ZoneInfo, note: ReportNote | None) -> str:
    """When an expression was most frequent, and after which note."""
    time = clock(rise.peak, timezone)
    if note:
        time = gettext("%(time)s after “%(note)s”", time=time, note=note.text)
    if rise.emotion is Emotion.HAPPY:
        return gettext("most smiles at %(time)s", time=time)
    return gettext(
        "most %(expression)s expressions at %(time)s", expression=expression_name(rise.emotion), time=time
    )


def note_before(report: Report, minute: datetime) -> ReportNote | None:
    """The last note in a minute or up to AFTER_NOTE before it, which may explain it."""
    near = [note for note in report.notes if minute - AFTER_NOTE <= note.at < minute + MINUTE]
    return near[-1] if near else None


def _times(periods: Sequence[Period], timezone: ZoneInfo) -> str:
    shown = [f"{clock(start, timezone)}–{clock(end, timezone)}" for start, end in periods[:2]]
    if len(periods) > 2:
        shown.append(ngettext("%(num)s more time", "%(num)s more times", len(periods) - 2))
    if not shown:
        return ""
    *first, last = shown
    return gettext("%(first)s and %(last)s", first=", ".join(first), last=last) if first else last
