"""Opens and closes the camera as the effective settings say.

During a pause it is closed, and outside the timetable, if the room is read only during lectures. In a room
for the pulse alone it is never opened.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from multiprocessing.connection import Connection

from app.camera.capture import Capture
from app.camera.errors import CameraError, Reason
from app.camera.sources import Source, open_source
from app.camera.state import CameraState
from app.clock import Clock
from app.language import Translatable
from app.purpose import Purpose
from app.store.effective_settings import CurrentPause, EffectiveSettings, OutsideTimetable
from app.timetable.wording import nothing_is_read
from app.vision.frame import Frame
from app.vision.privacy_area import PrivacyArea

FRAME_WAIT_SECONDS = 0.1  # how soon a pause or an area applies, also while nobody needs a frame
CLOSED_POLL_SECONDS = 0.1
STUCK_FACTOR = 4  # a read that takes this many times STALL_SECONDS never returns; only a new process helps


class CameraStuck(Exception):
    """A call into the camera's driver does not return."""


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """A frame and the capture that it comes from."""

    capture: Capture
    frame: Frame


class Shutter:
    """Holds the open camera, and gives its frames without the privacy areas."""

    def __init__(
        self,
        stall_seconds: float,
        clock: Clock,
        frame_requests: Connection | None = None,
        is_frame_due: Callable[[float], bool] = lambda monotonic: True,
    ) -> None:
        """Start closed. `frame_requests` is the pipe for frames from browsers.

        `is_frame_due` says whether anybody needs the frame of this moment.
        """
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._frame_requests = frame_requests
        self._is_frame_due = is_frame_due
        self._timezone: tzinfo = UTC
        """The zone of the times that people see."""
        self._capture: Capture | None = None
        self._camera: str | None = None
        self._pause: CurrentPause | None = None
        self._outside: OutsideTimetable | None = None
        self._has_no_camera = False
        self._closed_at = clock.now()

    def apply(self, settings: EffectiveSettings | None) -> bool:
        """Open, close or change the camera to match `settings`; gives whether anything changed.

        None means that the settings are not known yet: the camera stays closed. Raises CameraStuck where a
        camera does not answer or can't be released; the process must end then.
        """
        self._raise_if_stuck()
        self._pause = settings.pause if settings else None
        self._outside = settings.outside if settings else None
        self._has_no_camera = settings is not None and settings.purpose is Purpose.PULSE
        if settings:
            self._timezone = settings.timezone
        is_closed = self._pause or self._outside or self._has_no_camera
        camera = settings.camera if settings and not is_closed else None
        areas = settings.areas if settings else ()
        if camera == self._camera:
            return self._change_areas(areas)
        self.release_camera()
        self._camera = camera
        if camera is not None:
            self._capture = self._open(camera, areas)
        return True

    def _open(self, camera: str, areas: tuple[PrivacyArea, ...]) -> Capture:
        def source() -> Source:
            try:
                return open_source(
                    camera,
                    timeout_seconds=self._stall_seconds,
                    browser_frames=self._frame_requests,
                    timezone=self._timezone,
                )
            except ValueError as error:  # stored by an earlier version, which allowed more
                raise CameraError(Reason.MISSING, error.args[0]) from error

        return Capture(
            source,
            stall_seconds=self._stall_seconds,
            privacy_areas=areas,
            is_frame_due=self._is_frame_due,
            clock=self._clock,
        )

    def _change_areas(self, areas: tuple[PrivacyArea, ...]) -> bool:
        if self._capture is None or self._capture.privacy_areas == areas:
            return False
        self._capture.privacy_areas = areas
        return True

    def frames(self, is_running: Callable[[], bool]) -> Iterator[CapturedFrame | None]:
        """Yield each new frame of the camera that is open, newest wins, until `is_running` gives False.

        Yields None where no frame came within FRAME_WAIT_SECONDS, or where the camera is closed, so that
        the caller keeps going.
        """
        previous, sequence = None, 0
        while is_running():
            capture = self._capture
            if capture is not previous:
                previous, sequence = capture, 0
            if capture is None:
                self._clock.wait(CLOSED_POLL_SECONDS)
                yield None
                continue
            frame = capture.newest_frame(sequence, FRAME_WAIT_SECONDS)
            if frame is None:
                yield None
                continue
            sequence = frame.sequence
            yield CapturedFrame(capture, frame)

    def is_current(self, captured: CapturedFrame) -> bool:
        """Whether the camera that gave this frame is still open, with the same privacy areas."""
        capture = self._capture
        return (
            capture is not None
            and capture is captured.capture
            and capture.privacy_areas == captured.frame.blanked_areas
        )

    @property
    def state(self) -> CameraState:
        """How the camera is doing; a pause and the timetable are among the reasons for being dark."""
        capture, pause, outside = self._capture, self._pause, self._outside
        if capture is not None:
            return capture.state
        if pause is not None:
            detail = Translatable("Paused by %(name)s. Nothing is read, recorded or shown.", name=pause.by)
            return CameraState(False, Reason.PAUSED, detail, pause.since, capture_fps=0.0)
        if self._has_no_camera:
            detail = Translatable("The room is for the pulse alone.")
            return CameraState(False, Reason.NO_CAMERA, detail, self._closed_at, capture_fps=0.0)
        if outside is not None:
            detail = nothing_is_read(outside.next_lecture_at, self._clock.now(), self._timezone)
            return CameraState(False, Reason.OUTSIDE_TIMETABLE, detail, self._closed_at, capture_fps=0.0)
        detail = Translatable("Asking the database which camera to open.")
        return CameraState(False, Reason.STARTING, detail, self._closed_at, capture_fps=0.0)

    @property
    def frames_captured(self) -> int:
        """Frames that the open camera gave."""
        return self._capture.frames_captured if self._capture else 0

    @property
    def frames_dropped(self) -> int:
        """Frames of the open camera that nobody took."""
        return self._capture.frames_dropped if self._capture else 0

    def release_camera(self) -> None:
        """Close the camera. Raises CameraStuck where only the process's end can release it."""
        capture, self._capture, self._camera = self._capture, None, None
        self._closed_at = self._clock.now()
        if capture is None:
            return
        capture.stop()
        if capture.stuck_seconds:
            raise CameraStuck(Translatable("The camera can't be released; starting again without it."))

    def _raise_if_stuck(self) -> None:
        stuck_seconds = self._capture.stuck_seconds if self._capture else 0.0
        if stuck_seconds > STUCK_FACTOR * self._stall_seconds:
            raise CameraStuck(
                Translatable(
                    "The camera's driver has not answered for %(seconds)s s; starting again.",
                    seconds=round(stuck_seconds),
                )
            )
