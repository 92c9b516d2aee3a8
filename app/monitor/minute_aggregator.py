"""Aggregates readings into minutes: each face weighs as long as it was seen.

It counts seconds, not frames, so that a minute read at 5 frames a second equals the same minute read at 30.
Durations come from the clock that never jumps; the wall clock only says which minute they belong to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.clock import start_of_minute
from app.purpose import Purpose
from app.store.counted_minute import NO_EXPRESSION_SECONDS, CountedMinute, MinuteKey
from app.store.minute_figures import PresenceSeconds
from app.vision.emotion import EMOTIONS
from app.vision.frame import Face, Reading

MAX_STEP_SECONDS = 2.0  # a longer silence between two readings is a gap, not a long look
MAX_WAITING = 24 * 60
"""Minutes that wait for the database: a day's. Then the oldest are dropped."""
MAX_CLOCK_DIFFERENCE_SECONDS = 0.25  # over one step; where the clocks differ more, the wall clock was set


class MinuteAggregator:
    """Counts readings into minutes, and keeps each minute until it is written."""

    def __init__(self) -> None:
        self._previous: Reading | None = None
        self._open_key: MinuteKey | None = None
        self._minutes: dict[MinuteKey, CountedMinute] = {}

    def add(self, reading: Reading, lecture_id: int | None, minimum_group: int) -> None:
        """Count `reading`, and the time since the previous one for every face that is in both.

        Their expressions count only where at least `minimum_group` faces are in both.
        """
        if self._previous is not None:
            for minute, seconds in _split_at_minute(self._previous, reading):
                key = (minute, lecture_id)
                self._count(_count_step(key, self._previous, reading, seconds, minimum_group))
        minute = start_of_minute(reading.at)
        self._count(
            CountedMinute(
                minute,
                lecture_id,
                frames_analysed=1,
                faces_max=len(reading.faces),
                purpose=reading.purpose,
            )
        )
        self._open_key = (minute, lecture_id)
        self._previous = reading

    def is_open(self, key: MinuteKey) -> bool:
        """Whether the newest reading lies in this minute, so that it can still grow."""
        return key == self._open_key

    def close_minute(self) -> None:
        """Let the open minute grow no more: its lecture has ended."""
        self._open_key = None

    def unwritten_minutes(self) -> list[CountedMinute]:
        """Every minute that is still open or was not written since it finished, as counted so far."""
        return list(self._minutes.values())

    def has_finished_minute(self) -> bool:
        """Whether a minute that can't grow any more waits to be written."""
        return any(not self.is_open(key) for key in self._minutes)

    def mark_written(self, counted: CountedMinute) -> bool:
        """Forget `counted` if it is finished; gives False where it is open, or grew while it was written."""
        if self.is_open(counted.key) or self._minutes.get(counted.key) != counted:
            return False
        del self._minutes[counted.key]
        return True

    def _count(self, counted: CountedMinute) -> None:
        earlier = self._minutes.get(counted.key)
        self._minutes[counted.key] = earlier.merged_with(counted) if earlier else counted
        if len(self._minutes) > MAX_WAITING:
            del self._minutes[next(iter(self._minutes))]


def _split_at_minute(previous: Reading, now: Reading) -> list[tuple[datetime, float]]:
    """The seconds between two readings, by minute: [(start of minute, seconds)]; empty for a gap."""
    seconds = now.monotonic - previous.monotonic
    if not 0 < seconds <= MAX_STEP_SECONDS:
        return []
    first, last = start_of_minute(previous.at), start_of_minute(now.at)
    wall_seconds = (now.at - previous.at).total_seconds()
    if first == last or abs(wall_seconds - seconds) > MAX_CLOCK_DIFFERENCE_SECONDS:
        return [(last, seconds)]
    seconds_in_last = min(seconds, (now.at - last) / timedelta(seconds=1))
    return [(first, seconds - seconds_in_last), (last, seconds_in_last)]


def _count_step(
    key: MinuteKey, previous: Reading, now: Reading, seconds: float, minimum_group: int
) -> CountedMinute:
    """Count `seconds` for the camera, and for each face in both readings under its previous expression.

    Fewer than `minimum_group` of them count as faces only. For presence, no expression counts.
    """
    tracks_now = {face.track_id for face in now.faces}
    staying = [face for face in previous.faces if face.track_id in tracks_now]
    is_group = len(staying) >= minimum_group
    if now.purpose is Purpose.PRESENCE:
        return CountedMinute(
            *key,
            online_seconds=seconds,
            face_seconds=len(staying) * seconds,
            presence_seconds=_presence_seconds(staying, seconds if is_group else 0.0),
            purpose=Purpose.PRESENCE,
        )
    spans = list(NO_EXPRESSION_SECONDS)
    if is_group:
        for face in staying:
            spans[_column(face)] += seconds
    return CountedMinute(
        *key,
        online_seconds=seconds,
        face_seconds=len(staying) * seconds,
        expression_seconds=tuple(spans),
    )


def _presence_seconds(faces: Sequence[Face], seconds: float) -> PresenceSeconds | None:
    """The person-time of faces that are turned to the front and of others; None if none can be told."""
    turns = [face.is_frontal for face in faces if face.is_frontal is not None]
    if not turns:
        return None
    return sum(turns) * seconds, (len(turns) - sum(turns)) * seconds


_COLUMNS = {emotion: column for column, emotion in enumerate(EMOTIONS)}


def _column(face: Face) -> int:
    """The expression's place among EMOTIONS; the column behind them counts uncertain faces."""
    return _COLUMNS[face.emotion] if face.emotion is not None else len(EMOTIONS)
