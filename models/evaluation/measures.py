"""Metrics of a network's scores: accuracy with its interval, F1, calibration, selective accuracy."""

from math import comb

import numpy as np

from app.report.interval import wilson
from app.vision.emotion import EMOTIONS

BINS = 15  # of confidence, for the calibration error, as in Guo et al. 2017
COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))


def measures(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Measure scores (N, 7) against labels, indices in EMOTIONS (N,)."""
    confusion = confusion_matrix(truth, scores.argmax(1))
    per_class = {emotion.value: _of_class(confusion, index) for index, emotion in enumerate(EMOTIONS)}
    return accuracy(scores, truth) | {
        "macro_f1": float(np.mean([each["f1"] for each in per_class.values()])),
        "mean_recall": float(np.mean([each["recall"] for each in per_class.values() if each["n"]])),
        "per_class": per_class,
        "confusion": confusion.tolist(),
        "ece": calibration_error(scores, truth),
        "nll": negative_log_likelihood(scores, truth),
        "reliability": reliability(scores, truth),
        "coverage": coverage(scores, truth),
    }


def accuracy(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Return the number of faces `n`, the `accuracy`, 0 to 1, and its 95 % interval `accuracy_ci95`."""
    right = int((scores.argmax(1) == truth).sum())
    return {
        "n": len(truth),
        "accuracy": right / len(truth),
        "accuracy_ci95": list(wilson(right, len(truth))),
    }


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Count faces by label (rows) and prediction (columns)."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (truth, predicted), 1)
    return confusion


def calibration_error(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Average the gap between confidence and accuracy over the faces, in bins of equal width (ECE).

    `weights` (N,) of faces; by default all count alike.
    """
    weights = np.ones(len(truth)) if weights is None else weights
    confidence, is_right = scores.max(1), scores.argmax(1) == truth
    gaps = np.bincount(_bins(confidence), weights * (is_right - confidence), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def reliability(scores: np.ndarray, truth: np.ndarray) -> dict[str, list]:
    """Return faces, mean confidence and accuracy in each bin of the calibration error; None where empty."""
    confidence, is_right = scores.max(1), scores.argmax(1) == truth
    bins = _bins(confidence)
    counts = np.bincount(bins, minlength=BINS)

    def means(values: np.ndarray) -> list[float | None]:
        sums = np.bincount(bins, values, minlength=BINS)
        return [round(float(s / n), 4) if n else None for s, n in zip(sums, counts, strict=True)]

    return {"n": counts.tolist(), "confidence": means(confidence), "accuracy": means(is_right)}


def coverage(scores: np.ndarray, truth: np.ndarray) -> dict[str, list[float]]:
    """Return the accuracy on each `share` of the faces, the most confident ones first."""
    order = np.argsort(-scores.max(1), kind="stable")
    is_right = (scores.argmax(1) == truth)[order]
    counts = [max(round(share * len(truth)), 1) for share in COVERAGES]
    return {
        "share": list(COVERAGES),
        "accuracy": [round(float(is_right[:count].mean()), 4) for count in counts],
    }


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.minimum((confidence * BINS).astype(int), BINS - 1)


def negative_log_likelihood(scores: np.ndarray, truth: np.ndarray) -> float:
    """Average −ln of the label's score, in nats."""
    return float(-np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-7)).mean())


def votes_likelihood(scores: np.ndarray, shares: np.ndarray) -> dict[str, float]:
    """Return the negative log-likelihood, `nll`, of people's votes, shares (N, 7) that add up to 1, in nats.

    `at_best` is that of a network whose scores are the shares themselves: people disagree.
    """

    def mean(predicted: np.ndarray) -> float:
        return float(-(shares * np.log(np.maximum(predicted, 1e-7))).sum(1).mean())

    return {"n": len(shares), "nll": mean(scores), "at_best": mean(shares)}


def mcnemar(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Test whether two networks differ, given where each is right, bool (N,) each (McNemar 1947).

    `p` is the probability of so uneven a split of the faces on which only one is right, if the networks did
    not differ: two-sided, by the exact binomial distribution instead of McNemar's chi-square.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    count, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(count, k) for k in range(fewer + 1))
    return {"only_first": only_first, "only_second": only_second, "p": min(2 * tail / 2**count, 1.0)}


def best_temperature(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Find the temperature with the smallest NLL, by `weights` (N,), for logits (N, 7) (Guo et al. 2017)."""

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = np.exp(scaled - scaled.max(1, keepdims=True))
        of_truth = scaled[np.arange(len(truth)), truth] / scaled.sum(1)
        return float(np.average(-np.log(np.maximum(of_truth, 1e-7)), weights=weights))

    return float(min(np.geomspace(0.25, 4, 401), key=loss))


def _of_class(confusion: np.ndarray, index: int) -> dict[str, float]:
    hits, predicted, actual = confusion[index, index], confusion[:, index].sum(), confusion[index].sum()
    return {
        "precision": float(hits / predicted) if predicted else 0.0,
        "recall": float(hits / actual) if actual else 0.0,
        "f1": float(2 * hits / (predicted + actual)) if predicted + actual else 0.0,
        "n": int(actual),
    }
