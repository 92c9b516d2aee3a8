"""What decides that a proposal is a face: the network's output `face` and, for YuNet, its own score."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from app.vision.crop import crop_faces
from app.vision.detection.detection import Detection

if TYPE_CHECKING:
    from app.vision.expression_network import ExpressionClassifier

CASCADE_BELOW = 0.95
"""A cascade's proposal whose face probability is below this is no face, unless the card's `face_below` is
higher. The votes say nothing more (benchmarks/NOTES.md)."""
CASCADE_BELOW_IN_PICTURE = 0.995
"""The same in a single picture, where all cascades search for every size. A camera sees a false positive
seldom twice, and must follow heads that turn and lean."""

YUNET_WEIGHT, YUNET_OFFSET = 4.0, -4.2
"""A logistic regression: the log-odds that YuNet's detection is a face are those of the network, plus the
weight times those of YuNet's score, plus the offset. Two thresholds in a row would lose bowed heads, of which
the network is unsure, and small faces, of which YuNet is (benchmarks/NOTES.md)."""


class ClassifiedFace(NamedTuple):
    """A detection that is a face, as the network sees it."""

    detection: Detection
    crop: np.ndarray
    """uint8 (48, 48), upright."""
    scores: np.ndarray
    """float32 (7,), in the order of EMOTIONS."""
    face_probability: float
    """As `face_probability` gives it."""


def faces_among(
    grey: np.ndarray,
    detections: Sequence[Detection],
    classifier: "ExpressionClassifier",
    *,
    in_picture: bool = False,
) -> list[ClassifiedFace]:
    """Give the detections in `grey`, uint8 (height, width), that are faces.

    `in_picture` says that it is a single picture, not a camera's.
    """
    cascade_below = CASCADE_BELOW_IN_PICTURE if in_picture else CASCADE_BELOW
    crops = crop_faces(
        grey, [each.box for each in detections], [each.cascade.roll_degrees for each in detections]
    )
    scores, probabilities = classifier.classify(crops)
    faces = map(ClassifiedFace, detections, crops, scores, map(face_probability, detections, probabilities))
    return [face for face in faces if face.face_probability >= _threshold(face, classifier, cascade_below)]


def face_probability(detection: Detection, network_probability: float) -> float:
    """Give the probability that a detection is a face; `network_probability` is the network's of its crop."""
    if not detection.is_from_yunet:
        return float(network_probability)
    log_odds = _log_odds(network_probability) + YUNET_WEIGHT * _log_odds(detection.confidence / 1000)
    return 1 / (1 + math.exp(-(log_odds + YUNET_OFFSET)))


def _threshold(face: ClassifiedFace, classifier: "ExpressionClassifier", cascade_below: float) -> float:
    face_below = classifier.face_below
    return face_below if face.detection.is_from_yunet else max(face_below, cascade_below)


def _log_odds(probability: float) -> float:
    bounded = min(max(float(probability), 1e-5), 1 - 1e-5)
    return math.log(bounded / (1 - bounded))
