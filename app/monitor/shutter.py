"""Which camera is open, without the parts of its picture that are left out; none during a pause."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from multiprocessing.connection import Connection

from app.camera.capture import Capture
from app.camera.errors import Reason
from app.camera.sources import open_source
from app.camera.state import CameraState
from app.clock import Clock
from app.language import Words
from app.store.effective_settings import CurrentPause, EffectiveSettings
from app.vision.frame import Frame
from app.vision.privacy_area import PrivacyArea

WAIT_SECONDS = 0.5  # for a frame, before looking whether to end
CLOSED_SECONDS = 0.1  # between two looks whether the camera is open again
STUCK_FACTOR = 4  # a read that takes so many times STALL_SECONDS never returns; only a new process helps


class CameraStuck(Exception):
    """A call into the camera's driver does not return."""


@dataclass(frozen=True, slots=True)
class View:
    """A frame and the camera that gave it; no frame where none came in WAIT_SECONDS."""

    capture: Capture | None
    frame: Frame | None


class Shutter:
    """Opens and closes the camera as it is told."""

    def __init__(
        self,
        stall_seconds: float,
        clock: Clock,
        sent: Connection | None = None,
        timezone: tzinfo = UTC,
    ) -> None:
        """Begin closed. `sent` brings what browsers send; a drawn clock shows the time in `timezone`."""
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._sent = sent
        self._timezone = timezone
        self._capture: Capture | None = None
        self._camera: str | None = None
        self._pause: CurrentPause | None = None
        self._closed_at = clock.now()

    def follow(self, wanted: EffectiveSettings | None) -> bool:
        """Open or close what `wanted` says, and say whether anything changed; None: not known yet.

        Raises CameraStuck where a camera does not let go, or does not answer: the process is to end then.
        """
        self._check()
        self._pause = wanted.pause if wanted else None
        camera = wanted.camera if wanted and not self._pause else None
        areas = wanted.areas if wanted else ()
        if camera == self._camera:
            return self._leave_out(areas)
        self.release_camera()
        self._camera = camera
        if camera is not None:
            source = partial(
                open_source,
                camera,
                timeout_seconds=self._stall_seconds,
                browser_frames=self._sent,
                timezone=self._timezone,
            )
            self._capture = Capture(
                source, stall_seconds=self._stall_seconds, privacy_areas=areas, clock=self._clock
            )
        return True

    def _leave_out(self, areas: tuple[PrivacyArea, ...]) -> bool:
        if self._capture is None or self._capture.privacy_areas == areas:
            return False
        self._capture.privacy_areas = areas
        return True

    def views(self, goes_on: Callable[[], bool]) -> Iterator[View]:
        """Give every new frame of whatever camera is open, newest wins, while `goes_on` says so."""
        before, sequence = None, 0
        while goes_on():
            capture = self._capture
            if capture is not before:
                before, sequence = capture, 0
            if capture is None:
                self._clock.wait(CLOSED_SECONDS)
                yield View(None, None)
                continue
            frame = capture.newest_frame(sequence, WAIT_SECONDS)
            if frame is not None:
                sequence = frame.sequence
            yield View(capture, frame)

    def still_shows(self, view: View) -> bool:
        """Whether the camera of `view` is the one that is open, and the same parts of it are left out."""
        capture = self._capture
        return (
            capture is not None
            and capture is view.capture
            and capture.privacy_areas == view.frame.blanked_areas
        )

    @property
    def state(self) -> CameraState:
        """How the camera is; a pause is one of the reasons for darkness."""
        capture, pause = self._capture, self._pause
        if capture is not None:
            return capture.state
        if pause is not None:
            detail = Words("Paused by %(name)s. Nothing is read, recorded or shown.", name=pause.by)
            return CameraState(False, Reason.PAUSED, detail, pause.since, capture_fps=0.0)
        detail = Words("The database is being asked what to look at.")
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
        """Let the camera go. Raises CameraStuck where it is still held: only the process's end frees it."""
        capture, self._capture, self._camera = self._capture, None, None
        self._closed_at = self._clock.now()
        if capture is None:
            return
        capture.stop()
        if capture.stuck_seconds:
            raise CameraStuck(Words("The camera does not let go; starting again without it."))

    def _check(self) -> None:
        stuck = self._capture.stuck_seconds if self._capture else 0.0
        if stuck > STUCK_FACTOR * self._stall_seconds:
            raise CameraStuck(
                Words(
                    "The camera's driver has not answered for %(seconds)s s; starting again.",
                    seconds=round(stuck),
                )
            )
