"""Cameras that send JPEGs over HTTP, in one endless answer or one a request.

They are read here and not by FFmpeg, so that each JPEG is checked before it is decoded.
"""

import http.client
import re
from collections.abc import Callable
from http.client import HTTPResponse

import cv2
import numpy as np

from app.camera.errors import end_error, silence_error, unusable_error
from app.camera.jpeg import MAX_BYTES, TOO_LARGE, InvalidJpeg, check_jpeg
from app.camera.sources.frame_pacer import FramePacer
from app.clock import Clock
from app.language import Translatable

MAX_DAMAGED_FRAMES = 25
"""Frames in a row that can't be decoded, about a second of them: more mean that the stream has ended."""
SNAPSHOT_FPS = 5.0
MAX_DAMAGED_SNAPSHOTS = 5
CHUNK_BYTES = 2**16
ANY_BOUNDARY = re.compile(rb"--")
"""Some cameras send another boundary than they announce; it counts only where no length is stated."""
HEAD_END = re.compile(rb"\n\r?\n")
DAMAGED = Translatable("The JPEG can't be decoded: it is damaged.")


class BoundedReader:
    """Reads an answer piece by piece, within a time and a size."""

    def __init__(self, response: HTTPResponse, timeout_seconds: float, clock: Clock) -> None:
        self._response = response
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._buffer = bytearray()
        self.restart_time()

    def restart_time(self) -> None:
        """Grant another `timeout_seconds`."""
        self._deadline = self._clock.monotonic() + self._timeout_seconds

    def take(self, size: int) -> bytes:
        """Give the next `size` bytes."""
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def take_until(self, pattern: re.Pattern[bytes]) -> bytes:
        """Give what comes before `pattern`, and skip that."""
        searched = 0
        while not (found := pattern.search(self._buffer, searched)):
            searched = max(0, len(self._buffer) - 200)  # longer than a boundary
            self._fill()
        taken = bytes(self._buffer[: found.start()])
        del self._buffer[: found.end()]
        return taken

    def take_all(self) -> bytes:
        """Give everything up to the end."""
        try:
            while True:
                self._fill()
        except EOFError:
            return self.take(len(self._buffer))

    def _fill(self) -> None:
        """Receive more. Raises EOFError at the end, TimeoutError, and InvalidJpeg if it becomes too much."""
        if len(self._buffer) > MAX_BYTES:
            raise InvalidJpeg(TOO_LARGE)
        if self._clock.monotonic() > self._deadline:
            raise TimeoutError
        chunk = self._response.read1(CHUNK_BYTES)
        if not chunk:
            raise EOFError
        self._buffer += chunk


class MjpegCamera:
    """A camera that sends JPEGs in one answer, as multipart/x-mixed-replace.

    When it changes its frame size, its frames are scaled to the first size, as FFmpeg does for others.
    """

    is_live = True
    lag_seconds = 0.0

    def __init__(self, response: HTTPResponse, shown_url: str, timeout_seconds: float, clock: Clock) -> None:
        self._response = response
        self._shown_url = shown_url
        self._timeout_seconds = timeout_seconds
        self._reader = BoundedReader(response, timeout_seconds, clock)
        # Some cameras count the two dashes before each boundary as a part of it.
        boundary = (response.headers.get_param("boundary") or "").strip("-").encode("latin-1", "replace")
        self._boundary = re.compile(b"--" + re.escape(boundary) if boundary else b"\r\n--")
        self._is_at_head = False  # whether the boundary of the next part has been read
        self._size: tuple[int, int] | None = None

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        for _ in range(MAX_DAMAGED_FRAMES):
            try:
                jpeg = self._next_jpeg()
                if not is_wanted():
                    return None
                image = decode(jpeg)
            except InvalidJpeg as error:
                fault = error.words
                continue
            except TimeoutError:
                raise silence_error(self._shown_url, self._timeout_seconds) from None
            except (EOFError, OSError, http.client.HTTPException):
                raise end_error(self._shown_url) from None
            self._size = self._size or image.shape[1::-1]
            return image if image.shape[1::-1] == self._size else cv2.resize(image, self._size)
        raise unusable_error(self._shown_url, fault)

    def release(self) -> None:
        self._response.close()

    def _next_jpeg(self) -> bytes:
        """Give the body of the next part; a length that its header states is trusted."""
        reader = self._reader
        reader.restart_time()
        if not self._is_at_head:
            reader.take_until(ANY_BOUNDARY)
        head = reader.take_until(HEAD_END)
        length = re.search(rb"(?im)^content-length:[ \t]*([0-9]{1,9})", head)
        if length is None:
            jpeg = reader.take_until(self._boundary)
            self._is_at_head = True
            return jpeg.rstrip(b"\r\n-")
        self._is_at_head = False
        if int(length[1]) > MAX_BYTES:
            raise InvalidJpeg(TOO_LARGE)
        return reader.take(int(length[1]))


class SnapshotCamera:
    """A camera that gives one JPEG a request: it is asked again and again."""

    is_live = True
    lag_seconds = 0.0

    def __init__(
        self,
        response: HTTPResponse,
        request: Callable[[], HTTPResponse],
        shown_url: str,
        timeout_seconds: float,
        clock: Clock,
    ) -> None:
        """`response` answers the first request; `request` makes the next ones, and raises CameraError."""
        self._response: HTTPResponse | None = response
        self._request = request
        self._shown_url = shown_url
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._pacer = FramePacer(SNAPSHOT_FPS, clock)

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        for _ in range(MAX_DAMAGED_SNAPSHOTS):
            self._pacer.wait()
            response, self._response = self._response or self._request(), None
            try:
                with response:
                    return decode(BoundedReader(response, self._timeout_seconds, self._clock).take_all())
            except InvalidJpeg as error:
                fault = error.words
            except TimeoutError:
                raise silence_error(self._shown_url, self._timeout_seconds) from None
            except (OSError, http.client.HTTPException):
                raise end_error(self._shown_url) from None
        raise unusable_error(self._shown_url, fault)

    def release(self) -> None:
        if self._response is not None:
            self._response.close()


def decode(jpeg: bytes) -> np.ndarray:
    """Decode to BGR uint8. Raises InvalidJpeg."""
    check_jpeg(jpeg)
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise InvalidJpeg(DAMAGED)
    return image
