"""Calibration of a trained network: the mixture of heads that it serves, temperatures, and two thresholds."""

from dataclasses import dataclass

import keras
import numpy as np

from app.vision.crop import as_input
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.track import REJECT_BELOW
from models.data.dataset import Crops, Faces
from models.data.votes import ferplus_majority
from models.data.wild_faces import WildFaces
from models.evaluation.evaluate import selective_accuracy
from models.evaluation.measures import best_temperature
from models.network.architecture import to_float32
from models.network.mixture import FERPLUS_ALONE, Mixture
from models.network.serving import BATCH_SIZE

ROOM = {
    Emotion.ANGRY: 0.05,
    Emotion.DISGUST: 0.03,
    Emotion.FEAR: 0.03,
    Emotion.HAPPY: 0.20,
    Emotion.SAD: 0.08,
    Emotion.SURPRISE: 0.06,
    Emotion.NEUTRAL: 0.55,
}
"""How often a class shows each expression, roughly: what scores and `uncertain_below` are chosen for."""

WILD_SHARE = 0.75
"""Of the logits that are served; the rest are head `ferplus`'s. Less loses the rare expressions in the wild,
more loses agreement with the votes of FER+ (docs/experiments.md)."""

WILD_IN_TEMPERATURE = 0.8
"""How much the held-out faces in the wild count for the temperature; the rest are PublicTest's."""

NAMED_RIGHT = 0.92
"""The share of a room's named faces that must be right on held-out faces in the wild."""

COVERAGE = 0.8
"""Without such faces: the share of PublicTest whose expression is named."""

FALSE_POSITIVE_RATE = 1 / 150
"""The share of false proposals that may pass the `face` threshold. All cascades together make some twenty a
photograph, and later looks reject two thirds of those that passed: one in ten photographs may stay."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How `scores` come from the heads, and what divides the logits of `fer`."""

    mixture: Mixture
    fer_temperature: float


def calibrate(trained: keras.Model, faces: Faces, wild: WildFaces | None) -> Calibration:
    """Choose what is served, so that a score is how often it is right.

    `faces` are PublicTest's: `fer` is calibrated on their labels, `scores` on their FER+ majority. With
    held-out faces in the wild, `scores` are calibrated mostly on these, as frequent as a room shows them.
    """
    trained = to_float32(trained)
    outputs = _logits(trained, faces.images)
    has_majority, majority = ferplus_majority(faces.votes)
    fer_temperature = best_temperature(outputs["fer"], faces.labels)
    if wild is None:
        logits = FERPLUS_ALONE.logits(outputs)
        mixture = FERPLUS_ALONE.at(best_temperature(logits[has_majority], majority[has_majority]))
        return Calibration(mixture, fer_temperature)
    mixture = Mixture(("wild", "ferplus"), (WILD_SHARE, 1 - WILD_SHARE))
    images, labels = wild.held_out()
    logits = [mixture.logits(_logits(trained, images)), mixture.logits(outputs)[has_majority]]
    truth = [labels, majority[has_majority]]
    weights = [
        WILD_IN_TEMPERATURE * room_weights(truth[0]),
        (1 - WILD_IN_TEMPERATURE) * room_weights(truth[1]),
    ]
    temperature = best_temperature(*map(np.concatenate, (logits, truth, weights)))
    return Calibration(mixture.at(temperature), fer_temperature)


def _logits(trained: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    return trained.predict(as_input(images), batch_size=BATCH_SIZE, verbose=0)


def room_weights(labels: np.ndarray) -> np.ndarray:
    """Weigh faces (N,) so that their labels are as frequent as in ROOM; the weights add up to 1."""
    counts = np.maximum(np.bincount(labels, minlength=len(EMOTIONS)), 1)
    weights = (np.array([ROOM[emotion] for emotion in EMOTIONS]) / counts)[labels]
    return weights / weights.sum()


def uncertain_threshold(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Choose `uncertain_below` on faces in the wild, scores (N, 7) and labels (N,), and measure it.

    It is the lowest top score from which on NAMED_RIGHT of the faces named in a room are right, whichever
    higher one is taken.
    """
    confidence, is_right, weights = scores.max(1), scores.argmax(1) == truth, room_weights(truth)
    threshold = 1.0
    for candidate in np.arange(0.99, 0.2, -0.005):
        is_named = confidence >= candidate
        named = weights[is_named].sum()
        if named and (weights * is_right)[is_named].sum() < NAMED_RIGHT * named:
            break
        threshold = round(float(candidate), 3)
    return _with_figures(threshold, scores, truth, weights)


def uncertain_threshold_by_votes(scores: np.ndarray, faces: Faces) -> dict:
    """Choose the top score that COVERAGE of PublicTest's faces reach, `uncertain_below`, and measure it."""
    threshold = _rounded_down(np.quantile(scores.max(1), 1 - COVERAGE))
    has_majority, majority = ferplus_majority(faces.votes)
    truth = majority[has_majority]
    return _with_figures(threshold, scores[has_majority], truth, np.full(len(truth), 1 / len(truth)))


def _with_figures(threshold: float, scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> dict:
    figures = selective_accuracy(scores, truth, threshold, weights)
    return {"uncertain_below": threshold, "uncertain_figures": figures}


def face_threshold(face: np.ndarray, crops: Crops) -> dict:
    """Choose `face_below`, at which FALSE_POSITIVE_RATE of the false proposals pass, and measure it.

    It is never below one half, REJECT_BELOW; and exactly that, unmeasured, where the crops, which are never
    trained on, are not of both kinds. `face` (N,) is the network's probability for each crop.
    """
    is_face = crops.is_face
    if len(np.unique(is_face)) < 2:
        return {"face_below": REJECT_BELOW}
    threshold = max(np.quantile(face[~is_face], 1 - FALSE_POSITIVE_RATE), REJECT_BELOW)
    threshold = _rounded_down(threshold)
    return {
        "face_below": threshold,
        "face_figures": {
            "faces": int(is_face.sum()),
            "faces_kept": int((face[is_face] >= threshold).sum()),
            "faces_kept_at_half": int((face[is_face] >= 0.5).sum()),
            "false": int((~is_face).sum()),
            "false_kept": int((face[~is_face] >= threshold).sum()),
            "false_kept_at_half": int((face[~is_face] >= 0.5).sum()),
        },
    }


def _rounded_down(value: float) -> float:
    return float(np.floor(np.float64(value) * 1000) / 1000)
