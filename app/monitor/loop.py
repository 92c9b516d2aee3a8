"""The monitor: camera → frame → faces → tracks → expressions → annotated picture, live reading, minute."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection

from flask import Flask

from app.bus.live_reading import LiveReading
from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.bus.publisher import Publisher
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import Clock
from app.language import Translatable, translate
from app.monitor.calendar_refresher import CalendarRefresher
from app.monitor.cpu_load import CpuLoad
from app.monitor.face_share import FaceShare
from app.monitor.frame_rate import FrameRate
from app.monitor.live_figures import LiveFigures
from app.monitor.minute_writer import MinuteWriter
from app.monitor.shutter import CapturedFrame, Shutter
from app.purpose import Purpose
from app.runner.file_lease import HELD_ELSEWHERE, NotLeaseHolder
from app.store.effective_settings import EffectiveSettings
from app.throttle import Throttle
from app.vision.annotate import PICTURE, annotate, encode
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import MIN_READABLE_SIDE, Box, Face, Reading, is_group_in_view, without_expressions
from app.vision.privacy_area import PrivacyArea, area_around

log = logging.getLogger(__name__)

STATUS_FPS = 2.0
UNWATCHED_PACE = 0.5
"""While nobody watches the stream, as `pace` of `FaceAnalyser.analyse`. A new face is found half a second
later then, and a reading takes two thirds of the processor time."""
OVERLOADED_STEP = 1.5
"""Of the time between two frames: more is not searched in a frame that has waited. It would take longer, the
next frame would wait longer, and more would be searched in that."""
WRITER_STOP_SECONDS = 2.0  # to write the open minute; the supervisor waits a second longer


class PurposeChanged(Exception):
    """The room is for something else now: a process that had the expression network ends."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the last analysed frame showed."""

    reading: Reading | None = None
    view: int = 0
    """As in `Frame`."""
    face_width: float | None = None
    """As in `MonitorStatus`."""
    pictures: tuple[Box, ...] = ()
    """As `FaceAnalyser.pictures`."""
    size: tuple[int, int] = (1, 1)
    """Width and height of the frame, pixels."""


class Monitor:
    """Analyses one room's camera and publishes what it sees."""

    def __init__(
        self,
        app: Flask,
        room_id: int,
        bus: Publisher,
        frame_requests: Connection | None,
        load_analyser: Callable[[str, Purpose], FaceAnalyser],
        clock: Clock,
        lease_number: int | None = None,
    ) -> None:
        """`frame_requests` is the pipe for frames from browsers, `lease_number` as in `MinuteWriter`.

        The analyser is loaded with the first frame: until the database has said what the room is for, it may
        be a room whose process never loads the network.
        """
        settings = app.config["SETTINGS"]
        self._clock = clock
        self._bus = bus
        self._load_analyser = load_analyser
        self._analyser: FaceAnalyser | None = None
        self._purpose: Purpose | None = None
        """What the analyser was loaded for; None before."""
        self._detector: str | None = None
        """The detector that it was loaded with."""
        self._minute_writer = MinuteWriter(app, room_id, clock, lease_number, bus.settings_changed)
        self._calendar_refresher = CalendarRefresher(app, room_id, clock, lambda: bus.demand.changes)
        self._shutter = Shutter(settings.stall_seconds, clock, frame_requests, self._is_frame_due)
        self._detect_throttle = Throttle(settings.detect_fps)
        self._overloaded_step = OVERLOADED_STEP / settings.detect_fps
        self._stream_throttle = Throttle(settings.stream_fps)
        self._status_throttle = Throttle(STATUS_FPS)
        self._jpeg_quality = settings.jpeg_quality
        self._analysed = FrameRate(clock)
        self._cpu_load = CpuLoad(clock)
        self._analysis = Analysis()
        self._live_figures = LiveFigures()
        self._turned, self._unreadable = FaceShare(), FaceShare()
        self._view = 0
        """The view that the newest frame shows, as in `Frame`."""
        self._logged_reason: Reason | None = Reason.STARTING

    def run(self, ending: threading.Event) -> None:
        """Analyse and publish until `ending` is set or the bus is closed.

        One thread analyses and another annotates, so that a slow analysis never holds up the stream.
        Raises CameraStuck and PurposeChanged where only a new process helps, and NotLeaseHolder where another
        process has a newer lease of the room.
        """

        def is_running() -> bool:
            return not (ending.is_set() or self._bus.closed.is_set())

        with ThreadPoolExecutor(1, "analysis") as executor:
            analysis = executor.submit(self._analyse_frames, is_running)
            try:
                self._publish_frames(lambda: is_running() and not analysis.done())
            finally:
                ending.set()
        analysis.result()

    def stop(self) -> None:
        """Write the open minute and release the camera. Raises CameraStuck."""
        self._calendar_refresher.stop()
        self._minute_writer.stop(WRITER_STOP_SECONDS)
        self._shutter.release_camera()

    def _analyse_frames(self, is_running: Callable[[], bool]) -> None:
        analysed_until = -math.inf
        for captured in self._shutter.frames(is_running):
            if captured is not None and self._detect_throttle.is_due(captured.frame.monotonic):
                has_waited = captured.frame.monotonic < analysed_until
                self._analyse(captured, self._overloaded_step if has_waited else math.inf)
                analysed_until = self._clock.monotonic()

    def _analyse(self, captured: CapturedFrame, longest_step: float) -> None:
        """Analyse a frame, for the picture, the live reading and the minute; `longest_step` as in `Sweep`."""
        frame = captured.frame
        pace = 1.0 if self._is_watched else UNWATCHED_PACE
        faces = self._loaded_analyser().analyse(frame, longest_step, pace)
        if not self._shutter.is_current(captured):
            return  # paused, or another camera or area meanwhile: this frame must not be shown or counted
        reading = Reading(frame.captured_at, frame.monotonic, faces, self._purpose)
        height, width = frame.image.shape[:2]
        self._analysis = Analysis(
            reading,
            frame.view,
            _lower_quartile_width(faces, width),
            self._analyser.pictures,
            (width, height),
        )
        self._turned.add(self._analyser.turned, len(faces), frame.monotonic)
        self._unreadable.add(_unreadable(faces), len(faces), frame.monotonic)
        self._minute_writer.add(reading, self._minute_writer.effective_settings.minimum_group)
        self._analysed.count()

    def _loaded_analyser(self) -> FaceAnalyser:
        """The analyser; a new one where an administrator has chosen another detector."""
        settings = self._minute_writer.effective_settings
        if self._analyser is None:
            self._purpose = settings.purpose  # never another one: see PurposeChanged
        if settings.detector != self._detector:
            self._analyser = self._load_analyser(settings.detector, self._purpose)
            self._detector = settings.detector
        return self._analyser

    def _settings(self) -> EffectiveSettings | None:
        """What the database says, under what the web process orders; None until the database answers."""
        stored = self._minute_writer.effective_settings
        return self._bus.demand.overrides.apply_to(stored) if stored else None

    def _publish_frames(self, is_running: Callable[[], bool]) -> None:
        self._shutter.apply(self._settings())
        for captured in self._shutter.frames(is_running):
            self._raise_if_superseded()
            self._raise_if_purpose_changed()
            if captured is not None:
                self._view = captured.frame.view
            if captured is not None and self._is_picture_due(captured):
                self._publish_picture(captured)
            if self._status_throttle.is_due(self._clock.monotonic()):
                self._publish_status()
            if self._shutter.apply(self._settings()):
                self._analysis, self._turned, self._unreadable = Analysis(), FaceShare(), FaceShare()

    def _raise_if_superseded(self) -> None:
        if self._minute_writer.is_superseded:
            raise NotLeaseHolder(HELD_ELSEWHERE)

    def _raise_if_purpose_changed(self) -> None:
        settings = self._minute_writer.effective_settings
        if self._purpose is not None and settings.purpose is not self._purpose:
            raise PurposeChanged(Translatable("The room's purpose was changed; starting again for it."))

    @property
    def _is_watched(self) -> bool:
        """Whether anybody watches the stream."""
        return self._bus.demand.fps > 0

    def _is_frame_due(self, monotonic: float) -> bool:
        """Whether the frame of this moment will be analysed or shown."""
        is_shown = self._is_watched and self._stream_throttle.would_be_due(monotonic)
        return is_shown or self._detect_throttle.would_be_due(monotonic)

    def _is_picture_due(self, captured: CapturedFrame) -> bool:
        return self._is_watched and self._stream_throttle.is_due(captured.frame.monotonic)

    def _publish_picture(self, captured: CapturedFrame) -> None:
        """Annotate and encode a frame with the newest faces, and publish it."""
        frame = captured.frame
        settings = self._settings()
        reading = self._newest_reading()
        faces = reading.faces if reading else ()
        if not is_group_in_view(faces, settings.minimum_group):
            faces = without_expressions(faces)
        hide_faces = settings.hide_faces
        words = _labels(settings.language, self._purpose)
        pictures = self._analysis.pictures if reading else ()
        image = annotate(frame.image, faces, hide_faces, frame.blanked_areas, words, pictures)
        height, width = image.shape[:2]
        jpeg = encode(image, self._jpeg_quality)
        captured_at = frame.captured_at.timestamp()
        self._bus.publish(
            AnnotatedPicture(
                jpeg, captured_at, (width, height), hide_faces, frame.blanked_areas, frame.monotonic
            )
        )

    def _newest_reading(self) -> Reading | None:
        """The newest reading of the view that the newest frame shows."""
        analysis = self._analysis
        return analysis.reading if analysis.view == self._view else None

    def _newest_live_reading(self) -> LiveReading | None:
        reading = self._newest_reading()
        if reading is None:
            return None
        minimum_group = self._minute_writer.effective_settings.minimum_group
        return self._live_figures.publish(reading, minimum_group)

    def _publish_status(self) -> None:
        camera = self._shutter.state
        self._log_camera_change(camera)
        self._bus.publish(
            MonitorStatus(
                camera=camera,
                live=self._newest_live_reading() if camera.is_online else None,
                analysed_fps=self._analysed.per_second(),
                frames_dropped=self._shutter.frames_dropped,
                face_width=self._analysis.face_width,
                frames_captured=self._shutter.frames_captured,
                frames_analysed=self._analysed.total,
                cores=self._cpu_load.cores(),
                minutes_written=self._minute_writer.minutes_written,
                lecture_id=self._minute_writer.lecture_id,
                pictures=self._proposed_areas() if camera.is_online else (),
                turned=self._turned.share,
                unreadable=self._unreadable.share,
            )
        )

    def _proposed_areas(self) -> tuple[PrivacyArea, ...]:
        """Privacy areas over the pictures of faces in the newest frame."""
        analysis = self._analysis
        if analysis.view != self._view:
            return ()
        return tuple(area_around(box, *analysis.size) for box in analysis.pictures)

    def _log_camera_change(self, camera: CameraState) -> None:
        """Log one line when the camera comes or goes."""
        if camera.reason is self._logged_reason:
            return
        self._logged_reason = camera.reason
        if camera.is_online:
            log.info("camera online")
        else:
            log.warning("camera dark, %s: %s", camera.reason, camera.detail)


@cache
def _labels(language: str, purpose: Purpose | None) -> dict[str, str]:
    """The words in a picture."""
    words = {PICTURE: Translatable("picture?")}
    if purpose is Purpose.EXPRESSIONS:
        from app.expression_names import EXPRESSION_NAMES  # no other purpose needs the words

        words |= EXPRESSION_NAMES
    return {kind: translate(word, language) for kind, word in words.items()}


def _unreadable(faces: Sequence[Face]) -> float | None:
    """The share of the faces that are too small for an expression; None without faces."""
    return sum(face.box.width < MIN_READABLE_SIDE for face in faces) / len(faces) if faces else None


def _lower_quartile_width(faces: Sequence[Face], picture_width: int) -> float | None:
    """Of the faces' widths, as a fraction of the picture's; None without faces."""
    widths = sorted(face.box.width for face in faces)
    return widths[len(widths) // 4] / picture_width if widths else None
