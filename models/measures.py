"""How right a network is, how surely that is known, and how rightly sure the network itself is."""

from math import comb

import numpy as np

from app.report.interval import wilson
from app.vision.emotion import EMOTIONS

BINS = 15  # of confidence, for the calibration error, as in Guo et al. 2017
COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))


def measures(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Measure scores (N, 7) against the index in EMOTIONS of each face's label (N,)."""
    confusion = confusion_of(truth, scores.argmax(1))
    per_class = {emotion.value: _class(confusion, index) for index, emotion in enumerate(EMOTIONS)}
    return accuracy(scores, truth) | {
        "macro_f1": float(np.mean([one["f1"] for one in per_class.values()])),
        "per_class": per_class,
        "confusion": confusion.tolist(),
        "ece": calibration_error(scores, truth),
        "nll": negative_log_likelihood(scores, truth),
        "reliability": reliability(scores, truth),
        "coverage": coverage(scores, truth),
    }


def accuracy(scores: np.ndarray, truth: np.ndarray) -> dict:
    """Say of how many faces, `n`, which share is read right, `accuracy`, and its 95 % interval."""
    right = int((scores.argmax(1) == truth).sum())
    return {
        "n": len(truth),
        "accuracy": right / len(truth),
        "accuracy_ci95": list(wilson(right, len(truth))),
    }


def confusion_of(truth: np.ndarray, read: np.ndarray) -> np.ndarray:
    """Count faces by what they are (rows) and what they were read as (columns)."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (truth, read), 1)
    return confusion


def calibration_error(scores: np.ndarray, truth: np.ndarray) -> float:
    """How far confidence and accuracy lie apart, averaged over the faces, in bins of equal width."""
    confidence, right = scores.max(1), scores.argmax(1) == truth
    bins = _bins(confidence)
    gaps = [abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(BINS)]
    return float(sum(gaps) / len(truth))


def reliability(scores: np.ndarray, truth: np.ndarray) -> dict[str, list]:
    """Faces, mean top score and accuracy in each bin of the calibration error; None in an empty one."""
    confidence, right = scores.max(1), scores.argmax(1) == truth
    bins = _bins(confidence)
    counts = np.bincount(bins, minlength=BINS)

    def means(values: np.ndarray) -> list[float | None]:
        sums = np.bincount(bins, values, minlength=BINS)
        return [round(float(s / n), 4) if n else None for s, n in zip(sums, counts, strict=True)]

    return {"n": counts.tolist(), "confidence": means(confidence), "accuracy": means(right)}


def coverage(scores: np.ndarray, truth: np.ndarray) -> dict[str, list[float]]:
    """How right a network is on the share of the faces that it is surest of, and the top score from which."""
    order = np.argsort(-scores.max(1), kind="stable")
    confidence, right = scores.max(1)[order], (scores.argmax(1) == truth)[order]
    named = [max(round(share * len(truth)), 1) for share in COVERAGES]
    return {
        "share": list(COVERAGES),
        "accuracy": [round(float(right[:count].mean()), 4) for count in named],
        "from_score": [round(float(confidence[count - 1]), 4) for count in named],
    }


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.minimum((confidence * BINS).astype(int), BINS - 1)


def negative_log_likelihood(scores: np.ndarray, truth: np.ndarray) -> float:
    """The mean of −ln of the score that the label got, in nats."""
    return float(-np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-7)).mean())


def votes_likelihood(scores: np.ndarray, shares: np.ndarray) -> dict[str, float]:
    """The negative log-likelihood of people's votes, given as shares (N, 7) that add up to 1, in nats.

    `at_best` is what a network would have whose scores were the shares themselves: people disagree.
    """

    def mean(predicted: np.ndarray) -> float:
        return float(-(shares * np.log(np.maximum(predicted, 1e-7))).sum(1).mean())

    return {"n": len(shares), "nll": mean(scores), "at_best": mean(shares)}


def mcnemar(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Say whether two networks differ, given where each is right, (N,) bool.

    `p` is how likely so uneven a split of the faces on which only one is right would be if they did not
    (McNemar 1947), two-sided, with the exact binomial distribution where he takes the chi-square.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    count, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(count, k) for k in range(fewer + 1))
    return {"only_first": only_first, "only_second": only_second, "p": min(2 * tail / 2**count, 1.0)}


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
