"""The report of a lecture: every minute from start to end, and figures of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.clock import MINUTE, start_of_minute
from app.language import Translatable
from app.purpose import Purpose
from app.report.interval import ConfusionMatrix, Interval, share_intervals
from app.report.pulse_report import PulseReport, pulse_report_of
from app.report.report_minute import MinuteStatus, Period, ReportMinute, sample_size
from app.store import minute_queries, note_queries, room_queries
from app.store.minute_figures import MinuteFigures, PooledMinutes, mean_faces
from app.store.minute_queries import MAX_REPORTED
from app.store.tables import Lecture, Minute
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.model_card import ModelCard

LIMITS = Translatable(
    "A share is an expression's part of the person-time in view. An expression is how a face looks; it is "
    "not what a person feels, thinks or has understood. The network is often wrong about single faces: the "
    "%(level)s intervals allow for that and for how few were seen, not for a camera that sees faces badly. "
    "Faces that were missed are in no share.",
    level="95 %",
)

PRESENCE_LIMITS = Translatable(
    "Faces were counted; no expression was read. Faces that are turned away, covered or small are often "
    "missed, and other things are now and then taken for a face. A face that is turned to the front may look "
    "anywhere: that says nothing about attention."
)

PULSE_LIMITS = Translatable(
    "What students said is a sample of the class: those who answered. The %(level)s intervals (Wilson) take "
    "them for drawn by chance, but those who answer may differ from the others. An answer counts for five "
    "minutes. Counts change only for three answers or more together, so up to two may be missing.",
    level="95 %",
)

Intervals = dict[Emotion, Interval]


@dataclass(frozen=True, slots=True)
class ReportNote:
    """What somebody wrote down for a moment."""

    id: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ReportConditions:
    """What the figures depend on, and every file therefore names."""

    minimum_group: int
    """No expressions are kept of fewer people. The current one where a lecture's minutes don't say."""
    network: ModelCard


@dataclass(frozen=True, slots=True)
class Report:
    """A lecture, as its page and every export show it."""

    id: int
    title: str
    course: str
    room: str
    started_at: datetime
    ended_at: datetime | None
    """None while it runs."""
    ended_by_itself: bool
    """Whether nobody ended it, until `planned_end` or for LECTURE_HOURS."""
    planned_end: datetime | None
    """When the timetable was to end it."""
    from_recording: bool
    """Whether it was read from a file."""
    minutes: tuple[ReportMinute, ...]
    """Every minute from its start to its end, oldest first; no more than MAX_REPORTED."""
    notes: tuple[ReportNote, ...]
    faces_mean: float | None
    """Faces in view on average while the camera was on; None if it never was."""
    faces_max: int
    shares: dict[Emotion, float] | None
    """Each expression's part of the counted person-time of its minutes; None if there are none."""
    uncertain_share: float | None
    share_intervals: Intervals | None
    seconds: float
    """Length of the lecture so far, or MAX_REPORTED."""
    online_seconds: float
    """How much of it the camera was on."""
    suppressed_minutes: int
    suppressed_below: int | None
    """The largest minimum group that held in them; None if there are none, or if it was not stored."""
    conditions: ReportConditions
    purpose: Purpose
    facing_share: float | None
    """For presence: the part of the counted person-time in which a face was turned to the front; None if
    there is none, or if the detector could not tell."""
    pulse: PulseReport | None
    """What students said; None if they were not asked."""

    @property
    def is_presence(self) -> bool:
        """Whether faces were counted only."""
        return self.purpose is Purpose.PRESENCE

    @property
    def has_camera(self) -> bool:
        """Whether anything but the pulse was read."""
        return self.purpose is not Purpose.PULSE

    @property
    def limits(self) -> Translatable:
        """What the figures can't say."""
        if not self.has_camera:
            return PULSE_LIMITS
        return PRESENCE_LIMITS if self.is_presence else LIMITS

    @property
    def network_sha256(self) -> str | None:
        """The network that read the expressions; None if none were read."""
        return self.conditions.network.sha256 if self.purpose is Purpose.EXPRESSIONS else None

    def notes_in(self, minute: ReportMinute) -> list[ReportNote]:
        """The notes of a minute."""
        return [note for note in self.notes if minute.minute <= note.at < minute.minute + MINUTE]

    @property
    def ended_as_planned(self) -> bool:
        """Whether the timetable ended it."""
        return self.ended_by_itself and self.planned_end is not None

    @property
    def is_cut(self) -> bool:
        """Whether the lecture is longer than what is reported of it."""
        return self.ended_at is not None and self.ended_at - self.started_at > MAX_REPORTED

    @property
    def coverage(self) -> float:
        """The part of the lecture that the camera saw, 0 to 1."""
        return min(1.0, self.online_seconds / self.seconds) if self.seconds else 0.0


def report_of(lecture: Lecture, now: datetime, conditions: ReportConditions) -> Report:
    """The report of a lecture, up to the last full minute before `now` if it is still running."""
    rows = [row for row in minute_queries.minutes_of_lecture(lecture, now) if not row.is_withheld]
    end = lecture.ended_at or max(start_of_minute(now), lecture.started_at)
    end = min(end, lecture.started_at + MAX_REPORTED)
    online = sum(row.online_seconds for row in rows)
    pauses = room_queries.pauses_between(lecture.room, lecture.started_at, end)
    minutes = _every_minute(rows, lecture.started_at, end, pauses)
    purpose = Purpose(lecture.purpose)
    whole = PooledMinutes.of([minute for minute in minutes if minute.shares is not None])
    turned = PooledMinutes.of([minute for minute in minutes if minute.facing_share is not None])
    of_whole, *of_minutes = intervals_of(
        [whole, *minutes], ConfusionMatrix(conditions.network.named_confusion)
    )
    return Report(
        id=lecture.id,
        title=lecture.title,
        course=lecture.course,
        room=lecture.room.name,
        started_at=lecture.started_at,
        ended_at=lecture.ended_at,
        ended_by_itself=lecture.ended_by_itself,
        planned_end=lecture.planned_end,
        from_recording=lecture.from_recording,
        minutes=tuple(
            replace(minute, share_intervals=intervals)
            for minute, intervals in zip(minutes, of_minutes, strict=True)
        ),
        notes=tuple(
            ReportNote(note.id, note.at, note.text) for note in note_queries.notes_of_lecture(lecture)
        ),
        faces_mean=mean_faces(sum(row.face_seconds for row in rows), online) if online else None,
        faces_max=max((row.faces_max for row in rows), default=0),
        shares=whole.shares,
        uncertain_share=whole.uncertain_share,
        share_intervals=of_whole,
        seconds=max(0.0, (end - lecture.started_at).total_seconds()),
        online_seconds=online,
        suppressed_minutes=sum(row.suppressed for row in rows),
        suppressed_below=_largest_group([row for row in rows if row.suppressed]),
        conditions=replace(conditions, minimum_group=_largest_group(rows) or conditions.minimum_group),
        purpose=purpose,
        facing_share=turned.facing_share,
        pulse=pulse_report_of(lecture, minutes),
    )


def _largest_group(rows: Sequence[Minute]) -> int | None:
    return max((row.minimum_group for row in rows if row.minimum_group is not None), default=None)


def intervals_of(parts: Sequence[MinuteFigures], confusion: ConfusionMatrix) -> list[Intervals | None]:
    """The intervals of the shares of each part; None where no expression was named.

    They are estimated for the faces whose expression was named and then, like the shares, given as parts of
    all counted person-time.
    """
    named = [part for part in parts if _has_named(part)]
    rows = share_intervals(
        [[share / (1 - part.uncertain_share) for share in part.shares.values()] for part in named],
        [sample_size(part) for part in named],
        confusion,
    )
    remaining = iter(rows)
    return [_of_all_faces(next(remaining), part) if _has_named(part) else None for part in parts]


def _has_named(part: MinuteFigures) -> bool:
    return part.shares is not None and part.uncertain_share < 1


def _of_all_faces(row: Sequence[Interval], part: MinuteFigures) -> Intervals:
    named_share = 1 - part.uncertain_share
    return {
        emotion: (low * named_share, high * named_share)
        for emotion, (low, high) in zip(EMOTIONS, row, strict=True)
    }


def _every_minute(
    rows: Sequence[Minute], start: datetime, end: datetime, pauses: Sequence[Period]
) -> list[ReportMinute]:
    """The minutes from `start` to `end`, without intervals; one without a row is a gap, or paused."""
    known = {row.minute: row for row in rows}
    first = start_of_minute(min([start, *known]).astimezone(UTC))
    last = max([end - timedelta(microseconds=1), start, *known])
    times = (first + number * MINUTE for number in range(int((last - first) / MINUTE) + 1))
    return [
        report_minute(known[time])
        if time in known
        else ReportMinute(time, MinuteStatus.PAUSED if _is_paused(time, pauses) else MinuteStatus.GAP)
        for time in times
    ]


def _is_paused(minute: datetime, pauses: Sequence[Period]) -> bool:
    """Whether the room was paused in the middle of the minute."""
    return any(start <= minute + MINUTE / 2 < end for start, end in pauses)


def report_minute(row: Minute) -> ReportMinute:
    """A stored minute as it is reported, without intervals."""
    if not row.online_seconds and not row.suppressed:  # a single reading has no length
        return ReportMinute(row.minute, MinuteStatus.GAP)
    if row.suppressed:
        status = MinuteStatus.TOO_FEW
    elif row.is_presence and row.face_seconds:
        status = MinuteStatus.COUNTED
    else:
        status = MinuteStatus.NOBODY if row.shares is None else MinuteStatus.READ
    return ReportMinute(
        minute=row.minute,
        status=status,
        online_seconds=row.online_seconds,
        frames_analysed=row.frames_analysed,
        faces_max=row.faces_max,
        face_seconds=row.face_seconds,
        expression_seconds=row.expression_seconds,
        presence_seconds=row.presence_seconds,
    )
