"""How right a network is, how surely that is known, and how rightly sure the network itself is."""

from math import sqrt

import numpy as np

from app.vision.emotion import EMOTIONS

BINS = 15  # of confidence, for the calibration error, as in Guo et al. 2017
Z95 = 1.959964  # the normal distribution's 97.5 % point


def measures(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Measure scores (N, 7) against the index in EMOTIONS of each face's label (N,)."""
    read = scores.argmax(1)
    right = int((read == truth).sum())
    confusion = confusion_of(truth, read)
    per_class = {emotion.value: _class(confusion, index) for index, emotion in enumerate(EMOTIONS)}
    return {
        "n": len(truth),
        "accuracy": right / len(truth),
        "accuracy_ci95": list(wilson(right, len(truth))),
        "macro_f1": float(np.mean([one["f1"] for one in per_class.values()])),
        "per_class": per_class,
        "confusion": confusion.tolist(),
        "ece": calibration_error(scores, truth),
        "nll": negative_log_likelihood(scores, truth),
    }


def confusion_of(truth: np.ndarray, read: np.ndarray) -> np.ndarray:
    """Count faces by what they are (rows) and what they were read as (columns)."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (truth, read), 1)
    return confusion


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, z2 = right / count, Z95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return middle - half, middle + half


def calibration_error(scores: np.ndarray, truth: np.ndarray) -> float:
    """How far confidence and accuracy lie apart, averaged over the faces, in bins of equal width."""
    confidence, right = scores.max(1), scores.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(BINS)]
    return float(sum(gaps) / len(truth))


def negative_log_likelihood(scores: np.ndarray, truth: np.ndarray) -> float:
    """The mean of −ln of the score that the label got, in nats."""
    return float(-np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-7)).mean())


def best_temperature(logarithms: np.ndarray, truth: np.ndarray) -> float:
    """The temperature at which the scores, given as logarithms (N, 7), are likeliest (Guo et al. 2017)."""

    def loss(temperature: float) -> float:
        scaled = logarithms / temperature
        scaled = np.exp(scaled - scaled.max(1, keepdims=True))
        return negative_log_likelihood(scaled / scaled.sum(1, keepdims=True), truth)

    return float(min(np.geomspace(0.25, 4, 401), key=loss))


def _class(confusion: np.ndarray, index: int) -> dict[str, float]:
    hits, named, there = confusion[index, index], confusion[:, index].sum(), confusion[index].sum()
    return {
        "precision": float(hits / named) if named else 0.0,
        "recall": float(hits / there) if there else 0.0,
        "f1": float(2 * hits / (named + there)) if named + there else 0.0,
        "n": int(there),
    }
