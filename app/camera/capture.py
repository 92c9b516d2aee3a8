"""Reads a camera in a thread: the newest frame wins, a lost camera is opened again, a dark one says why."""

import itertools
import logging
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
from app.camera.picture_fault import BLACK_DETAIL, FROZEN_DETAIL, PictureFaultDetector
from app.camera.sources import Source
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK, Clock
from app.language import Translatable
from app.vision.frame import Frame
from app.vision.privacy_area import PrivacyArea, blank

log = logging.getLogger(__name__)

BACKOFF_RESET_SECONDS = 10.0
"""Waits start at the shortest again once a camera was open this long, or gave a frame after a try without."""
UNREADABLE_DETAIL = Translatable("What the camera gives can't be decoded. The server's log says why.")
FPS_WINDOW_SECONDS = 3.0
STOP_SECONDS = 2.0

_views = itertools.count(1)
"""Unique in this process: two cameras never show the same view."""

Result = TypeVar("Result")


class Capture:
    """Owns a source: opens it, reads it and opens it again, in a thread of its own."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        stall_seconds: float,
        privacy_areas: tuple[PrivacyArea, ...] = (),
        is_frame_due: Callable[[float], bool] = lambda monotonic: True,
        clock: Clock = SYSTEM_CLOCK,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`is_frame_due` says whether anybody needs the frame of this moment; others are only counted."""
        self.privacy_areas = privacy_areas
        """Parts of the image that never leave this thread; may be changed at any time."""
        self._open_source = open_source
        self._is_frame_due = is_frame_due
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._draw = draw
        self._delays = delays(draw)
        self._changed = Condition()
        self._stopping = Event()
        self._has_ended = False
        self._call_began_at: float | None = None
        self._newest: Frame | None = None
        self._newest_was_taken = True
        self._view = next(_views)
        self._sequence = 0
        self._frames_dropped = 0
        self._arrivals: deque[float] = deque(maxlen=1000)
        self._last_frame_at: tuple[datetime, float] | None = None
        self._state = CameraState(
            False, Reason.STARTING, Translatable("The camera is being opened."), clock.now(), capture_fps=0.0
        )
        self._thread = Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that is stuck in the camera's driver is left behind after STOP_SECONDS."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(STOP_SECONDS)

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def newest_frame(self, after_sequence: int, timeout_seconds: float) -> Frame | None:
        """Give the newest frame, as soon as there is one after `after_sequence`; None after the time-out.

        Raises RuntimeError if the thread died of an error of its own, whose trace is on stderr.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._has_frame_after(after_sequence) or self._has_ended, timeout_seconds
            )
            if self._has_frame_after(after_sequence):
                self._newest_was_taken = True
                return self._newest
        if self._has_ended and not self._stopping.is_set():
            raise RuntimeError("the thread that reads the camera has died")
        return None

    @property
    def state(self) -> CameraState:
        """The state of the camera; dark after `stall_seconds` without a frame, while reading continues."""
        with self._changed:
            state, last_frame_at = self._state, self._last_frame_at
            fps = self._fps()
        if (
            state.is_online
            and last_frame_at
            and self._clock.monotonic() - last_frame_at[1] > self._stall_seconds
        ):
            return CameraState(
                False,
                Reason.TIMED_OUT,
                Translatable(
                    "The camera has sent no picture for %(seconds)s s. Waiting for it.",
                    seconds=f"{self._stall_seconds:g}",
                ),
                last_frame_at[0],
                capture_fps=0.0,
            )
        return CameraState(state.is_online, state.reason, state.detail, state.since, fps)

    @property
    def frames_captured(self) -> int:
        """Frames from the source, black and frozen ones not counted."""
        return self._sequence

    @property
    def frames_dropped(self) -> int:
        """Frames that a newer one replaced before anybody took them."""
        return self._frames_dropped

    @property
    def stuck_seconds(self) -> float:
        """How long the thread has been inside one call to the source; 0 outside of one.

        A thread inside a driver can't be killed: past a limit, the process must end itself.
        """
        began_at = self._call_began_at
        return 0.0 if began_at is None else self._clock.monotonic() - began_at

    def _has_frame_after(self, sequence: int) -> bool:
        return self._newest is not None and self._newest.sequence > sequence

    def _run(self) -> None:
        try:
            gave_frames = False
            while not self._stopping.is_set():
                gave_frames_before, sequence_before = gave_frames, self._sequence
                seconds_open = self._open_and_read()
                gave_frames = self._sequence > sequence_before
                has_returned = gave_frames and not gave_frames_before
                if has_returned or seconds_open >= BACKOFF_RESET_SECONDS:
                    self._delays = delays(self._draw)
                self._clock.wait(next(self._delays), until=self._stopping)
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _open_and_read(self) -> float:
        """Read the source until it fails or the capture stops; gives the seconds for which it was open."""
        opened_at = None
        try:
            source = self._call(self._open_source)
            opened_at = self._clock.monotonic()
            try:
                self._read_frames(source)
            finally:
                self._call(source.release)
        except CameraError as error:
            self._set_dark(error.reason, error.detail)
        except (cv2.error, MemoryError):
            log.exception("the camera can't be read")
            self._set_dark(Reason.UNREADABLE, UNREADABLE_DETAIL)
        return 0.0 if opened_at is None else self._clock.monotonic() - opened_at

    def _read_frames(self, source: Source) -> None:
        faults = PictureFaultDetector(self._stall_seconds, source.is_live)
        while not self._stopping.is_set():
            try:
                image = self._call(lambda: source.next_frame(self._is_wanted))
            except FrameUnavailable as error:
                self._set_dark(error.reason, error.detail)
                continue
            if image is None:
                continue
            read_at = self._clock.now(), self._clock.monotonic()
            areas = self.privacy_areas
            blank(image, areas)
            fault = faults.fault(image, self._clock.monotonic())
            match fault:
                case None:
                    self._set_newest(image, read_at, source.lag_seconds, areas)
                case Reason.BLACK:
                    self._set_dark(fault, BLACK_DETAIL)
                case _:
                    self._set_dark(fault, FROZEN_DETAIL)

    def _is_wanted(self) -> bool:
        """Whether to give the frame that has just come; if not, count it. While dark, every one is wanted."""
        monotonic = self._clock.monotonic()
        with self._changed:
            if not self._state.is_online or self._is_frame_due(monotonic):
                return True
            self._sequence += 1
            self._arrivals.append(monotonic)
            self._last_frame_at = self._clock.now(), monotonic
            return False

    def _call(self, function: Callable[[], Result]) -> Result:
        """Call a function of the source, timed for `stuck_seconds`."""
        self._call_began_at = self._clock.monotonic()
        try:
            return function()
        finally:
            self._call_began_at = None

    def _set_newest(
        self,
        image: np.ndarray,
        read_at: tuple[datetime, float],
        lag_seconds: float,
        blanked: tuple[PrivacyArea, ...],
    ) -> None:
        now, monotonic = read_at
        with self._changed:
            self._sequence += 1
            self._frames_dropped += not self._newest_was_taken
            captured_at = now - timedelta(seconds=lag_seconds)
            self._newest = Frame(
                image, self._sequence, captured_at, monotonic - lag_seconds, blanked, self._view
            )
            self._newest_was_taken = False
            self._arrivals.append(monotonic)
            self._last_frame_at = now, monotonic
            if not self._state.is_online:
                self._state = CameraState(True, None, None, now, capture_fps=0.0)
            self._changed.notify_all()

    def _set_dark(self, reason: Reason, detail: Translatable) -> None:
        with self._changed:
            since = self._state.since
            if self._state.is_online and self._last_frame_at:
                since = self._last_frame_at[0]
            self._state = CameraState(False, reason, detail, since, capture_fps=0.0)
            self._newest = None
            self._newest_was_taken = True
            self._view = next(_views)
            self._arrivals.clear()

    def _fps(self) -> float:
        """Frames a second over the last FPS_WINDOW_SECONDS."""
        oldest = self._clock.monotonic() - FPS_WINDOW_SECONDS
        while self._arrivals and self._arrivals[0] < oldest:
            self._arrivals.popleft()
        if len(self._arrivals) < 2:
            return 0.0
        return (len(self._arrivals) - 1) / max(self._arrivals[-1] - self._arrivals[0], 1e-6)
