"""A lecture as it is reported: its minutes without a hole in the list, and its figures as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.records import queries
from app.records.tables import Lecture, Minute
from app.vision.emotion import EMOTIONS, Emotion


class Seen(StrEnum):
    """How much a minute can say."""

    READ = "read"
    NOBODY = "nobody"
    """The camera was on and saw no face."""
    TOO_FEW = "too few"
    """Fewer people than MINIMUM_GROUP: no expressions were kept."""
    GAP = "gap"
    """The camera was dark, or the server was not running."""


@dataclass(frozen=True, slots=True)
class ReportMinute:
    """One minute of a report. A gap has no figures, rather than zeros."""

    minute: datetime
    seen: Seen
    online_seconds: float
    frames_analysed: int
    faces_mean: float | None
    faces_max: int | None
    face_seconds: float | None
    shares: dict[Emotion, float] | None
    uncertain_share: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of a lecture, on its page and in every export."""

    id: int
    title: str
    course: str
    room: str
    started_at: datetime
    ended_at: datetime | None
    """None while it runs."""
    minutes: tuple[ReportMinute, ...]
    """Every minute from its start to its end, oldest first."""
    faces_mean: float | None
    """Faces in view on average while the camera was on; None where it never was."""
    faces_max: int
    shares: dict[Emotion, float] | None
    """Each expression's part of the person-time of the minutes that kept it; None where none did."""
    uncertain_share: float | None
    seconds: float
    """Length of the lecture so far."""
    online_seconds: float
    """Of these, how long the camera was read."""
    suppressed_minutes: int

    @property
    def coverage(self) -> float:
        """The part of the lecture that the camera saw, 0 to 1."""
        return min(1.0, self.online_seconds / self.seconds) if self.seconds else 0.0


def report_of(lecture: Lecture, now: datetime) -> Report:
    """Report a lecture as far as it got by `now`."""
    rows = queries.minutes_of_lecture(lecture)
    end = lecture.ended_at or now
    online = sum(row.online_seconds for row in rows)
    shares, uncertain = _shares([row for row in rows if row.shares is not None])
    return Report(
        id=lecture.id,
        title=lecture.title,
        course=lecture.course,
        room=lecture.room.name,
        started_at=lecture.started_at,
        ended_at=lecture.ended_at,
        minutes=_without_holes(rows, lecture.started_at, end),
        faces_mean=sum(row.face_seconds for row in rows) / online if online else None,
        faces_max=max((row.faces_max for row in rows), default=0),
        shares=shares,
        uncertain_share=uncertain,
        seconds=max(0.0, (end - lecture.started_at).total_seconds()),
        online_seconds=online,
        suppressed_minutes=sum(row.suppressed for row in rows),
    )


def _shares(rows: Sequence[Minute]) -> tuple[dict[Emotion, float] | None, float | None]:
    """Put minutes together by person-time, so that a full minute weighs more than one that saw few."""
    whole = sum(row.face_seconds for row in rows)
    if not whole:
        return None, None
    shares = {
        emotion: sum(getattr(row, f"{emotion}_seconds") for row in rows) / whole for emotion in EMOTIONS
    }
    return shares, sum(row.uncertain_seconds for row in rows) / whole


def _without_holes(rows: Sequence[Minute], start: datetime, end: datetime) -> tuple[ReportMinute, ...]:
    """Fill the minutes that have no row in as gaps."""
    known = {row.minute: row for row in rows}
    first = min([start, *known]).astimezone(UTC).replace(second=0, microsecond=0)
    last = max([end - timedelta(microseconds=1), start, *known])
    count = int((last - first) / timedelta(minutes=1)) + 1
    times = (first + timedelta(minutes=number) for number in range(count))
    return tuple(_report_minute(time, known.get(time)) for time in times)


def _report_minute(time: datetime, row: Minute | None) -> ReportMinute:
    if row is None:
        return ReportMinute(time, Seen.GAP, 0.0, 0, None, None, None, None, None)
    seen = Seen.TOO_FEW if row.suppressed else Seen.READ if row.shares is not None else Seen.NOBODY
    return ReportMinute(
        time,
        seen,
        row.online_seconds,
        row.frames_analysed,
        row.faces_mean,
        row.faces_max,
        row.face_seconds,
        row.shares,
        row.uncertain_share,
    )
