"""Whether a camera works: it is opened once, for a second of pictures."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from app.camera.capture import BLACK_DETAIL, is_black
from app.camera.sources import open_source
from app.clock import SYSTEM_CLOCK, Clock
from app.language import Words

LOOK_SECONDS = 1.0  # after the first picture


@dataclass(frozen=True, slots=True)
class CheckedCamera:
    """What a camera gave."""

    image: np.ndarray
    """Its last picture, BGR uint8."""
    fps: float

    @property
    def words(self) -> Words:
        """The same for people."""
        height, width = self.image.shape[:2]
        works = Words(
            "It works: %(width)s × %(height)s pixels, %(fps)s pictures a second.",
            width=width,
            height=height,
            fps=round(self.fps),
        )
        if is_black(self.image):
            return Words("%(works)s %(but)s", works=works, but=BLACK_DETAIL)
        return works


def check_camera(
    spec: str, timeout: float, clock: Clock = SYSTEM_CLOCK, timezone: tzinfo = UTC
) -> CheckedCamera:
    """Open what `spec` names and look for a second. Raises CameraError or ValueError, as `open_source`."""
    source = open_source(spec, timeout=timeout, clock=clock, timezone=timezone)
    try:
        image = source.next_frame()
        began, pictures = clock.monotonic(), 0
        while clock.monotonic() - began < LOOK_SECONDS:
            image = source.next_frame()
            pictures += 1
        return CheckedCamera(image, pictures / (clock.monotonic() - began))
    finally:
        source.release()
