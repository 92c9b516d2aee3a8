"""The values that flow through the program: a frame, the faces in it, and what was read of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np

from app.vision.emotion import Emotion
from app.vision.privacy_area import PrivacyArea


class Box(NamedTuple):
    """A rectangle in a frame, in pixels; x and y are its top left corner."""

    x: int
    y: int
    width: int
    height: int

    def of(self, image: np.ndarray) -> np.ndarray:
        """The pixels of a picture (height, width, …) that lie in the box, which may stick out; a view."""
        left, top = max(self.x, 0), max(self.y, 0)
        return image[top : max(self.y + self.height, 0), left : max(self.x + self.width, 0)]

    def holds_middle_of(self, other: "Box") -> bool:
        """Whether the middle of another box lies in this one."""
        x, y = other.x + other.width / 2, other.y + other.height / 2
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from the camera."""

    image: np.ndarray
    """BGR, uint8, (height, width, 3). Not to be drawn on: others read it too."""
    sequence: int
    """Counts the camera's frames from 1 in each process."""
    captured_at: datetime
    """When the camera gave it, by the wall clock, UTC."""
    monotonic: float
    """The same moment in seconds of a clock that never jumps: all durations are taken from it."""
    blanked: tuple[PrivacyArea, ...] = ()
    """The parts that are left out: in `image` they are one flat colour."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in view."""

    track: int
    """Names the same face from frame to frame, while the process lives; never stored."""
    box: Box
    scores: np.ndarray | None
    """float32 (7,), the smoothed score of each of EMOTIONS, adding up to 1; None where it is too small, or
    turned away and the network not sure enough."""
    emotion: Emotion | None
    """The expression read; None where it is too small, or where the network is not sure enough."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one analysed frame says."""

    at: datetime
    """When the camera gave the frame, by the wall clock, UTC."""
    monotonic: float
    """The same moment on the clock that never jumps, seconds."""
    faces: tuple[Face, ...]
