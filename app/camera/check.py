"""Whether a camera works: it is opened once, for a second of pictures."""

from dataclasses import dataclass

import numpy as np

from app.camera.capture import BLACK_DETAIL, is_black
from app.camera.sources import open_source
from app.clock import SYSTEM_CLOCK, Clock

LOOK_SECONDS = 1.0  # after the first picture


@dataclass(frozen=True, slots=True)
class CheckedCamera:
    """What a camera gave."""

    image: np.ndarray
    """Its last picture, BGR uint8."""
    fps: float

    def __str__(self) -> str:
        height, width = self.image.shape[:2]
        works = f"It works: {width} × {height} pixels, {self.fps:.0f} pictures a second."
        return f"{works} {BLACK_DETAIL}" if is_black(self.image) else works


def check_camera(spec: str, timeout: float, clock: Clock = SYSTEM_CLOCK) -> CheckedCamera:
    """Open what `spec` names and look for a second. Raises CameraError or ValueError, as `open_source`."""
    source = open_source(spec, timeout=timeout, clock=clock)
    try:
        image = source.read()
        began, pictures = clock.monotonic(), 0
        while clock.monotonic() - began < LOOK_SECONDS:
            image = source.read()
            pictures += 1
        return CheckedCamera(image, pictures / (clock.monotonic() - began))
    finally:
        source.close()
