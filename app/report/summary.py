"""What a report says in words: one sentence, the biggest changes, and what makes it doubtful."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext

from app.report.interval import looks
from app.report.report import MINUTE, Coverage, Report, ReportMinute, ReportNote
from app.report.wording import clock, duration, percent, word
from app.vision.emotion import EMOTIONS, Emotion

SMALLEST_CHANGE = 0.1
"""Of the faces that were read. Less is not worth a teacher's time, however sure."""
SURE = 3.5
"""Standard errors away from the average. An hour has 420 minutes-and-expressions to choose from: by chance
one of them is 3.5 away in one lecture of five, 2 away in every lecture."""
CHANGES = 4  # as many as one reads

AFTER_NOTE = timedelta(minutes=3)  # so long after a note, a peak is mentioned together with it

LITTLE_COVERAGE, MUCH_UNCERTAIN = 0.7, 0.5


@dataclass(frozen=True, slots=True)
class ExpressionChange:
    """A stretch in which an expression was read more, or less, than in the lecture as a whole."""

    emotion: Emotion
    start: datetime
    end: datetime
    peak: datetime
    """The minute in which it was furthest from the average."""
    share: float
    average: float
    faces: float
    """In view on average meanwhile."""

    @property
    def is_rise(self) -> bool:
        """Whether it was read more than usual."""
        return self.share > self.average


def changes(report: Report) -> list[ExpressionChange]:
    """The biggest changes against the lecture's own average, biggest first; of two alike, the rise."""
    if report.shares is None:
        return []
    found = [
        change
        for emotion in EMOTIONS
        for run in _runs(report, emotion)
        if (change := _change(report, emotion, run)) is not None
    ]
    return sorted(
        found, key=lambda change: (-round(abs(change.share - change.average), 2), not change.is_rise)
    )[:CHANGES]


def _runs(report: Report, emotion: Emotion) -> Iterator[Sequence[ReportMinute]]:
    """Minutes in a row that lie well on the same side of the average."""

    def side(minute: ReportMinute) -> int:
        if minute.shares is None or minute.is_weak:
            return 0
        away = minute.shares[emotion] - report.shares[emotion]
        return 0 if abs(away) < SMALLEST_CHANGE / 2 else 1 if away > 0 else -1

    for where, minutes in groupby(report.minutes, side):
        if where:
            yield list(minutes)


def _change(report: Report, emotion: Emotion, run: Sequence[ReportMinute]) -> ExpressionChange | None:
    """The run as a change, if it is large and no chance."""
    person_time = sum(minute.face_seconds for minute in run)
    online = sum(minute.online_seconds for minute in run)
    share = sum(minute.shares[emotion] * minute.face_seconds for minute in run) / person_time
    average = report.shares[emotion]
    seen = looks(person_time / online, online)
    middle = (average * seen + 1) / (seen + 2)  # never 0 or 1, where the error would be none
    error = (middle * (1 - middle) / seen) ** 0.5
    if abs(share - average) < max(SMALLEST_CHANGE, SURE * error):
        return None
    peak = max(run, key=lambda minute: abs(minute.shares[emotion] - average))
    return ExpressionChange(
        emotion, run[0].minute, run[-1].minute + MINUTE, peak.minute, share, average, person_time / online
    )


def spells_of(report: Report, kind: Coverage) -> list[tuple[datetime, datetime]]:
    """When the camera was dark (`Seen.GAP`), or the room paused: from, to."""
    spells = []
    for seen, minutes in groupby(report.minutes, lambda minute: minute.seen):
        run = list(minutes)
        if seen is kind:
            spells.append((run[0].minute, run[-1].minute + MINUTE))
    return spells


def doubts(report: Report) -> list[str]:
    """Why the reading as a whole is weak, if it is: sentences."""
    found = []
    if report.coverage < LITTLE_COVERAGE:
        found.append(gettext("The camera saw only %(share)s of the lecture.", share=percent(report.coverage)))
    if report.uncertain_share is not None and report.uncertain_share > MUCH_UNCERTAIN:
        share = percent(report.uncertain_share)
        found.append(gettext("In %(share)s of the person-time no expression could be named.", share=share))
    read = [minute for minute in report.minutes if minute.shares is not None]
    weak = sum(minute.is_weak for minute in read)
    if read and weak > len(read) / 2:
        found.append(gettext("%(weak)s of %(all)s minutes rest on very few faces.", weak=weak, all=len(read)))
    return found


def sentence(report: Report, timezone: ZoneInfo) -> str:
    """Say the whole lecture in one sentence, times in `timezone`."""
    parts = [_length_and_faces(report)]
    if report.shares is None or report.uncertain_share == 1:
        parts.append(_why_nothing(report))
        return "; ".join(parts) + "."
    parts.append(", ".join(_expressions(report, timezone)))
    if dark := _times(spells_of(report, Coverage.GAP), timezone):
        parts.append(gettext("camera dark %(times)s", times=dark))
    if paused := _times(spells_of(report, Coverage.PAUSED), timezone):
        parts.append(gettext("paused %(times)s", times=paused))
    words = "; ".join(parts) + "."
    return gettext("Weak reading: %(words)s", words=words) if doubts(report) else words


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


def _why_nothing(report: Report) -> str:
    if not report.online_seconds:
        return gettext("the camera gave no picture")
    if not report.faces_mean:
        return gettext("nobody was in view")
    if not report.suppressed_minutes:
        return gettext("no expression could be read")
    return gettext(
        "fewer than %(least)s people were in view, so no expressions were kept",
        least=report.conditions.minimum_group,
    )


def _expressions(report: Report, timezone: ZoneInfo) -> Iterator[str]:
    most = max(report.shares, key=report.shares.get)
    values = {"expression": word(most), "share": percent(report.shares[most])}
    if report.shares[most] >= 0.5:
        yield gettext("mostly %(expression)s (%(share)s)", **values)
    else:
        yield gettext("most often %(expression)s (%(share)s)", **values)
    rises = [change for change in changes(report) if change.is_rise]
    if rises:
        # smiles are what most teachers look for, so they come first
        rise = next((change for change in rises if change.emotion is Emotion.HAPPY), rises[0])
        yield _most(rise, timezone, note_before(report, rise.peak))


def _most(rise: ExpressionChange, timezone: ZoneInfo, note: ReportNote | None) -> str:
    """When an expression was read most, and after which note."""
    time = clock(rise.peak, timezone)
    if note:
        time = gettext("%(time)s after “%(note)s”", time=time, note=note.text)
    if rise.emotion is Emotion.HAPPY:
        return gettext("most smiles at %(time)s", time=time)
    return gettext("most %(expression)s expressions at %(time)s", expression=word(rise.emotion), time=time)


def note_before(report: Report, minute: datetime) -> ReportNote | None:
    """The note that a minute may have to do with: the last one in it or shortly before."""
    near = [note for note in report.notes if minute - AFTER_NOTE <= note.at < minute + MINUTE]
    return near[-1] if near else None


def _times(spells: Sequence[tuple[datetime, datetime]], timezone: ZoneInfo) -> str:
    shown = [f"{clock(start, timezone)}–{clock(end, timezone)}" for start, end in spells[:2]]
    if len(spells) > 2:
        shown.append(ngettext("%(num)s time more", "%(num)s times more", len(spells) - 2))
    if not shown:
        return ""
    *first, last = shown
    return gettext("%(first)s and %(last)s", first=", ".join(first), last=last) if first else last
