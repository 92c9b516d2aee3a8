"""A video, read as fast as it can be, in its own time: a minute is a minute of the video."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from app.camera.files import open_video, video_fps
from app.monitor.minute_book import MinuteBook
from app.offline.paths import OutputFiles, RecordingError
from app.offline.results import of_minute, write_minutes
from app.offline.rules import TOO_FEW, PublicationRules
from app.store.counted_minute import CountedMinute
from app.throttle import Throttle
from app.vision.annotate import annotate
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Face, Frame, Reading

BEGAN = datetime.fromtimestamp(0, UTC)
"""The wall clock of every video: when it was filmed, it does not say."""
CODEC = "mp4v"
"""MPEG-4 part 2: of the codecs that OpenCV brings for MP4, the one that players know."""


MOST_WAITING = 16
"""Frames that are read and not yet written: 45 MB at 720p."""
WHOLE = 0.9  # of the frames that a video says it has: many containers only guess


class RecordedVideo:
    """A video that is read once, from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        """Open it; raises CameraError where it can't be read."""
        self.path = path
        self._capture = open_video(path)
        self.fps = video_fps(self._capture)
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        """How many frames it has by its own words; 0 where it doesn't say."""
        self.size = tuple(
            int(self._capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self.frames_read = 0
        self.seconds = 0.0
        """The moment of the frame that was read last."""

    def __iter__(self) -> Iterator[Frame]:
        """Give its frames, each at its own moment. Raises RecordingError where not one can be decoded."""
        while (frame := self._next()) is not None:
            yield frame
        self._capture.release()
        if not self.frames_read:
            raise RecordingError(f"No picture in {self.path} can be decoded: it is cut off or damaged.")

    def _next(self) -> Frame | None:
        given, image = self._capture.read()
        if not given:
            return None
        at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self.frames_read and at <= self.seconds:  # some containers keep no times
            at = self.seconds + 1 / self.fps
        self.frames_read, self.seconds = self.frames_read + 1, at
        return Frame(image, self.frames_read, BEGAN + timedelta(seconds=at), at)


def analyse_video(
    video: RecordedVideo,
    frames: Iterable[Frame],
    made: OutputFiles,
    analyser: FaceAnalyser,
    rules: PublicationRules,
) -> str:
    """Write a copy with the faces marked, without sound, and the figures of its minutes; says what was seen.

    `frames` are those of the video. Raises RecordingError; what is not finished leaves nothing.
    """
    book, pace, faces = MinuteBook(), Throttle(rules.detect_fps), ()
    analyser.reset()
    with _copy(made.copy, video) as copy:
        for frame in frames:
            if pace.is_due(frame.monotonic):
                found = analyser.analyse(frame)
                book.add(Reading(frame.captured_at, frame.monotonic, found), None)
                faces = rules.may_show(found)
            copy.add(frame, faces, rules.hide_faces)
    about = {
        "file": video.path.name,
        "width": video.size[0],
        "height": video.size[1],
        "seconds": round(video.seconds, 3),
        "frames": video.frames_read,
        "minimum_group": rules.minimum_group,
        "network_sha256": rules.network_sha256,
    }
    counted = book.unwritten()
    minutes = [of_minute(one, BEGAN, rules.minimum_group) for one in counted]
    write_minutes(made, about, minutes)
    return _summary(video, counted, any(minute["suppressed"] for minute in minutes))


def _summary(video: RecordedVideo, counted: list[CountedMinute], suppressed: bool) -> str:
    seconds = sum(one.online_seconds for one in counted)
    faces = sum(one.face_seconds for one in counted) / seconds if seconds else 0.0
    most = max(one.faces_max for one in counted)
    said = f"{video.seconds:.0f} s, {faces:.1f} faces on average, at most {most}"
    if suppressed:
        said += f"; {TOO_FEW}"
    if video.frames_read < WHOLE * video.count:
        said += f"; it breaks off after {video.frames_read} of {video.count} frames"
    return said


class _Copy:
    """Draws and encodes on a thread of its own, while the next frames are read."""

    def __init__(self, writer: cv2.VideoWriter, thread: ThreadPoolExecutor) -> None:
        self._writer = writer
        self._thread = thread
        self._waiting: deque[Future] = deque()

    def add(self, frame: Frame, faces: Sequence[Face], hide_faces: bool) -> None:
        """Write a frame; where MOST_WAITING wait already, the first of them is waited for."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._write, frame.image, faces, hide_faces))

    def finish(self) -> None:
        """Wait for the last frame."""
        for one in self._waiting:
            one.result()

    def _write(self, image: np.ndarray, faces: Sequence[Face], hide_faces: bool) -> None:
        self._writer.write(annotate(image, faces, hide_faces=hide_faces))


@contextmanager
def _copy(place: Path, video: RecordedVideo) -> Iterator[_Copy]:
    """A video to write into, that stands in its place once it is whole."""
    beside = place.with_name(f"writing-{place.name}")
    writer = cv2.VideoWriter(
        str(beside), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*CODEC), video.fps, video.size
    )
    try:
        if not writer.isOpened():
            raise RecordingError(f"{place} can't be written. Choose another folder with --out.")
        with ThreadPoolExecutor(1, "copy") as thread:
            copy = _Copy(writer, thread)
            yield copy
            copy.finish()
        writer.release()
        _check(beside, place)
        beside.rename(place)
    finally:
        writer.release()
        beside.unlink(missing_ok=True)


def _check(written: Path, place: Path) -> None:
    """Raise RecordingError where the end of the file is missing: the writer itself never says."""
    capture = cv2.VideoCapture(str(written), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise RecordingError(f"{place} can't be written. Is there room on the disk?")
    capture.release()
