"""A detection, and non-maximum suppression among detections."""

from collections.abc import Sequence
from typing import NamedTuple

from app.vision.detection.cascade import Cascade
from app.vision.frame import Box


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

    Two boxes are of one face if either contains the other's centre. Their overlap would not tell: the cascade
    takes mouths for faces, and now and then a head with its shoulders.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda each: (each.confidence, each.box), reverse=True):
        if not any(are_one_face(detection.box, other.box) for other in kept):
            kept.append(detection)
    return sorted(kept, key=lambda each: each.box.width * each.box.height, reverse=True)


def are_one_face(a: Box, b: Box) -> bool:
    """Whether either box contains the other's centre."""
    return a.contains_centre_of(b) or b.contains_centre_of(a)
