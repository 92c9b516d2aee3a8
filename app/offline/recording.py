"""Reads one recording from the queue into its lecture."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
import cv2
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.camera.errors import CameraError
from app.camera.video import silence_decoder
from app.clock import MINUTE, SYSTEM_CLOCK
from app.language import Translatable
from app.offline.recorded_minutes import RecordedMinutes, RecordingReading
from app.offline.video import MIN_REPORTED_SECONDS
from app.offline.video_reader import VideoReader
from app.purpose import Purpose
from app.settings import Settings
from app.store import lecture_queries, minute_queries, recording_queries, uploads
from app.store.effective_settings import effective_settings
from app.store.recording_queries import NewRecording
from app.store.recording_time import BadTime, check_time
from app.store.tables import Lecture, LectureRecording, RecordingState, Room, User, db
from app.throttle import Throttle
from app.vision.face_analyser import FaceAnalyser

log = logging.getLogger(__name__)

RENEWALS_PER_SECOND = 1.0

NO_BEGINNING = Translatable("The file doesn't say when it began.")
NOT_ENOUGH_MEMORY = Translatable("It can't be read: there is not enough memory, or its pictures are damaged.")


def read_queued(settings: Settings, recording_id: int) -> None:
    """Read a recording that this process was started for, and store how it ended. Needs the app context."""
    recording = recording_queries.find_recording(recording_id)
    if recording is None or recording.state != RecordingState.READING:
        return
    silence_decoder()
    key = recording.file_key
    try:
        # a reader that lost the row to another machine leaves the file to that one
        if not _read(settings, recording) and recording_queries.find_recording(recording_id) is None:
            uploads.delete(key)
    except (ObjectDeletedError, StaleDataError):  # somebody deleted the lecture or the room
        uploads.delete(key)
    except CameraError as error:
        recording_queries.fail(recording, _with_its_name(error.detail, recording))
    except BadTime as error:
        recording_queries.fail(recording, error.args[0])
    except (cv2.error, MemoryError):
        log.exception("a recording can't be read")
        recording_queries.fail(recording, NOT_ENOUGH_MEMORY)


def _with_its_name(detail: Translatable, recording: LectureRecording) -> Translatable:
    """The sentence with the name that the file has on its owner's computer."""
    path = str(uploads.path_of(recording.file_key))
    values = {name: recording.file_name if value == path else value for name, value in detail.values.items()}
    return Translatable(detail.text, **values)


def _read(settings: Settings, recording: LectureRecording) -> bool:
    """Read it, or ask when it began; False if somebody cancelled it meanwhile."""
    video = VideoReader(uploads.path_of(recording.file_key))
    recording.seconds = seconds = video.duration_seconds
    if recording.began_at is None:
        recording.began_at = video.began_at
    if recording.began_at is None:
        recording_queries.ask_for_beginning(recording)
        return True
    days = effective_settings(recording.room).retention_days
    check_time(recording.began_at, seconds, days, SYSTEM_CLOCK.now())
    lecture = recording_queries.begin_lecture(recording)
    is_complete = read_into(lecture, video, settings, _Renewal(recording, seconds))
    if is_complete:
        recording_queries.finish(recording, _undecoded(video))
    return is_complete


def _undecoded(video: VideoReader) -> Translatable | None:
    """What was left out of a video because it is damaged; None if that was nothing."""
    seconds = video.undecoded_seconds
    if seconds < MIN_REPORTED_SECONDS:
        return None
    return Translatable("%(seconds)s s of it could not be decoded.", seconds=f"{seconds:.1f}")


def read_file(settings: Settings, path: Path, new: NewRecording, room: Room, owner: User | None) -> Lecture:
    """Read a file of this machine into a lecture, with a progress bar; the file stays.

    Raises CameraError, and BadTime, also where nobody says when it began.
    """
    silence_decoder()
    video = VideoReader(path)
    seconds, began_at = video.duration_seconds, new.began_at or video.began_at
    if began_at is None:
        raise BadTime(NO_BEGINNING)
    check_time(began_at, seconds, effective_settings(room).retention_days, SYSTEM_CLOCK.now())
    lecture = recording_queries.recorded_lecture(
        room, new.title, new.course, began_at, owner.id if owner else None
    )
    db.session.commit()
    try:
        with click.progressbar(length=round(seconds or 0), label=path.name) as bar:
            read_into(lecture, video, settings, lambda seconds, _: _advance(bar, seconds))
    except BaseException:
        lecture_queries.delete_lecture(lecture)
        raise
    return lecture


def _advance(bar, seconds: float) -> bool:
    bar.update(int(seconds) - bar.pos)
    return True


def read_into(
    lecture: Lecture,
    video: VideoReader,
    settings: Settings,
    goes_on: Callable[[float, bool], bool],
) -> bool:
    """Write the minutes of a video that aren't stored yet; gives whether it was read to its end.

    `goes_on` is called after each frame, with its time in the video and whether a minute was written; it
    says whether to go on. Raises CameraError.
    """
    in_force = effective_settings(lecture.room)
    analyser = FaceAnalyser(in_force.detector, Purpose(lecture.purpose), settings.network)
    minimum_group = in_force.minimum_group
    stored = recording_queries.newest_minute(lecture)
    first_minute = stored + MINUTE if stored is not None else None
    minutes = RecordedMinutes(analyser, settings.detect_fps, minimum_group, lecture, first_minute)
    for reading in minutes.read(video):
        _store(lecture, reading, minimum_group)
        if not goes_on(reading.seconds, bool(reading.minutes)):
            return False
    recording_queries.extend_lecture(lecture, lecture.started_at + timedelta(seconds=reading.seconds))
    return True


def _store(lecture: Lecture, reading: RecordingReading, minimum_group: int) -> None:
    for minute in reading.minutes:
        minute_queries.save_minute(lecture.room, minute, minimum_group)
    if reading.minutes:
        recording_queries.extend_lecture(lecture, lecture.started_at + timedelta(seconds=reading.seconds))


class _Renewal:
    """Tells the queue once a second that a recording is still being read."""

    def __init__(self, recording: LectureRecording, seconds: float | None) -> None:
        self._recording_id = recording.id
        self._seconds = seconds
        self._throttle = Throttle(RENEWALS_PER_SECOND)
        self._first: tuple[float, float] | None = None
        """The time in the video at which reading began, and the clock's then."""

    def __call__(self, seconds: float, has_new_minute: bool) -> bool:
        """Renew the recording at most once a second; gives False once somebody has cancelled it."""
        now = time.monotonic()
        self._first = self._first or (seconds, now)
        if has_new_minute:
            recording_queries.reset_deaths(self._recording_id)
        if not self._throttle.is_due(now):
            return True
        return recording_queries.renew(
            self._recording_id, SYSTEM_CLOCK.now(), seconds, self._seconds_left(seconds, now)
        )

    def _seconds_left(self, seconds: float, now: float) -> float | None:
        """How much longer reading will take at the speed so far; None where that is unknown."""
        first_seconds, began = self._first
        if self._seconds is None or seconds <= first_seconds:
            return None
        return max(0.0, self._seconds - seconds) * (now - began) / (seconds - first_seconds)
