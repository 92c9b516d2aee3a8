"""Where pictures come from: the drawn classroom, a device, the network, a browser, a video, a picture."""

import math
import sys
from collections.abc import Callable
from datetime import UTC, tzinfo
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from app.camera import diagnose
from app.camera.errors import CameraError, Reason
from app.camera.files import holds_video, is_picture, open_video, read_picture, silence_decoder
from app.camera.spec import NO_BROWSER, CameraKind, check_spec, demo_students, hide_password, kind_of
from app.clock import SYSTEM_CLOCK, Clock
from app.language import Words

DEMO_FPS = 25.0
PICTURE_FPS = 5.0
USUAL_FPS = 25.0
"""For a video whose header gives a speed that no video has."""
LONGEST_LAG_SECONDS = 0.5
"""A video further behind its clock than this plays on from where it is: skipping costs decoding too."""
MOST_DAMAGED = 25
"""Pictures in a row that can't be decoded, about a second of them: more is the end of a stream."""
DEVICE_SIZE = (1280, 720)


class Source(Protocol):
    """A camera, or what stands for one."""

    live: bool
    """It films now: the same picture again and again is a fault. False for what was drawn or recorded."""
    lag: float
    """Seconds since what the last picture shows, as far as is known."""

    def next_frame(self) -> np.ndarray | None:
        """Wait for the next picture and give it: BGR, uint8, (height, width, 3), the caller's to change.

        None where it takes longer. Raises CameraError at the end of the source, NotNow where it goes on.
        """
        ...

    def release(self) -> None:
        """Let go of the device or the connection."""
        ...


def open_source(
    spec: str,
    *,
    timeout: float = 10.0,
    clock: Clock = SYSTEM_CLOCK,
    sent: Connection | None = None,
    timezone: tzinfo = UTC,
) -> Source:
    """Open what `spec` names (see `check_spec`).

    A network camera may take `timeout` seconds to open, and as long for each picture. Raises CameraError when
    it can't be opened, ValueError when `spec` can't be a source at all. `sent` brings what browsers send,
    which only a server's monitor has. The clock on the drawn classroom's wall shows the time in `timezone`.
    """
    spec = check_spec(spec)
    silence_decoder()
    match kind_of(spec):
        case CameraKind.DEMO:
            return DrawnCamera(demo_students(spec), clock, timezone)
        case CameraKind.DEVICE:
            return DeviceCamera(int(spec))
        case CameraKind.NETWORK:
            return _open_network(spec, timeout, clock)
        case CameraKind.BROWSER:
            return _open_browser(sent, clock)
        case CameraKind.FILE:
            return _open_file(Path(spec).expanduser(), clock)


class DrawnCamera:
    """The drawn classroom, 25 pictures a second."""

    live = False
    lag = 0.0

    def __init__(self, students: int, clock: Clock, timezone: tzinfo):
        # Here, so that a real camera never pays for the drawing.
        from app.demo import Classroom

        self._classroom = Classroom(students=students)
        self._clock = clock
        self._timezone = timezone
        self._pace = FramePacer(DEMO_FPS, clock)

    def next_frame(self) -> np.ndarray:
        self._pace.wait()
        return self._classroom.draw(self._clock.now().astimezone(self._timezone))

    def release(self) -> None:
        pass


class PictureFile:
    """A picture, given again five times a second."""

    live = False
    lag = 0.0

    def __init__(self, path: Path, clock: Clock):
        self._image = read_picture(path)
        self._pace = FramePacer(PICTURE_FPS, clock)

    def next_frame(self) -> np.ndarray:
        self._pace.wait()
        return self._image.copy()

    def release(self) -> None:
        pass


class VideoFile:
    """A recording, played at its own speed and from the start again at its end."""

    live = False
    lag = 0.0

    def __init__(self, open_capture: Callable[[], cv2.VideoCapture], name: str, clock: Clock):
        self._open_capture = open_capture
        self._name = name
        self._clock = clock
        self._capture = open_capture()
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 1 <= fps <= 240 else USUAL_FPS
        self._due = clock.monotonic()

    def next_frame(self) -> np.ndarray:
        self._skip_late()
        image = self._next()
        self._clock.wait(self._due - self._clock.monotonic())
        self._due += 1 / self.fps
        return image

    def release(self) -> None:
        self._capture.release()

    def _skip_late(self) -> None:
        """Pass over the pictures whose time is gone, so that the video never lags behind its clock."""
        late = self._clock.monotonic() - self._due
        if late > LONGEST_LAG_SECONDS:
            self._due += late
            return
        for _ in range(math.floor(late * self.fps)):
            self._capture.grab()
            self._due += 1 / self.fps

    def _next(self) -> np.ndarray:
        given, image = self._capture.read()
        if not given:
            # Opened again, not wound back: not every container can be wound back.
            self._capture.release()
            self._capture = self._open_capture()
            given, image = self._capture.read()
        if not given:
            raise CameraError(
                Reason.UNREADABLE,
                Words(
                    "No picture in %(name)s can be decoded: it is cut off or damaged. Copy it again.",
                    name=self._name,
                ),
            )
        return image


class NetworkCamera:
    """A camera read over RTSP or HTTP.

    When it changes size, the decoder goes on giving pictures of the first size, scaled.
    """

    live = True
    lag = 0.0

    def __init__(self, capture: cv2.VideoCapture, url: str, timeout: float, clock: Clock):
        self._capture = capture
        self._shown = hide_password(url)
        self._timeout = timeout
        self._clock = clock

    def next_frame(self) -> np.ndarray:
        began = self._clock.monotonic()
        # The decoder says only "no", at a damaged picture too: the next ones tell damage from an end, and
        # the time it took tells silence from both.
        for _ in range(MOST_DAMAGED):
            given, image = self._capture.read()
            if given:
                return image
            if self._clock.monotonic() - began >= 0.9 * self._timeout:
                raise CameraError(
                    Reason.TIMED_OUT,
                    Words(
                        "%(address)s sent nothing for %(seconds)s s. Check its network and its power.",
                        address=self._shown,
                        seconds=f"{self._timeout:g}",
                    ),
                )
        raise CameraError(
            Reason.STOPPED,
            Words("%(address)s ended the stream. It is tried again by itself.", address=self._shown),
        )

    def release(self) -> None:
        self._capture.release()


class DeviceCamera:
    """A camera plugged into this machine (Video4Linux)."""

    live = True
    lag = 0.0

    def __init__(self, number: int):
        self._number = number
        api = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        self._capture = cv2.VideoCapture(number, api)
        if not self._capture.isOpened():
            raise diagnose.device_error(number)
        # Uncompressed, USB 2 carries 720p at ten pictures a second at most.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, DEVICE_SIZE[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, DEVICE_SIZE[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._gave_one = False

    def next_frame(self) -> np.ndarray:
        given, image = self._capture.read()
        if given:
            self._gave_one = True
            return image
        if not self._gave_one:
            raise diagnose.device_error(self._number)
        raise CameraError(
            Reason.STOPPED,
            Words("Camera %(number)s gives no more pictures. Check its cable.", number=self._number),
        )

    def release(self) -> None:
        self._capture.release()


class FramePacer:
    """Lets its caller through so many times a second; time that was lost is not caught up."""

    def __init__(self, per_second: float, clock: Clock):
        self._step = 1 / per_second
        self._clock = clock
        self._due = clock.monotonic()

    def wait(self) -> None:
        self._clock.wait(self._due - self._clock.monotonic())
        self._due = max(self._due + self._step, self._clock.monotonic())


def _open_network(url: str, timeout: float, clock: Clock) -> Source:
    """A camera at `url`, or the recording there (which knows how many pictures it has)."""
    milliseconds = max(1, round(timeout * 1000))
    options = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        milliseconds,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        milliseconds,
        # Each decoding thread holds back one picture.
        cv2.CAP_PROP_N_THREADS,
        1,
    ]

    def open_capture() -> cv2.VideoCapture:
        began = clock.monotonic()
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        if not holds_video(capture):
            capture.release()
            raise diagnose.network_error(url, timeout, clock.monotonic() - began)
        return capture

    capture = open_capture()
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1:
        capture.release()
        return VideoFile(open_capture, hide_password(url), clock)
    return NetworkCamera(capture, url, timeout, clock)


def _open_browser(sent: Connection | None, clock: Clock) -> Source:
    """What browsers send. It brings a decoder of its own, which no other camera needs."""
    from app.camera.browser import BrowserCamera

    if sent is None:
        raise CameraError(Reason.MISSING, NO_BROWSER)
    return BrowserCamera(sent, clock)


def _open_file(path: Path, clock: Clock) -> Source:
    """The picture or video at `path`."""
    if is_picture(path):
        return PictureFile(path, clock)
    return VideoFile(lambda: open_video(path), str(path), clock)
