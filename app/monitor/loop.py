"""The monitor: camera → frame → faces → tracks → expressions → picture, reading, minute."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

from flask import Flask

from app.bus.live_reading import LiveReading, summarise
from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.bus.publisher import Publisher
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import Clock
from app.expression_names import EXPRESSION_NAMES
from app.language import say
from app.monitor.minute_writer import MinuteWriter
from app.monitor.shutter import Shutter, View
from app.throttle import Throttle
from app.vision.annotate import annotate, encode
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Face, Reading

log = logging.getLogger(__name__)

STATUS_SECONDS = 0.5
RECORDER_SECONDS = 2.0  # for the last minute to be written; the supervisor waits a second longer


class Monitor:
    """Reads one camera until it is told to end."""

    def __init__(
        self, app: Flask, bus: Publisher, sent: Connection, analyser: FaceAnalyser, clock: Clock
    ) -> None:
        self._settings = app.config["SETTINGS"]
        self._clock = clock
        self._bus = bus
        self._analyser = analyser
        self._minute_writer = MinuteWriter(app, clock)
        self._shutter = Shutter(self._settings.stall_seconds, clock, sent, self._settings.timezone)
        self._detect_pace = Throttle(self._settings.detect_fps)
        self._picture_pace = Throttle(self._settings.stream_fps)
        self._status_pace = Throttle(1 / STATUS_SECONDS)
        self._analysed = FrameRate(clock)
        self._words = {kind: say(word, self._settings.language) for kind, word in EXPRESSION_NAMES.items()}
        self._faces: tuple[Face, ...] = ()
        self._face_width: float | None = None
        self._live: LiveReading | None = None
        self._logged: Reason | None = Reason.STARTING

    def run(self, ending: threading.Event) -> None:
        """Work until `ending` is set or the web process is gone.

        Faces are read on one thread and pictures shown on another, so that a slow reading never holds the
        stream up. Raises CameraStuck where only a new process helps.
        """

        def goes_on() -> bool:
            return not (ending.is_set() or self._bus.closed.is_set())

        with ThreadPoolExecutor(1, "reading") as executor:
            reading = executor.submit(self._read_frames, goes_on)
            try:
                self._show_frames(lambda: goes_on() and not reading.done())
            finally:
                ending.set()
        reading.result()

    def _read_frames(self, goes_on: Callable[[], bool]) -> None:
        for view in self._shutter.views(goes_on):
            self._read(view)

    def _show_frames(self, goes_on: Callable[[], bool]) -> None:
        self._shutter.follow(self._minute_writer.in_force)
        for view in self._shutter.views(goes_on):
            self._show(view)
            self._report()
            if self._shutter.follow(self._minute_writer.in_force):
                self._faces, self._live, self._face_width = (), None, None

    def stop(self) -> None:
        """Write the open minute and let the camera go."""
        self._minute_writer.stop(RECORDER_SECONDS)
        self._shutter.release_camera()

    def _read(self, view: View) -> None:
        """Read the faces of a frame, if there is one and it is time to."""
        frame = view.frame
        if frame is None or not self._detect_pace.is_due(frame.monotonic):
            return
        faces = self._analyser.analyse(frame)
        if not self._shutter.still_shows(view):
            return  # paused or turned elsewhere meanwhile: what was seen is forgotten
        self._faces = faces
        self._face_width = _smaller_width(faces, frame.image.shape[1])
        reading = Reading(frame.captured_at, frame.monotonic, faces)
        self._live = summarise(reading, self._minute_writer.in_force.minimum_group)
        self._minute_writer.add(reading)
        self._analysed.count()

    def _show(self, view: View) -> None:
        """Draw and encode a frame, if there is one, somebody watches, and it is time to."""
        frame = view.frame
        if frame is None or not self._bus.demand.fps or not self._picture_pace.is_due(frame.monotonic):
            return
        hidden = self._minute_writer.in_force.hide_faces
        drawn = annotate(frame.image, self._faces, hidden, frame.blanked, self._words)
        height, width = drawn.shape[:2]
        jpeg = encode(drawn, self._settings.jpeg_quality)
        captured_at = frame.captured_at.timestamp()
        self._bus.publish(AnnotatedPicture(jpeg, captured_at, (width, height), hidden, frame.blanked))

    def _report(self) -> None:
        """Say how things are, twice a second."""
        if not self._status_pace.is_due(self._clock.monotonic()):
            return
        camera = self._shutter.state
        self._log_change(camera)
        self._bus.publish(
            MonitorStatus(
                camera=camera,
                live=self._live if camera.online else None,
                detect_fps=self._settings.detect_fps,
                analysed_fps=self._analysed.per_second(),
                frames_dropped=self._shutter.frames_dropped,
                face_width=self._face_width,
                frames_captured=self._shutter.frames_captured,
                frames_analysed=self._analysed.total,
                minutes_written=self._minute_writer.minutes_written,
            )
        )

    def _log_change(self, camera: CameraState) -> None:
        """Write one line when the camera comes or goes."""
        if camera.reason is self._logged:
            return
        self._logged = camera.reason
        if camera.online:
            log.info("camera online")
        else:
            log.warning("camera dark, %s: %s", camera.reason, camera.detail)


def _smaller_width(faces: Sequence[Face], width: int) -> float | None:
    """The lower quartile of the faces' widths, as a part of the picture's `width`; None without faces."""
    widths = sorted(face.box.width for face in faces)
    return widths[len(widths) // 4] / width if widths else None


class FrameRate:
    """How often something happens: over the last seconds, and in all."""

    WINDOW = 5.0  # seconds

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moments: list[float] = []
        self.total = 0

    def count(self) -> None:
        """It happened."""
        self.total += 1
        self._moments.append(self._clock.monotonic())

    def per_second(self) -> float:
        """How often it happened a second."""
        oldest = self._clock.monotonic() - self.WINDOW
        self._moments = [moment for moment in self._moments if moment > oldest]
        return len(self._moments) / self.WINDOW


def leave(status: int) -> None:
    """End the process now, even while a driver's call that never returns holds a thread."""
    logging.shutdown()
    os._exit(status)
