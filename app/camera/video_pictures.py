"""Reads a video's pictures once, marks damaged ones, and gives them times that always grow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from app.camera.video import decode_jpeg

MAX_READ_ERRORS = 20  # one after the other; then the file has ended
MAX_STEP_BACK_SECONDS = 1.0
"""A clock that goes back further began anew, as where recordings were joined. Two pictures of one moment are
one."""
MAX_BYTES_BETWEEN_PACKETS = 1000  # of Matroska: the headers of a cluster and a block take about 50
STAMP_DIGITS = 6  # microseconds, as in the times that are made of them
UPRIGHT = (1, 0, 0, 0, 1, 0, 0, 0, 1)  # a display matrix
JPEG_CODECS = frozenset(("amv", "mjpeg", "mjpegb", "sp5x"))
"""What FFmpeg decodes as JPEG, without a limit for the scans."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a video, not yet converted."""

    seconds: float
    duration: float  # seconds
    is_key: bool
    """Whether it can be decoded without those before it."""
    decode: Callable[[], np.ndarray | None]
    """Gives it as BGR, uint8, (height, width, 3); None if it is damaged. Raises CameraError."""


class VideoPictures:
    """Reads the pictures of an open video once."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        start_seconds: float,
        fps: float,
        shown: str,
    ) -> None:
        """Begin where the container is. Second 0 is `start_seconds` of its clock."""
        self._container = container
        self._stream = stream
        self._start_seconds = start_seconds
        self._fps = fps
        self._shown = shown
        self._size = stream.width, stream.height
        self._gives_jpegs = stream.codec_context.name in JPEG_CODECS
        rate = float(stream.average_rate or 0)
        keeps_only_its_rate = container.format.name == "avi" and rate != fps
        no_times = container.format.flags & Flags.no_timestamps.value
        self._has_times = not no_times and not keeps_only_its_rate
        self.first_seconds = 0.0
        """When the first picture is shown, by the header."""
        if self._has_times and stream.start_time is not None:
            self.first_seconds = self._seconds_of(stream.start_time)
        self.last_packet_seconds = 0.0
        """When the last packet ended that was read, of pictures or sound."""
        self.last_picture_seconds = 0.0
        """When the last packet of a picture ended."""
        self._is_matroska = container.format.name == "matroska,webm"
        self._end_of_packet: int | None = None
        self._matrix: Sequence[int] | None = None
        self._newest: float | None = None
        self._restart_seconds = 0.0  # added to all times since the clock began anew

    def seek(self, seconds: float) -> bool:
        """Go to the key frame before `seconds`; gives False where the container can't.

        Nor where its clock may begin anew, as in MPEG-TS: a search knows only the container's own stamps.
        """
        if not self._has_times or self._container.format.flags & Flags.ts_discont.value:
            return False
        target = round((seconds + self._start_seconds) / self._stream.time_base)
        try:
            self._container.seek(target, stream=self._stream)
        except av.error.FFmpegError:
            return False
        self._newest, self._restart_seconds, self._end_of_packet = None, 0.0, None
        return True

    def __iter__(self) -> Iterator[Picture | None]:
        """Yield the pictures in the order in which they are shown; None where something is damaged."""
        for packet in self._packets():
            if packet is None:
                yield from self._drain()
            elif not self._gives_jpegs:
                yield from self._decode(packet)
            elif packet.size:
                yield from self._timed(packet, True, partial(self._decode_jpeg, packet))

    def _packets(self) -> Iterator[Packet | None]:
        """Yield the video's packets; None where the file is damaged."""
        errors = 0
        while errors < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux():
                    errors = 0
                    self._note_end(packet)
                    if self._skipped_bytes(packet):
                        yield None
                    if packet.stream_index == self._stream.index:
                        yield packet
                return
            except av.error.ExitError:  # the time-out
                return
            except av.error.FFmpegError:
                errors += 1
                yield None

    def _skipped_bytes(self, packet: Packet) -> bool:
        """Whether FFmpeg silently skipped a damaged part of a Matroska file before this packet."""
        if not self._is_matroska or packet.pos is None:
            return False
        end, self._end_of_packet = self._end_of_packet, packet.pos + packet.size
        return end is not None and packet.pos - end > MAX_BYTES_BETWEEN_PACKETS

    def _note_end(self, packet: Packet) -> None:
        if packet.pts is None or packet.stream.type not in ("video", "audio"):
            return
        end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - self._start_seconds
        self.last_packet_seconds = max(self.last_packet_seconds, end)
        if packet.stream_index == self._stream.index:
            self.last_picture_seconds = max(self.last_picture_seconds, end)

    def _decode(self, packet: Packet) -> Iterator[Picture | None]:
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            yield from self._drain()
            return
        yield from self._pictures_of(frames)
        if packet.is_corrupt:  # MPEG-TS: something is missing at its end or behind it
            yield from self._drain()

    def _drain(self) -> Iterator[Picture | None]:
        """Yield what the decoder still holds from before some damage, then None."""
        decoder = self._stream.codec_context
        if not self._gives_jpegs and decoder.is_open:
            try:
                frames = decoder.decode(None)
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError:
                frames = []
            yield from self._pictures_of(frames)
            decoder.flush_buffers()
        yield None

    def _pictures_of(self, frames: Iterable[VideoFrame]) -> Iterator[Picture | None]:
        for frame in frames:
            if frame.is_corrupt:
                yield None
            else:
                yield from self._timed(frame, frame.key_frame, partial(self._convert, frame))

    def _timed(
        self, shown: Packet | VideoFrame, is_key: bool, decode: Callable[[], np.ndarray | None]
    ) -> Iterator[Picture]:
        """Yield the picture, unless it is shown for no time because it has the time of the one before."""
        gap = 1 / self._fps
        if shown.pts is None or not self._has_times:
            seconds = 0.0 if self._newest is None else self._newest + gap
        else:
            seconds = self._seconds_of(shown.pts) + self._restart_seconds
        if self._newest is not None and seconds <= self._newest:
            if self._newest - seconds <= MAX_STEP_BACK_SECONDS:
                return
            self._restart_seconds += self._newest + gap - seconds
            seconds = self._newest + gap
        self._newest = seconds
        duration = (
            float(shown.duration * self._stream.time_base) if shown.duration and self._has_times else gap
        )
        yield Picture(seconds, duration, is_key, decode)

    def _seconds_of(self, stamp: int) -> float:
        return round(float(stamp * self._stream.time_base) - self._start_seconds, STAMP_DIGITS)

    def _decode_jpeg(self, packet: Packet) -> np.ndarray | None:
        return decode_jpeg(bytes(packet), self._size, self._shown)

    def _convert(self, frame: VideoFrame) -> np.ndarray:
        """Convert a frame at the size that the header states, and turn it upright."""
        width, height = self._size if all(self._size) else (frame.width, frame.height)
        image = frame.to_ndarray(format="bgr24", width=width, height=height)
        if self._matrix is None:
            self._matrix = _display_matrix(frame)
        return _upright(image, self._matrix)


def _display_matrix(frame: VideoFrame) -> Sequence[int]:
    """How a stream's pictures are turned, as one of its frames says.

    Call it once a stream: PyAV makes the frame part of a cycle, and frees it only when Python next collects
    garbage.
    """
    if Type.DISPLAYMATRIX not in frame.side_data:
        return UPRIGHT
    return np.frombuffer(bytes(frame.side_data[Type.DISPLAYMATRIX]), np.int32).tolist()


def _upright(image: np.ndarray, matrix: Sequence[int]) -> np.ndarray:
    """Turn and mirror an image as a display matrix says: nine numbers, (a, b, u, c, d, v, x, y, w).

    The pixel (x, y) is shown at (a·x + c·y, b·x + d·y) (QTFF, "Matrices"); only quarter turns are followed.
    """
    a, b, c, d = (matrix[place] for place in (0, 1, 3, 4))
    if abs(b) > abs(a):
        image, a, d = cv2.transpose(image), c, b
    if a < 0:
        image = cv2.flip(image, 1)
    return cv2.flip(image, 0) if d < 0 else image
