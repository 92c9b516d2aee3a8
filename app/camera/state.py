"""How a camera is doing, as a value that travels between processes."""

from dataclasses import dataclass
from datetime import datetime

from app.camera.errors import Reason
from app.language import Translatable


@dataclass(frozen=True, slots=True)
class CameraState:
    """How the camera is doing."""

    is_online: bool
    reason: Reason | None
    """Why it is dark; None while online."""
    detail: Translatable | None
    """The same in a sentence, with what to do; None while online. Holds no password."""
    since: datetime
    """UTC. While online, when the first frame came; while dark, the last one, or the start if none came."""
    capture_fps: float
    """Frames a second that the camera gives now."""
