"""Calibration of a trained network on PublicTest: the temperatures of its scores and its two thresholds."""

from dataclasses import dataclass

import keras
import numpy as np

from app.vision.track import REJECT_BELOW
from models.data.dataset import Crops, Faces
from models.data.votes import ferplus_majority
from models.evaluation.evaluate import selective_accuracy
from models.evaluation.measures import best_temperature
from models.network.serving import predict_with_keras, serving_network

COVERAGE = 0.8  # the share of the faces whose expression is named; the rest count as uncertain
FALSE_POSITIVE_RATE = 1 / 150
"""The share of false proposals that may pass the `face` threshold. All cascades together make some twenty a
photograph, and later looks reject two thirds of those that passed: one in ten photographs may stay."""


@dataclass(frozen=True, slots=True)
class Temperatures:
    """What the logits of each head are divided by, so that a score is how often it is right."""

    scores: float
    fer: float


def find_temperatures(trained: keras.Model, faces: Faces) -> Temperatures:
    """Choose the temperatures: that of `scores` by the FER+ majority, that of `fer` by FER-2013's labels."""
    outputs = predict_with_keras(serving_network(trained), faces.images)
    has_majority, majority = ferplus_majority(faces.votes)
    log_scores = {name: np.log(np.maximum(outputs[name], 1e-30)) for name in ("scores", "fer")}
    return Temperatures(
        best_temperature(log_scores["scores"][has_majority], majority[has_majority]),
        best_temperature(log_scores["fer"], faces.labels),
    )


def uncertain_threshold(scores: np.ndarray, faces: Faces) -> dict:
    """Choose the top score that COVERAGE of the faces reach, `uncertain_below`, and measure it."""
    threshold = _rounded_down(np.quantile(scores.max(1), 1 - COVERAGE))
    return {
        "uncertain_below": threshold,
        "uncertain_figures": selective_accuracy(scores, faces, threshold),
    }


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
