"""One thread reads the camera: the newest frame wins, a lost camera comes back, a dark one says why."""

import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition, Event, Thread
from typing import TypeVar

import cv2
import numpy as np

from app.backoff import delays
from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.sources import Source
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK, Clock
from app.language import Words
from app.vision.frame import Frame
from app.vision.privacy_area import PrivacyArea, blank

RAN_WELL_SECONDS = 10.0
"""A camera that ran this long is tried again at the shortest wait."""
FPS_WINDOW_SECONDS = 3.0
CLOSE_SECONDS = 2.0
BLACK_LEVEL = 20
"""Of 255. Decoded black is 0, or 16 from cameras that mistake the video range; a covered lens adds a little
noise. A dark room with a lit screen stays well above it."""
BLACK_PERCENTILE = 95
"""A camera prints the time in white on its black picture: the brightest twentieth of it does not count."""

BLACK_DETAIL = Words("The camera's picture is black. Take its cover off, or switch on a light.")
FROZEN_DETAIL = Words("The camera repeats one picture. If it lasts, restart the camera.")

Result = TypeVar("Result")


class PictureCheck:
    """Tells pictures that show nothing, black or frozen ones, from a view of a quiet room."""

    def __init__(self, patience: float, live: bool):
        self._patience = patience
        self._live = live
        self._last: np.ndarray | None = None
        self._changed_at = 0.0
        self._lit_at: float | None = None

    def fault(self, image: np.ndarray, monotonic: float) -> Reason | None:
        """BLACK or FROZEN once `image` and those before it have been so for `patience` seconds."""
        if self._lit_at is None or not is_black(image):
            self._lit_at = monotonic
        if not self._live or not _same(image, self._last):
            self._changed_at = monotonic
        self._last = image
        if monotonic - self._lit_at >= self._patience:
            return Reason.BLACK
        if monotonic - self._changed_at >= self._patience:
            return Reason.FROZEN
        return None


def is_black(image: np.ndarray) -> bool:
    """Whether the picture shows nothing: all but its brightest twentieth is under BLACK_LEVEL."""
    small = cv2.resize(image, (64, 36), interpolation=cv2.INTER_NEAREST)
    return bool(np.percentile(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), BLACK_PERCENTILE) < BLACK_LEVEL)


def _same(image: np.ndarray, last: np.ndarray | None) -> bool:
    """Whether the two pictures are equal in every bit: a sensor's noise alone keeps them apart."""
    return last is not None and image.shape == last.shape and cv2.norm(image, last, cv2.NORM_INF) == 0


class Capture:
    """Owns a source: opens it, reads it, opens it again, in a thread of its own."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        stall_seconds: float,
        areas: tuple[PrivacyArea, ...] = (),
        clock: Clock = SYSTEM_CLOCK,
        draw: Callable[[float, float], float] = random.uniform,
    ):
        self.areas = areas
        """Parts of the picture that never leave this thread; may be changed at any time."""
        self._open_source = open_source
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._draw = draw
        self._delays = delays(draw)
        self._changed = Condition()
        self._closing = Event()
        self._ended = False
        self._entered_at: float | None = None
        self._newest: Frame | None = None
        self._newest_was_taken = True
        self._sequence = 0
        self._frames_dropped = 0
        self._arrivals: deque[float] = deque(maxlen=1000)
        self._last_seen: tuple[datetime, float] | None = None
        self._state = CameraState(
            False, Reason.STARTING, Words("The camera is being opened."), clock.now(), capture_fps=0.0
        )
        self._thread = Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that is stuck in the camera's driver is left behind after CLOSE_SECONDS."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(CLOSE_SECONDS)

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def newest_frame(self, after_sequence: int, timeout: float) -> Frame | None:
        """The newest frame, as soon as there is one after `after_sequence`; None after `timeout` seconds.

        Raises RuntimeError when the thread died of an error of its own, whose trace is on stderr.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_after(after_sequence) or self._ended, timeout)
            if self._has_after(after_sequence):
                self._newest_was_taken = True
                return self._newest
        if self._ended and not self._closing.is_set():
            raise RuntimeError("the thread that reads the camera has died")
        return None

    @property
    def state(self) -> CameraState:
        """How the camera is doing now; no picture for `stall_seconds` is dark, though it is still awaited."""
        with self._changed:
            state, last_seen = self._state, self._last_seen
            fps = self._fps()
        if state.online and last_seen and self._clock.monotonic() - last_seen[1] > self._stall_seconds:
            return CameraState(
                False,
                Reason.TIMED_OUT,
                Words(
                    "The camera sent no picture for %(seconds)s s. It is being waited for.",
                    seconds=f"{self._stall_seconds:g}",
                ),
                last_seen[0],
                capture_fps=0.0,
            )
        return CameraState(state.online, state.reason, state.detail, state.since, fps)

    @property
    def frames_captured(self) -> int:
        """Frames that the source gave and that showed something."""
        return self._sequence

    @property
    def frames_dropped(self) -> int:
        """Frames that were replaced by a newer one before anybody took them."""
        return self._frames_dropped

    @property
    def stuck_seconds(self) -> float:
        """How long the thread has been inside one call to the source; 0 outside of one.

        A thread inside a driver can't be killed: past a limit, the process must end itself.
        """
        entered_at = self._entered_at
        return 0.0 if entered_at is None else self._clock.monotonic() - entered_at

    def _has_after(self, sequence: int) -> bool:
        return self._newest is not None and self._newest.sequence > sequence

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._open_and_read()
                self._clock.wait(next(self._delays), until=self._closing)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _open_and_read(self) -> None:
        """Read the source until it fails or the capture is closed."""
        try:
            source = self._inside(self._open_source)
        except CameraError as error:
            self._go_dark(error.reason, error.detail)
            return
        opened_at = self._clock.monotonic()
        try:
            self._read(source)
        except CameraError as error:
            self._go_dark(error.reason, error.detail)
        finally:
            if self._clock.monotonic() - opened_at >= RAN_WELL_SECONDS:
                self._delays = delays(self._draw)
            self._inside(source.release)

    def _read(self, source: Source) -> None:
        check = PictureCheck(self._stall_seconds, source.live)
        while not self._closing.is_set():
            try:
                image = self._inside(source.next_frame)
            except FrameUnavailable as error:
                self._go_dark(error.reason, error.detail)
                continue
            if image is None:
                continue
            areas = self.areas
            blank(image, areas)
            fault = check.fault(image, self._clock.monotonic())
            match fault:
                case None:
                    self._give_out(image, source.lag, areas)
                case Reason.BLACK:
                    self._go_dark(fault, BLACK_DETAIL)
                case _:
                    self._go_dark(fault, FROZEN_DETAIL)

    def _inside(self, call: Callable[[], Result]) -> Result:
        """Make a call to the source, and let `stuck_seconds` see how long it takes."""
        self._entered_at = self._clock.monotonic()
        try:
            return call()
        finally:
            self._entered_at = None

    def _give_out(self, image: np.ndarray, lag: float, blanked: tuple[PrivacyArea, ...]) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        with self._changed:
            self._sequence += 1
            self._frames_dropped += not self._newest_was_taken
            seen_at = now - timedelta(seconds=lag)
            self._newest = Frame(image, self._sequence, seen_at, monotonic - lag, blanked)
            self._newest_was_taken = False
            self._arrivals.append(monotonic)
            self._last_seen = now, monotonic
            if not self._state.online:
                self._state = CameraState(True, None, None, now, capture_fps=0.0)
            self._changed.notify_all()

    def _go_dark(self, reason: Reason, detail: Words) -> None:
        with self._changed:
            since = self._state.since
            if self._state.online and self._last_seen:
                since = self._last_seen[0]
            self._state = CameraState(False, reason, detail, since, capture_fps=0.0)
            self._newest = None
            self._newest_was_taken = True
            self._arrivals.clear()

    def _fps(self) -> float:
        """Pictures a second over the last FPS_WINDOW_SECONDS."""
        oldest = self._clock.monotonic() - FPS_WINDOW_SECONDS
        while self._arrivals and self._arrivals[0] < oldest:
            self._arrivals.popleft()
        if len(self._arrivals) < 2:
            return 0.0
        return (len(self._arrivals) - 1) / max(self._arrivals[-1] - self._arrivals[0], 1e-6)
