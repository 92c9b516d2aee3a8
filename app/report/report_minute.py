"""One minute of a report, and several merged into one where there is room for fewer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from app.report.interval import Interval, effective_sample_size
from app.store.minute_figures import (
    ExpressionSeconds,
    MinuteFigures,
    PooledMinutes,
    PresenceSeconds,
    mean_faces,
)
from app.vision.emotion import Emotion

Period = tuple[datetime, datetime]
"""From, to."""

MIN_SAMPLE_SIZE = 10
"""Below it, a single look moves a share by more than a tenth: the minute is weak evidence."""


FACING, TURNED, IN_VIEW = "facing", "turned", "in-view"
"""What a face counts as for presence; the last where the detector can't tell."""


class MinuteStatus(StrEnum):
    """Whether a minute has shares, and if not, why."""

    READ = "read"
    NOBODY = "nobody"
    """The camera was on and saw no face."""
    TOO_FEW = "too few"
    """Fewer people than MINIMUM_GROUP: no expressions were kept."""
    COUNTED = "counted"
    """Faces were counted and no expression was read: that is presence."""
    GAP = "gap"
    """The camera was dark, or the server was not running."""
    PAUSED = "paused"
    """Somebody had paused the room."""


@dataclass(frozen=True)
class ReportMinute(MinuteFigures):
    """One minute of a report. A gap has None for its figures, not zeros.

    Its shares are as read, of all counted person-time. They are computed once: a page asks for them some
    dozen times.
    """

    minute: datetime
    status: MinuteStatus
    online_seconds: float = 0.0
    frames_analysed: int = 0
    faces_max: int | None = None
    face_seconds: float | None = None
    expression_seconds: ExpressionSeconds | None = None
    presence_seconds: PresenceSeconds | None = None
    share_intervals: dict[Emotion, Interval] | None = None
    """Where each true share lies, in 95 of 100 such minutes; None where no expression was named."""

    @cached_property
    def all_shares(self) -> dict[str, float] | None:
        return super().all_shares

    @cached_property
    def shares(self) -> dict[Emotion, float] | None:
        return super().shares

    @property
    def faces_by_turn(self) -> dict[str, float]:
        """How many faces, on average, are turned to the front or away; all in view if that is not known."""
        if self.facing_share is None:
            return {IN_VIEW: self.faces_mean or 0.0}
        facing = self.faces_mean * self.facing_share
        return {FACING: facing, TURNED: self.faces_mean - facing}

    @cached_property
    def is_weak(self) -> bool:
        """Whether the sample is too small for the shares to say much."""
        return self.status is not MinuteStatus.COUNTED and bool(sample_size(self) < MIN_SAMPLE_SIZE)


def sample_size(minute: MinuteFigures) -> float:
    """The effective sample size behind a minute's shares: looks at faces whose expression was named."""
    if minute.shares is None:
        return 0.0
    faces = mean_faces(minute.counted_seconds, minute.online_seconds)
    return effective_sample_size(faces * (1 - minute.uncertain_share), minute.online_seconds)


def merge_minutes(minutes: Sequence[ReportMinute], count: int) -> list[ReportMinute]:
    """Merge every `count` minutes into one, each weighted by its counted person-time."""
    if count == 1:
        return list(minutes)
    return [_merged(minutes[start : start + count]) for start in range(0, len(minutes), count)]


_BY_INFORMATION = (
    MinuteStatus.GAP,
    MinuteStatus.PAUSED,
    MinuteStatus.NOBODY,
    MinuteStatus.TOO_FEW,
    MinuteStatus.COUNTED,
)


def _merged(minutes: Sequence[ReportMinute]) -> ReportMinute:
    start = minutes[0].minute
    read = [minute for minute in minutes if minute.shares is not None]
    status = max((minute.status for minute in minutes), key=_BY_INFORMATION.index) if not read else None
    if status is MinuteStatus.COUNTED:
        read = [minute for minute in minutes if minute.face_seconds is not None]
    if not read:
        return ReportMinute(start, status)
    pooled = PooledMinutes.of(read)
    return ReportMinute(
        minute=start,
        status=status or MinuteStatus.READ,
        online_seconds=pooled.online_seconds,
        faces_max=max(minute.faces_max or 0 for minute in read),
        face_seconds=pooled.face_seconds,
        expression_seconds=pooled.expression_seconds,
        presence_seconds=pooled.presence_seconds,
    )
