"""The values that flow through the program: a frame, the faces in it, and the reading made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from app.purpose import Purpose
from app.vision.emotion import Emotion
from app.vision.privacy_area import PrivacyArea

MIN_READABLE_SIDE = 36
"""Pixels. The crop of a smaller face would be mostly enlargement, and its scores noise."""


class Box(NamedTuple):
    """A rectangle in an image, in pixels; x and y are its top left corner."""

    x: int
    y: int
    width: int
    height: int

    def crop(self, image: np.ndarray) -> np.ndarray:
        """The part of an image (height, width, …) inside the box, cut off at the image's edges; a view."""
        left, top = max(self.x, 0), max(self.y, 0)
        return image[top : max(self.y + self.height, 0), left : max(self.x + self.width, 0)]

    def contains_centre_of(self, other: "Box") -> bool:
        """Whether the centre of another box lies in this one."""
        x, y = other.x + other.width / 2, other.y + other.height / 2
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Frame:
    """One image from the camera."""

    image: np.ndarray
    """BGR, uint8, (height, width, 3). Never draw on it: other threads read it too."""
    sequence: int
    """Counts the camera's frames from 1 in each process."""
    captured_at: datetime
    """When the camera gave it, by the wall clock, UTC."""
    monotonic: float
    """The same moment in seconds of a clock that never jumps. Durations are taken from it."""
    blanked_areas: tuple[PrivacyArea, ...] = ()
    """The privacy areas that `image` shows in one flat colour."""
    view: int = 0
    """Another number where the camera was switched, was dark in between, or has another sender: nobody in an
    earlier view is followed into this one."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in view."""

    track_id: int
    """Names the same face from frame to frame while the process lives; never stored."""
    box: Box
    scores: np.ndarray | None
    """float32 (7,), the smoothed score of each of EMOTIONS, adding up to 1. None for a face that is too
    small, or seen from the side with no score high enough."""
    emotion: Emotion | None
    """What it is named: the expression with the highest score or, so that names don't flicker, one that had
    it and is not clearly lower yet. None for a face without scores, turned far away, or with no score high
    enough."""
    is_frontal: bool | None = None
    """Whether it is turned to the camera; None where the detector can't tell."""


def is_group_in_view(faces: Sequence[Face], minimum_group: int) -> bool:
    """Whether enough faces are in view for their expressions to be shown."""
    return len(faces) >= minimum_group


def without_expressions(faces: Sequence[Face]) -> tuple[Face, ...]:
    """The faces as boxes only."""
    return tuple(replace(face, scores=None, emotion=None) for face in faces)


@dataclass(frozen=True, slots=True)
class Reading:
    """The faces of one analysed frame."""

    at: datetime
    """When the camera gave the frame, by the wall clock, UTC."""
    monotonic: float
    """The same moment in seconds of a clock that never jumps."""
    faces: tuple[Face, ...]
    purpose: Purpose = Purpose.EXPRESSIONS
    """What the faces were read for."""
