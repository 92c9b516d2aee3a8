"""A detection, and non-maximum suppression among detections."""

from collections.abc import Sequence
from typing import NamedTuple

from app.vision.detection.cascade import Cascade
from app.vision.frame import Box

MAX_SHARED = 0.36
"""Two people's faces share at most this part of the smaller box. In 27 photographs of groups, faces behind
each other share up to 0.30, and a face and the same head with its neck from 0.41 on."""


class Detection(NamedTuple):
    """A face box that a detector proposes."""

    confidence: int
    """Ranks the detections of one detector: a cascade's votes, or 1000 times YuNet's score."""
    box: Box
    cascade: Cascade = Cascade.FRONTAL
    """The cascade that found it; meaningless for YuNet's detections."""
    turn: float | None = None
    """How far the nose lies from the middle between the eyes, in distances between them: 0 from the front,
    0.5 below an eye, at most 1. None from a cascade, which can't tell."""

    @property
    def is_from_yunet(self) -> bool:
        """Whether YuNet detected it, not a cascade."""
        return self.turn is not None


def non_maximum_suppression(detections: Sequence[Detection]) -> list[Detection]:
    """Keep one detection for each face, the most confident one; largest box first.

    The cascade takes mouths for faces, and now and then a head with its shoulders, or chin and tie.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda each: (each.confidence, each.box), reverse=True):
        if not any(are_one_face(detection.box, other.box) for other in kept):
            kept.append(detection)
    return sorted(kept, key=lambda each: each.box.width * each.box.height, reverse=True)


def are_one_face(a: Box, b: Box) -> bool:
    """Whether either box contains the other's centre, or much of the smaller one lies in the other."""
    if a.contains_centre_of(b) or b.contains_centre_of(a):
        return True
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    smaller = min(a.width * a.height, b.width * b.height)
    return width > 0 and height > 0 and width * height > MAX_SHARED * smaller
