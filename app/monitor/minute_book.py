"""Readings become minutes: each face weighs as long as it was seen.

Seconds are counted, not frames, so that a minute read at 5 frames a second equals the same minute read at 30.
Durations come from the clock that never jumps; the wall clock only says which minute they belong to.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.store.counted_minute import NO_EXPRESSION_SECONDS, CountedMinute, MinuteKey
from app.vision.emotion import EMOTIONS
from app.vision.frame import Face, Reading

LONGEST_STEP = 2.0  # seconds; a longer silence between two readings is a gap, not a long look
CLOCKS_AGREE = 0.25  # seconds; if the clocks differ by more over one step, the wall clock was set meanwhile


class MinuteBook:
    """Counts readings into minutes, and keeps each minute until it is written."""

    def __init__(self) -> None:
        self._before: Reading | None = None
        self._open: MinuteKey | None = None
        self._minutes: dict[MinuteKey, CountedMinute] = {}

    def add(self, reading: Reading, lecture_id: int | None) -> None:
        """Count `reading`, and the time since the one before it for every face seen in both."""
        if self._before is not None:
            for minute, seconds in _steps(self._before, reading):
                self._count(_step(self._before, reading, minute, lecture_id, seconds))
        minute = start_of_minute(reading.at)
        self._count(CountedMinute(minute, lecture_id, frames_analysed=1, faces_max=len(reading.faces)))
        self._open = (minute, lecture_id)
        self._before = reading

    def unwritten(self) -> list[CountedMinute]:
        """Every minute counted here, as it stands, that was not finished and written."""
        return list(self._minutes.values())

    def has_finished_minute(self) -> bool:
        """Whether a minute to which nothing more is added waits to be written."""
        return any(key != self._open for key in self._minutes)

    def written(self, counted: CountedMinute) -> bool:
        """Take note that `counted` is safe; gives True once the book is done with that minute."""
        if counted.key == self._open or self._minutes.get(counted.key) != counted:
            return False
        del self._minutes[counted.key]
        return True

    def _count(self, part: CountedMinute) -> None:
        known = self._minutes.get(part.key)
        self._minutes[part.key] = known.merged_with(part) if known else part


def start_of_minute(at: datetime) -> datetime:
    """Cut a moment down to its minute."""
    return at.replace(second=0, microsecond=0)


def _steps(before: Reading, now: Reading) -> Iterable[tuple[datetime, float]]:
    """Say which minutes the seconds between two readings belong to: [(start of minute, seconds)]."""
    seconds = now.monotonic - before.monotonic
    if not 0 < seconds <= LONGEST_STEP:
        return []
    first, last = start_of_minute(before.at), start_of_minute(now.at)
    wall = (now.at - before.at).total_seconds()
    if first == last or abs(wall - seconds) > CLOCKS_AGREE:
        return [(last, seconds)]
    in_last = min(seconds, (now.at - last) / timedelta(seconds=1))
    return [(first, seconds - in_last), (last, in_last)]


def _step(
    before: Reading, now: Reading, minute: datetime, lecture_id: int | None, seconds: float
) -> CountedMinute:
    """Count `seconds` for the camera, and for each face in both readings by its expression before."""
    still_here = {face.track for face in now.faces}
    spans = list(NO_EXPRESSION_SECONDS)
    for face in before.faces:
        if face.track in still_here:
            spans[_column(face)] += seconds
    return CountedMinute(
        minute, lecture_id, online_seconds=seconds, face_seconds=sum(spans), expression_seconds=tuple(spans)
    )


_COLUMNS = {emotion: column for column, emotion in enumerate(EMOTIONS)}


def _column(face: Face) -> int:
    return _COLUMNS[face.emotion] if face.emotion is not None else len(EMOTIONS)
