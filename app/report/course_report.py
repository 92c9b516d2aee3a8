"""A course over time: each lecture as a whole, and the mean lecture minute by minute."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.clock import EPOCH, MINUTE, start_of_minute
from app.report.interval import ConfusionMatrix
from app.report.lecture_report import Intervals, ReportConditions, intervals_of
from app.report.report_minute import MinuteStatus, ReportMinute
from app.report.stack_chart import row_top
from app.store import minute_queries
from app.store.minute_figures import PooledMinutes
from app.store.tables import Lecture, Minute
from app.vision.emotion import UNCERTAIN, Emotion
from app.vision.palette import STACK_ORDER


@dataclass(frozen=True, slots=True)
class CourseLecture:
    """One lecture of a course."""

    id: int
    title: str
    started_at: datetime
    seconds: float
    """Its length; 0 while it runs."""
    faces_mean: float | None
    shares: dict[Emotion, float] | None
    """None where no expressions were read."""
    uncertain_share: float | None
    share_intervals: Intervals | None


@dataclass(frozen=True, slots=True)
class CourseRow:
    """An expression over the lectures of a course."""

    kind: str
    top: float
    """The share at the row's upper edge."""


@dataclass(frozen=True, slots=True)
class CourseReport:
    """What the page of a course shows."""

    name: str
    lectures: tuple[CourseLecture, ...]
    """Oldest first."""
    minutes: tuple[ReportMinute, ...]
    """The mean lecture: minute 0 lies at EPOCH. It is as long as at least half of the lectures were."""
    whole: PooledMinutes
    """All lectures as one."""
    share_intervals: Intervals | None

    @property
    def read(self) -> list[CourseLecture]:
        """The lectures whose expressions were read."""
        return [lecture for lecture in self.lectures if lecture.shares is not None]

    @property
    def rows(self) -> list[CourseRow]:
        """A row for each expression, in the order of the stack; the uncertain last."""
        return [CourseRow(kind, _row_top(self.read, kind)) for kind in (*STACK_ORDER, UNCERTAIN)]


def course_report(
    name: str, lectures: Sequence[Lecture], now: datetime, conditions: ReportConditions
) -> CourseReport:
    """The report of a course with these lectures, oldest first."""
    minutes = minute_queries.minutes_of_lectures(lectures, now)
    read = [[row for row in minutes[lecture.id] if row.shares is not None] for lecture in lectures]
    wholes = [PooledMinutes.of(rows) for rows in read]
    together = PooledMinutes.of([row for rows in read for row in rows])
    unread = [[row for row in minutes[lecture.id] if row.shares is None] for lecture in lectures]
    mean = _mean_lecture(lectures, read, unread)
    confusion = ConfusionMatrix(conditions.network.named_confusion)
    of_course, *intervals = intervals_of([together, *wholes, *mean], confusion)
    return CourseReport(
        name,
        tuple(
            CourseLecture(
                id=lecture.id,
                title=lecture.title,
                started_at=lecture.started_at,
                seconds=(lecture.ended_at - lecture.started_at).total_seconds() if lecture.ended_at else 0.0,
                faces_mean=PooledMinutes.of(minutes[lecture.id]).faces_mean if minutes[lecture.id] else None,
                shares=whole.shares,
                uncertain_share=whole.uncertain_share,
                share_intervals=ends,
            )
            for lecture, whole, ends in zip(lectures, wholes, intervals, strict=False)
        ),
        tuple(
            replace(minute, share_intervals=ends)
            for minute, ends in zip(mean, intervals[len(wholes) :], strict=True)
        ),
        together,
        of_course,
    )


def _mean_lecture(
    lectures: Sequence[Lecture], read: Sequence[Sequence[Minute]], unread: Sequence[Sequence[Minute]]
) -> list[ReportMinute]:
    """Pool the minutes that are equally far from their lecture's beginning."""
    by_place, unread_by_place = _by_place(lectures, read), _by_place(lectures, unread)
    lengths = [max(_places(lecture, rows)) + 1 for lecture, rows in zip(lectures, read, strict=True) if rows]
    if not lengths:
        return []
    length = sorted(lengths, reverse=True)[(len(lengths) - 1) // 2]
    return [_mean_minute(at, by_place.get(at, ()), unread_by_place.get(at, ())) for at in range(length)]


def _by_place(lectures: Sequence[Lecture], minutes: Sequence[Sequence[Minute]]) -> dict[int, list[Minute]]:
    """The minutes of several lectures, by how many minutes after its lecture's beginning each is."""
    by_place: dict[int, list[Minute]] = {}
    for lecture, rows in zip(lectures, minutes, strict=True):
        for place, row in zip(_places(lecture, rows), rows, strict=True):
            by_place.setdefault(place, []).append(row)
    return by_place


def _places(lecture: Lecture, rows: Sequence[Minute]) -> list[int]:
    begin = start_of_minute(lecture.started_at)
    return [round((row.minute - begin) / MINUTE) for row in rows]


def _mean_minute(place: int, rows: Sequence[Minute], unread: Sequence[Minute]) -> ReportMinute:
    minute = EPOCH + timedelta(minutes=place)
    if not rows:
        return ReportMinute(minute, _why_unread(unread))
    pooled = PooledMinutes.of(rows)
    return ReportMinute(
        minute=minute,
        status=MinuteStatus.READ,
        online_seconds=pooled.online_seconds,
        faces_max=max(row.faces_max for row in rows),
        face_seconds=pooled.face_seconds,
        expression_seconds=pooled.expression_seconds,
    )


def _why_unread(rows: Sequence[Minute]) -> MinuteStatus:
    if any(row.suppressed for row in rows):
        return MinuteStatus.TOO_FEW
    return MinuteStatus.NOBODY if any(row.online_seconds for row in rows) else MinuteStatus.GAP


def _row_top(lectures: Sequence[CourseLecture], kind: str) -> float:
    if kind == UNCERTAIN:
        most = max((lecture.uncertain_share for lecture in lectures), default=0.0)
    else:
        ends = [(lecture.share_intervals or {}).get(kind, (0.0, 0.0))[1] for lecture in lectures]
        most = max([0.0, *ends, *(lecture.shares[kind] for lecture in lectures)])
    return row_top(most)
