"""Writes the annotated copy of a video."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from app.camera.video_file import VideoFile
from app.offline.paths import RecordingError
from app.vision.annotate import annotate
from app.vision.frame import Face, Frame

CODEC = "libx264"
"""H.264: every browser and player shows it. At this preset it costs 7 ms of one core a frame at 720p."""
CODEC_OPTIONS = {"preset": "superfast"}
TIME_BASE = Fraction(1, 90_000)  # of the copy: the stamps of an original keep their microseconds
CONTAINER_OPTIONS = {"movie_timescale": str(TIME_BASE.denominator)}  # else the first stamp is in milliseconds
MAX_PENDING_FRAMES = 16  # 45 MB at 720p


class AnnotatedVideoWriter:
    """Annotates and encodes on a thread of its own, while the next frames are analysed."""

    def __init__(
        self,
        container: OutputContainer,
        stream: VideoStream,
        sound: "SoundCopy | None",
        executor: ThreadPoolExecutor,
    ) -> None:
        self._container = container
        self._stream = stream
        self._sound = sound
        self._executor = executor
        self._pending: deque[Future] = deque()

    def add(self, frame: Frame, faces: Sequence[Face], hide_faces: bool) -> None:
        """Write a frame in the background, with its time; waits while MAX_PENDING_FRAMES are pending."""
        if len(self._pending) >= MAX_PENDING_FRAMES:
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(self._write, frame, faces, hide_faces))

    def finish(self) -> None:
        """Wait until the last frame is written, and write the rest of the sound."""
        for future in self._pending:
            future.result()
        self._container.mux(self._stream.encode())
        if self._sound:
            self._sound.copy_until(float("inf"))

    def _write(self, frame: Frame, faces: Sequence[Face], hide_faces: bool) -> None:
        image = _even(annotate(frame.image, faces, hide_faces=hide_faces))
        picture = av.VideoFrame.from_ndarray(image, format="bgr24")
        picture.pts, picture.time_base = round(frame.monotonic / TIME_BASE), TIME_BASE
        self._container.mux(self._stream.encode(picture))
        if self._sound:
            self._sound.copy_until(frame.monotonic)


class SoundCopy:
    """Copies the first sound of a video without encoding it anew."""

    def __init__(self, source: InputContainer, copy: OutputContainer, start_seconds: float) -> None:
        """The copy's second 0 is the source's `start_seconds`.

        Raises ValueError where `copy` can't hold sound of this codec.
        """
        sound = source.streams.audio[0]
        self._copy = copy
        self._stream = copy.add_stream_from_template(sound)
        self._packets = source.demux(sound)
        self._shift = round(start_seconds / sound.time_base)
        self._waiting: Packet | None = None
        self._newest: int | None = None

    def copy_until(self, seconds: float) -> None:
        """Copy the sound up to that second of the video."""
        while packet := self._waiting or next(self._packets, None):
            if packet.dts is not None and float((packet.dts - self._shift) * packet.time_base) > seconds:
                self._waiting = packet
                return
            self._waiting = None
            self._write(packet)

    def _write(self, packet: Packet) -> None:
        if packet.dts is None or packet.pts is None or packet.is_corrupt:
            return
        dts = packet.dts - self._shift
        if self._newest is not None and dts <= self._newest:
            return
        self._newest = dts
        packet.pts, packet.dts, packet.stream = packet.pts - self._shift, dts, self._stream
        self._copy.mux(packet)


@contextmanager
def annotated_video(path: Path, original: VideoFile) -> Iterator[AnnotatedVideoWriter]:
    """Write a copy of a video, with its times and its sound; it appears at `path` only once it is complete.

    Raises RecordingError.
    """
    unfinished = path.with_name(f"writing-{path.name}")
    try:
        with ExitStack() as stack:
            container = stack.enter_context(
                av.open(str(unfinished), "w", format="mp4", options=CONTAINER_OPTIONS)
            )
            stream = _add_pictures(container, original)
            sound = _add_sound(container, original, stack)
            executor = stack.enter_context(ThreadPoolExecutor(1, "annotated-video"))
            video = AnnotatedVideoWriter(container, stream, sound, executor)
            yield video
            video.finish()
        av.open(str(unfinished)).close()  # else its end is missing
        unfinished.rename(path)
    except av.error.FFmpegError as error:
        raise RecordingError(
            f"{path} can't be written: {error.strerror}. Is there room on the disk?"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _add_pictures(container: OutputContainer, original: VideoFile) -> VideoStream:
    stream = container.add_stream(
        CODEC, rate=Fraction(original.fps).limit_denominator(1001), options=CODEC_OPTIONS
    )
    stream.width, stream.height = (side + side % 2 for side in original.size)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = TIME_BASE
    stream.codec_context.max_b_frames = 0
    return stream


def _add_sound(container: OutputContainer, original: VideoFile, stack: ExitStack) -> SoundCopy | None:
    """Add the original's sound, where it has some that MP4 can hold."""
    source = stack.enter_context(original.opened_again())
    if not source.streams.audio:
        return None
    try:
        return SoundCopy(source, container, original.start_seconds)
    except ValueError:  # the copy stays silent rather than losing the pictures, too
        return None


def _even(image: np.ndarray) -> np.ndarray:
    """Repeat the last row and column where H.264 needs an even number of them."""
    height, width = image.shape[:2]
    if not height % 2 and not width % 2:
        return image
    return cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
