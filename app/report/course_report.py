"""A course over time: each lecture as a whole, and the mean lecture minute by minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from app.clock import EPOCH, MINUTE, start_of_minute
from app.pulse.choice import Choice
from app.pulse.correlation import RankCorrelation, pooled
from app.report.interval import ConfusionMatrix, Interval
from app.report.lecture_report import Intervals, ReportConditions, intervals_of, report_minute
from app.report.pulse_report import pulse_report
from app.report.report_minute import FACING, IN_VIEW, MinuteStatus, ReportMinute
from app.report.stack_chart import row_top
from app.store import minute_queries, pulse_queries
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
    facing_share: float | None
    shares: dict[Emotion, float] | None
    """None where no expressions were read."""
    uncertain_share: float | None
    share_intervals: Intervals | None
    has_pulse: bool
    """Whether students were asked."""
    answered_mean: float | None
    said_shares: dict[Choice, float] | None
    """None if they were not asked, or if too few answered."""
    said_intervals: dict[Choice, Interval] | None


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A figure over the lectures of a course."""

    kind: str
    """An expression, a part of presence or a choice of the pulse."""
    values: tuple[float | None, ...]
    """A lecture's share; for IN_VIEW, its number of faces."""
    intervals: tuple[Interval | None, ...]
    top: float
    """The value at the row's upper edge."""

    @property
    def is_share(self) -> bool:
        """Whether the values are parts of something."""
        return self.kind != IN_VIEW


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
    correlation: RankCorrelation | None
    """Of *lost* with unpleasant expressions, over all lectures; None if unknown."""

    @property
    def read(self) -> list[CourseLecture]:
        """The lectures whose expressions were read."""
        return [lecture for lecture in self.lectures if lecture.shares is not None]

    @property
    def rows(self) -> list[CourseRow]:
        """A row for each expression, in the order of the stack; the uncertain last."""
        shares = [{**lecture.shares, UNCERTAIN: lecture.uncertain_share} for lecture in self.read]
        intervals = [lecture.share_intervals for lecture in self.read]
        return [_row(kind, shares, intervals) for kind in (*STACK_ORDER, UNCERTAIN)]

    @property
    def said(self) -> list[CourseLecture]:
        """The lectures in which enough students answered."""
        return [lecture for lecture in self.lectures if lecture.said_shares is not None]

    @property
    def said_rows(self) -> list[CourseRow]:
        """A row for each choice."""
        shares = [lecture.said_shares for lecture in self.said]
        intervals = [lecture.said_intervals for lecture in self.said]
        return [_row(choice, shares, intervals) for choice in Choice]

    @property
    def counted(self) -> list[CourseLecture]:
        """The lectures that a camera saw."""
        return [lecture for lecture in self.lectures if lecture.faces_mean is not None]

    @property
    def is_turn_known(self) -> bool:
        """Whether the detector could tell in some lecture who is turned to the front."""
        return any(lecture.facing_share is not None for lecture in self.counted)

    @property
    def faces_rows(self) -> list[CourseRow]:
        """How many faces were in view, and how many of them were turned to the front if that is known."""
        faces = tuple(lecture.faces_mean for lecture in self.counted)
        facing = [{FACING: lecture.facing_share} for lecture in self.counted]
        no_intervals = (None,) * len(faces)
        rows = [CourseRow(IN_VIEW, faces, no_intervals, max(1, ceil(max(faces, default=0))))]
        if self.is_turn_known:
            rows.append(_row(FACING, facing, no_intervals))
        return rows


def course_report(
    name: str, lectures: Sequence[Lecture], now: datetime, conditions: ReportConditions
) -> CourseReport:
    """The report of a course with these lectures, oldest first."""
    minutes = minute_queries.minutes_of_lectures(lectures, now)
    seen = [PooledMinutes.of(minutes[lecture.id]) for lecture in lectures]
    pulses = [
        pulse_report(rows, [report_minute(row) for row in minutes[lecture_id]]) if rows else None
        for lecture_id, rows in pulse_queries.minutes_of_pulses(lectures).items()
    ]
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
                faces_mean=all_seen.faces_mean if all_seen.online_seconds else None,
                facing_share=all_seen.facing_share,
                shares=whole.shares,
                uncertain_share=whole.uncertain_share,
                share_intervals=ends,
                has_pulse=pulse is not None,
                answered_mean=pulse and pulse.answered_mean,
                said_shares=pulse and pulse.shares,
                said_intervals=pulse and pulse.share_intervals,
            )
            for lecture, all_seen, whole, ends, pulse in zip(
                lectures, seen, wholes, intervals, pulses, strict=False
            )
        ),
        tuple(
            replace(minute, share_intervals=ends)
            for minute, ends in zip(mean, intervals[len(wholes) :], strict=True)
        ),
        together,
        of_course,
        pooled([pulse.correlation for pulse in pulses if pulse and pulse.correlation]),
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


def _row(
    kind: str,
    shares: Sequence[Mapping[str, float | None]],
    intervals: Sequence[Mapping[str, Interval] | None],
) -> CourseRow:
    """A row of shares, with the smallest scale that holds them and their intervals."""
    values = tuple(each[kind] for each in shares)
    ends = tuple((each or {}).get(kind) for each in intervals)
    most = max([0.0, *(value or 0.0 for value in values), *(high for _, high in filter(None, ends))])
    return CourseRow(kind, values, ends, row_top(most))
