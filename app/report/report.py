"""A lecture as it is reported: its minutes without a hole in the list, and its figures as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.language import Words
from app.report.interval import Interval, looks, share_intervals
from app.report.model_card import ModelCard
from app.store import minute_queries, room_queries
from app.store.counted_minute import faces_on_average
from app.store.note_queries import notes_of_lecture
from app.store.tables import Lecture, Minute
from app.vision.emotion import EMOTIONS, Emotion

FEW_LOOKS = 10
"""With fewer independent looks, a single one moves a share by more than a tenth: the minute says little."""

MINUTE = timedelta(minutes=1)

LIMITS = Words(
    "A share is an expression's part of the person-time in view. An expression is how a face looks; it is "
    "not what a person feels, thinks or has understood. The network is often wrong about single faces: the "
    "%(level)s intervals allow for that and for how few were seen, not for a camera that sees faces badly. "
    "Faces that were missed are in no share.",
    level="95 %",
)


class Coverage(StrEnum):
    """How much a minute can say."""

    READ = "read"
    NOBODY = "nobody"
    """The camera was on and saw no face."""
    TOO_FEW = "too few"
    """Fewer people than MINIMUM_GROUP: no expressions were kept."""
    GAP = "gap"
    """The camera was dark, or the server was not running."""
    PAUSED = "paused"
    """Somebody wanted nothing to be looked at."""


@dataclass(frozen=True, slots=True)
class ReportMinute:
    """One minute of a report. A gap has no figures, rather than zeros."""

    minute: datetime
    seen: Coverage
    online_seconds: float = 0.0
    frames_analysed: int = 0
    faces_mean: float | None = None
    faces_max: int | None = None
    face_seconds: float | None = None
    shares: dict[Emotion, float] | None = None
    """As read, of all person-time: with `uncertain_share` they add up to 1."""
    uncertain_share: float | None = None
    share_intervals: dict[Emotion, Interval] | None = None
    """Where each true share lies, in 95 of 100 such minutes; None where nothing was read for certain."""

    @property
    def looks(self) -> float:
        """Independent looks behind the shares."""
        if self.shares is None:
            return 0.0
        return looks(self.faces_mean * (1 - self.uncertain_share), self.online_seconds)

    @property
    def is_weak(self) -> bool:
        """Whether so little was read that the shares say little."""
        return bool(self.looks < FEW_LOOKS)


@dataclass(frozen=True, slots=True)
class ReportNote:
    """What somebody wrote down for a moment."""

    id: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ReportConditions:
    """What the figures depend on."""

    minimum_group: int
    """Below so many people no expressions are kept."""
    network: ModelCard


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
    notes: tuple[ReportNote, ...]
    faces_mean: float | None
    """Faces in view on average while the camera was on; None where it never was."""
    faces_max: int
    shares: dict[Emotion, float] | None
    """Each expression's part of the person-time of the minutes that kept it; None where none did."""
    uncertain_share: float | None
    share_intervals: dict[Emotion, Interval] | None
    seconds: float
    """Length of the lecture so far."""
    online_seconds: float
    """Of these, how long the camera was read."""
    suppressed_minutes: int
    conditions: ReportConditions

    def notes_in(self, minute: ReportMinute) -> list[ReportNote]:
        """The notes of a minute."""
        return [note for note in self.notes if minute.minute <= note.at < minute.minute + MINUTE]

    @property
    def coverage(self) -> float:
        """The part of the lecture that the camera saw, 0 to 1."""
        return min(1.0, self.online_seconds / self.seconds) if self.seconds else 0.0


def report_of(lecture: Lecture, now: datetime, conditions: ReportConditions) -> Report:
    """Report a lecture as far as it got by `now`."""
    rows = minute_queries.minutes_of_lecture(lecture)
    end = lecture.ended_at or now
    online = sum(row.online_seconds for row in rows)
    read = [row for row in rows if row.shares is not None]
    shares, uncertain = _shares(read)
    intervals = _intervals(read, shares, uncertain, conditions.network)
    pauses = room_queries.pauses(lecture.room, lecture.started_at, end)
    return Report(
        id=lecture.id,
        title=lecture.title,
        course=lecture.course,
        room=lecture.room.name,
        started_at=lecture.started_at,
        ended_at=lecture.ended_at,
        minutes=_without_holes(rows, intervals, lecture.started_at, end, pauses),
        notes=tuple(ReportNote(note.id, note.at, note.text) for note in notes_of_lecture(lecture)),
        faces_mean=faces_on_average(sum(row.face_seconds for row in rows), online) if online else None,
        faces_max=max((row.faces_max for row in rows), default=0),
        shares=shares,
        uncertain_share=uncertain,
        share_intervals=intervals.get(None),
        seconds=max(0.0, (end - lecture.started_at).total_seconds()),
        online_seconds=online,
        suppressed_minutes=sum(row.suppressed for row in rows),
        conditions=conditions,
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


def _intervals(
    rows: Sequence[Minute], shares: dict | None, uncertain: float | None, network: ModelCard
) -> dict[datetime | None, dict[Emotion, Interval]]:
    """The intervals of each minute by its start, and of the whole lecture under None.

    They are made for the faces whose expression was named and, like the shares, given as parts of all.
    """
    parts = [
        (row.minute, row.shares, row.uncertain_share, row.faces_mean, row.online_seconds) for row in rows
    ]
    if shares is not None:
        online = sum(row.online_seconds for row in rows)
        faces = sum(row.face_seconds for row in rows) / online
        parts.append((None, shares, uncertain, faces, online))
    parts = [part for part in parts if part[2] < 1]
    found = share_intervals(
        [[share / (1 - unsure) for share in shares.values()] for _, shares, unsure, _, _ in parts],
        [looks(faces * (1 - unsure), seconds) for _, _, unsure, faces, seconds in parts],
        network.confusion,
    )
    return {
        part[0]: {
            emotion: (low * (1 - part[2]), high * (1 - part[2]))
            for emotion, (low, high) in zip(EMOTIONS, row, strict=True)
        }
        for part, row in zip(parts, found, strict=True)
    }


def _without_holes(
    rows: Sequence[Minute],
    intervals: dict,
    start: datetime,
    end: datetime,
    pauses: Sequence[tuple[datetime, datetime]],
) -> tuple[ReportMinute, ...]:
    """Fill the minutes that have no row in as gaps, or as paused."""
    known = {row.minute: row for row in rows}
    first = min([start, *known]).astimezone(UTC).replace(second=0, microsecond=0)
    last = max([end - timedelta(microseconds=1), start, *known])
    times = (first + number * MINUTE for number in range(int((last - first) / MINUTE) + 1))
    return tuple(
        _report_minute(known[time], intervals.get(time))
        if time in known
        else ReportMinute(time, Coverage.PAUSED if _is_paused(time, pauses) else Coverage.GAP)
        for time in times
    )


def _is_paused(minute: datetime, pauses: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether the room was paused in the middle of the minute."""
    return any(begin <= minute + MINUTE / 2 < end for begin, end in pauses)


def _report_minute(row: Minute, intervals: dict[Emotion, Interval] | None) -> ReportMinute:
    return ReportMinute(
        minute=row.minute,
        seen=Coverage.TOO_FEW
        if row.suppressed
        else Coverage.READ
        if row.shares is not None
        else Coverage.NOBODY,
        online_seconds=row.online_seconds,
        frames_analysed=row.frames_analysed,
        faces_mean=row.faces_mean,
        faces_max=row.faces_max,
        face_seconds=row.face_seconds,
        shares=row.shares,
        uncertain_share=row.uncertain_share,
        share_intervals=intervals,
    )


def in_steps(minutes: Sequence[ReportMinute], step: int) -> list[ReportMinute]:
    """Put every `step` minutes into one, weighed by their person-time."""
    if step == 1:
        return list(minutes)
    return [_as_one(minutes[start : start + step]) for start in range(0, len(minutes), step)]


def _as_one(minutes: Sequence[ReportMinute]) -> ReportMinute:
    read = [minute for minute in minutes if minute.shares is not None]
    start = minutes[0].minute
    if not read:
        says_most = [Coverage.GAP, Coverage.PAUSED, Coverage.NOBODY, Coverage.TOO_FEW].index
        seen = max((minute.seen for minute in minutes), key=says_most)
        return ReportMinute(start, seen)
    person_time = sum(minute.face_seconds for minute in read)
    online = sum(minute.online_seconds for minute in read)

    def whole(part) -> float:
        return sum(part(minute) * minute.face_seconds for minute in read) / person_time

    return ReportMinute(
        minute=start,
        seen=Coverage.READ,
        online_seconds=online,
        faces_mean=faces_on_average(person_time, online),
        face_seconds=person_time,
        shares={emotion: whole(lambda minute, e=emotion: minute.shares[e]) for emotion in EMOTIONS},
        uncertain_share=whole(lambda minute: minute.uncertain_share),
    )
