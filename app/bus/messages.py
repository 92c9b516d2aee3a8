"""The picture plane: what the monitor and the web process tell each other. Newest wins, nothing is queued."""

from dataclasses import dataclass

from app.bus.live_reading import LiveReading
from app.camera.state import CameraState
from app.language import Words
from app.vision.privacy_area import PrivacyArea


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """One annotated frame, encoded once for everybody who watches."""

    jpeg: bytes
    captured_at: float
    """When the camera gave the frame, Unix seconds."""
    size: tuple[int, int]
    """Width and height in pixels."""
    faces_hidden: bool = False
    areas: tuple[PrivacyArea, ...] = ()
    """The parts that are left out."""


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """How the monitor is doing; sent at least once a second, so it is also the heartbeat."""

    camera: CameraState
    live: LiveReading | None
    detect_fps: float
    """Frames a second in which faces are to be looked for."""
    analysed_fps: float
    """Frames a second in which they were."""
    frames_dropped: int
    """Frames that came while another one was being read."""
    face_width: float | None = None
    """Of the smaller faces (lower quartile), as a part of the picture's width; None where there are none."""
    frames_captured: int = 0
    """Frames that the camera gave since it was opened."""
    frames_analysed: int = 0
    """Frames in which faces were looked for, since the monitor started."""
    minutes_written: int = 0
    """Minutes that were finished and written, since the monitor started."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the monitor can't work at all, as one sentence; its last words."""

    detail: Words | str


@dataclass(frozen=True, slots=True)
class Demand:
    """How many pictures a second the viewers want; 0 while nobody watches."""

    fps: float


Message = AnnotatedPicture | MonitorStatus | Trouble


class NotLeaseHolder(ConnectionError):
    """This process may not read the room's camera: another one does, or nobody can say whether one does."""
