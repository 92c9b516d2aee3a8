"""Reads a video into the minutes of a lecture, as the live monitor reads its camera."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import start_of_minute
from app.monitor.minute_aggregator import MinuteAggregator
from app.offline.video_reader import VideoReader
from app.purpose import Purpose
from app.store.counted_minute import CountedMinute
from app.store.tables import Lecture
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
        lecture: Lecture,
        first_minute: datetime | None = None,
    ) -> None:
        """`first_minute` is where counting resumes; earlier minutes are stored already."""
        self._analyser = analyser
        self._throttle = Throttle(detect_fps)
        self._minimum_group = minimum_group
        self._purpose = Purpose(lecture.purpose)
        self._began_at = lecture.started_at
        self._lecture_id = lecture.id
        self._first_minute = first_minute or start_of_minute(lecture.started_at)
        self._aggregator = MinuteAggregator()

    def read(self, video: VideoReader) -> Iterator[RecordingReading]:
        """Analyse DETECT_FPS frames a second of the video; yield after each and once at the end.

        Raises CameraError.
        """
        self._analyser.reset()
        seconds = 0.0
        for frame in video.frames(self._from_seconds, self._throttle.is_due):
            seconds = frame.monotonic
            self._add(frame)
            yield RecordingReading(seconds, tuple(self._finished_minutes()))
        yield RecordingReading(seconds, tuple(self._kept(self._aggregator.unwritten_minutes())))

    @property
    def _from_seconds(self) -> float:
        return max(0.0, (self._first_minute - self._began_at).total_seconds() - WARM_UP_SECONDS)

    def _add(self, frame: Frame) -> None:
        at = self._began_at + timedelta(seconds=frame.monotonic)
        reading = Reading(at, frame.monotonic, self._analyser.analyse(frame), self._purpose)
        self._aggregator.add(reading, self._lecture_id, self._minimum_group)

    def _finished_minutes(self) -> list[CountedMinute]:
        if not self._aggregator.has_finished_minute():
            return []
        counted = self._aggregator.unwritten_minutes()
        return self._kept([minute for minute in counted if self._aggregator.mark_written(minute)])

    def _kept(self, minutes: list[CountedMinute]) -> list[CountedMinute]:
        """The minutes without those of the warm-up."""
        return [minute for minute in minutes if minute.minute >= self._first_minute]
