"""Checks whether a camera works: opens it once, for a second of frames."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from app.camera.picture_fault import BLACK_DETAIL, is_black
from app.camera.sources import open_source
from app.clock import SYSTEM_CLOCK, Clock
from app.language import Translatable

CHECK_SECONDS = 1.0  # after the first frame


@dataclass(frozen=True, slots=True)
class CameraCheck:
    """What a camera gave during its check."""

    image: np.ndarray
    """The last frame, BGR uint8."""
    fps: float

    @property
    def summary(self) -> Translatable:
        """The result for people."""
        height, width = self.image.shape[:2]
        works = Translatable(
            "It works: %(width)s × %(height)s pixels, %(fps)s pictures a second.",
            width=width,
            height=height,
            fps=round(self.fps),
        )
        if is_black(self.image):
            return Translatable("%(works)s %(but)s", works=works, but=BLACK_DETAIL)
        return works


def check_camera(
    spec: str, timeout_seconds: float, clock: Clock = SYSTEM_CLOCK, timezone: tzinfo = UTC
) -> CameraCheck:
    """Open what `spec` names and read it for a second. Raises CameraError or ValueError, as `open_source`."""
    source = open_source(spec, timeout_seconds=timeout_seconds, clock=clock, timezone=timezone)
    try:
        image = source.next_frame()
        began, frames = clock.monotonic(), 0
        while clock.monotonic() - began < CHECK_SECONDS:
            image = source.next_frame()
            frames += 1
        return CameraCheck(image, frames / (clock.monotonic() - began))
    finally:
        source.release()
