"""What monitor and web process send each other. The newest message of each type wins, nothing is queued."""

import math
from dataclasses import dataclass

from app.bus.live_reading import LiveReading
from app.camera.state import CameraState
from app.language import Translatable
from app.store.effective_settings import NO_OVERRIDES, Overrides
from app.vision.privacy_area import PrivacyArea


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """One annotated frame, encoded once for all viewers."""

    jpeg: bytes
    captured_at: float
    """When the camera gave the frame, Unix seconds."""
    size: tuple[int, int]
    """Width and height in pixels."""
    faces_hidden: bool = False
    areas: tuple[PrivacyArea, ...] = ()
    """The privacy areas that are blanked in it."""
    monotonic: float = math.inf
    """When the camera gave the frame, by the machine's monotonic clock."""


@dataclass(frozen=True, slots=True)
class PictureOnItsWay:
    """A picture between two machines, whose clocks may differ."""

    picture: AnnotatedPicture
    age_seconds: float
    """How old it was when it was sent."""


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """How the monitor is doing; it is sent at least once a second, so it is also the heartbeat."""

    camera: CameraState
    live: LiveReading | None
    analysed_fps: float
    """Frames a second that were analysed."""
    frames_dropped: int
    """Frames that were never taken, because another one was being analysed."""
    face_width: float | None = None
    """Lower quartile of the faces' widths, as a fraction of the picture's width; None without faces."""
    frames_captured: int = 0
    """Frames that the camera gave since it was opened."""
    frames_analysed: int = 0
    """Frames that were analysed since the monitor started."""
    cores: float | None = None
    """Processor cores that the monitor keeps busy; None until that is measured."""
    minutes_written: int = 0
    """Finished minutes that were written since the monitor started."""
    lecture_id: int | None = None
    """The lecture that is being counted. Another one's minutes are all written."""
    pictures: tuple[PrivacyArea, ...] = ()
    """Where faces keep so still that they are pictures, such as posters: proposals for privacy areas."""
    turned: float | None = None
    """The share of faces in the last minutes that only the cascades for turned and leaning faces found;
    None with another detector, or where too little was seen."""
    unreadable: float | None = None
    """The share of them that were too small for an expression; None where too little was seen."""


@dataclass(frozen=True, slots=True)
class MonitorUnavailable:
    """Why there is no working monitor; a monitor that fails sends it last."""

    detail: Translatable | str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the web process asks of the monitor."""

    fps: float
    """The frame rate that viewers request together; 0 while nobody watches."""
    overrides: Overrides = NO_OVERRIDES
    """A pause and hidden faces, which the monitor obeys even while it can't read the database."""
    changes: int = 0
    """Another number tells the monitor that the database says something new about the room."""


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """The database says something new about a room."""


Message = AnnotatedPicture | MonitorStatus | MonitorUnavailable
