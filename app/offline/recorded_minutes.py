"""Reads a video into the minutes of a lecture, as the live monitor reads its camera."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.monitor.minute_aggregator import MinuteAggregator
from app.store.counted_minute import CountedMinute
from app.throttle import Throttle
from app.vision.detection.sweep import FURTHER_SWEEP_SECONDS
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Frame, Reading

WARM_UP_SECONDS = FURTHER_SWEEP_SECONDS
"""How long before its first minute reading begins, so that the same faces are known then as without a
break."""


@dataclass(frozen=True, slots=True)
class RecordingReading:
    """What reading has reached after one frame."""

    seconds: float
    """The frame's time in the video."""
    minutes: tuple[CountedMinute, ...]
    """Minutes that have been counted to their end since the reading before."""


class RecordedMinutes:
    """Counts the minutes of a recording."""

    def __init__(
        self,
        analyser: FaceAnalyser,
        detect_fps: float,
        minimum_group: int,
        began_at: datetime,
        lecture_id: int,
        first_minute: datetime | None = None,
    ) -> None:
        """`first_minute`: where to go on; earlier ones are stored already."""
        self._analyser = analyser
        self._throttle = Throttle(detect_fps)
        self._minimum_group = minimum_group
        self._began_at = began_at
        self._lecture_id = lecture_id
        self._first_minute = first_minute or datetime.min.replace(tzinfo=began_at.tzinfo)
        self._aggregator = MinuteAggregator()
        self.from_seconds = 0.0
        """Frames before this time of the video are not needed."""
        if first_minute is not None:
            self.from_seconds = max(0.0, (first_minute - began_at).total_seconds() - WARM_UP_SECONDS)

    def read(self, frames: Iterable[Frame]) -> Iterator[RecordingReading]:
        """Analyse DETECT_FPS frames a second of the video; yield after every frame and once at the end."""
        self._analyser.reset()
        seconds = self.from_seconds
        for frame in frames:
            seconds = frame.monotonic
            if seconds >= self.from_seconds and self._throttle.is_due(seconds):
                self._add(frame)
            yield RecordingReading(seconds, tuple(self._finished_minutes()))
        yield RecordingReading(seconds, tuple(self._kept(self._aggregator.unwritten_minutes())))

    def _add(self, frame: Frame) -> None:
        at = self._began_at + timedelta(seconds=frame.monotonic)
        reading = Reading(at, frame.monotonic, self._analyser.analyse(frame))
        self._aggregator.add(reading, self._lecture_id, self._minimum_group)

    def _finished_minutes(self) -> list[CountedMinute]:
        if not self._aggregator.has_finished_minute():
            return []
        counted = self._aggregator.unwritten_minutes()
        return self._kept([minute for minute in counted if self._aggregator.mark_written(minute)])

    def _kept(self, minutes: list[CountedMinute]) -> list[CountedMinute]:
        """The minutes without those of the warm-up."""
        return [minute for minute in minutes if minute.minute >= self._first_minute]
