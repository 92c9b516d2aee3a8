"""What would let more of a room's faces be read, for the live page and other programs."""

from enum import StrEnum

from app.bus.messages import MonitorStatus
from app.camera.spec import CameraKind, kind_of
from app.purpose import Purpose
from app.store.effective_settings import EffectiveSettings, is_set_by_environment
from app.vision.detector_choice import CASCADES

MANY_UNREADABLE = 0.5
MANY_TURNED = 0.2
"""From this share of faces on that only the cascades for turned and leaning faces find, YuNet is worth it. It
is 0.27 at a table of four who look at each other, 0.17 in a video call of six, and 0 in clips of people who
face the camera."""


class Advice(StrEnum):
    """What to do."""

    LARGER_FACES = "larger_faces"
    """Move the camera closer, or let it send a larger picture."""
    BETTER_DETECTOR = "better_detector"
    """Use YuNet."""


def advice_for(in_force: EffectiveSettings, status: MonitorStatus | None) -> Advice | None:
    """What would help most in a room; None if all is well, or where nobody sits."""
    if (
        status is None
        or not status.camera.is_online
        or in_force.purpose is Purpose.PULSE
        or kind_of(in_force.camera) == CameraKind.DEMO
    ):
        return None
    if in_force.purpose is Purpose.EXPRESSIONS and (status.unreadable or 0.0) >= MANY_UNREADABLE:
        return Advice.LARGER_FACES
    may_switch = in_force.detector == CASCADES and not is_set_by_environment("detector")
    return Advice.BETTER_DETECTOR if may_switch and (status.turned or 0.0) >= MANY_TURNED else None
