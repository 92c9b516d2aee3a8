"""Spearman's rank correlation of two series of minutes, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np

MIN_MINUTES = 10
"""Shorter series have no correlation worth showing."""
VARIANCE = 1.06
"""Of Fisher's z of a rank correlation, times n - 3 (Fieller, Hartley and Pearson 1957)."""
Z95 = 1.959964
"""Standard deviations around the mean that hold 95 % of the normal distribution."""
MIN_SAMPLE = 3
"""The variance of Fisher's z is infinite at three independent minutes: the interval is -1 to 1."""
CERTAIN = 0.999999
"""Fisher's z is infinite at 1."""


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """A correlation, -1 to 1, and its 95 % interval."""

    value: float
    low: float
    high: float
    minutes: int
    sample_size: float
    """Independent minutes: neighbours resemble each other."""

    @property
    def is_positive(self) -> bool:
        """Whether the correlation is above 0 by more than chance."""
        return self.low > 0

    @property
    def is_negative(self) -> bool:
        """Whether the correlation is below 0 by more than chance."""
        return self.high < 0


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> RankCorrelation | None:
    """Spearman's correlation of two series of the same length, in the order of time.

    None for fewer than MIN_MINUTES, and where one of them never changes. The interval is Fisher's. Its sample
    size allows for neighbours that resemble each other: n (1 - a b) / (1 + a b), where a and b are the
    correlations of each series with itself one minute later (Bretherton et al. 1999, J. Climate 12, 1990).
    """
    count = len(first)
    if count < MIN_MINUTES or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    ranks = _ranks(first), _ranks(second)
    value = _pearson(*ranks)
    likeness = max(0.0, _pearson(ranks[0][:-1], ranks[0][1:]) * _pearson(ranks[1][:-1], ranks[1][1:]))
    size = count * (1 - likeness) / (1 + likeness)
    return _with_interval(value, count, size)


def pooled(correlations: Sequence[RankCorrelation]) -> RankCorrelation | None:
    """Pool the correlations of several lectures: the mean of Fisher's z, weighted by sample size.

    None where no lecture has more than MIN_SAMPLE independent minutes.
    """
    weights = [max(each.sample_size - 3, 0.0) for each in correlations]
    if not sum(weights):
        return None
    z = sum(w * _z(each.value) for w, each in zip(weights, correlations, strict=True)) / sum(weights)
    return _with_interval(tanh(z), sum(each.minutes for each in correlations), sum(weights) + 3)


def _with_interval(value: float, minutes: int, size: float) -> RankCorrelation:
    if size <= MIN_SAMPLE:
        return RankCorrelation(value, -1.0, 1.0, minutes, size)
    half = Z95 * sqrt(VARIANCE / (size - 3))
    return RankCorrelation(value, tanh(_z(value) - half), tanh(_z(value) + half), minutes, size)


def _z(value: float) -> float:
    return atanh(max(-CERTAIN, min(CERTAIN, value)))


def _ranks(values: Sequence[float]) -> np.ndarray:
    """The rank of each value, from 1; equal values share their mean rank."""
    _, which, counts = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which]


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    spread = float(np.std(first) * np.std(second))
    return float(np.mean((first - np.mean(first)) * (second - np.mean(second)))) / spread if spread else 0.0
