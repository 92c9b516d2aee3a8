"""How a camera is doing, as a value that travels."""

from dataclasses import dataclass
from datetime import datetime

from app.camera.errors import Reason
from app.language import Words


@dataclass(frozen=True, slots=True)
class CameraState:
    """How the camera is doing."""

    online: bool
    reason: Reason | None
    """Why it is dark; None while online."""
    detail: Words | None
    """The same in a sentence, with what to do; None while online. Holds no password."""
    since: datetime
    """UTC: the first picture while online, else the last one, or the start when there was none."""
    capture_fps: float
    """Pictures a second that the camera gives now."""
