"""How far a share may be from the truth: few people, seen briefly, by a network that confuses expressions.

docs/report.md explains the method and names its sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

CORRELATION_SECONDS = 10.0
"""The correlation time τ of what is read of one face: after τ, its correlation with itself has fallen to 1/e.
Spontaneous expressions last 0.5 to 4 s (Ekman 2003), calm ones longer, and a misread face stays misread
while it holds its expression. Too large a τ is the safe error: it makes intervals wider."""

PRIOR_FACES = 1.0
"""Test faces added to each cell of the matrix: a confusion that was never counted is still possible."""

Z95 = 1.959964
"""The 97.5 % point of the normal distribution: 95 % of it lie within so many standard deviations."""

Z_CEILING = 2.5
"""The same for the ceiling. It is the lowest of seven bounds, so each of them must be looser."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class ConfusionMatrix:
    """How often a face of one expression is read as another, as counted on test faces."""

    counts: tuple[tuple[int, ...], ...]
    """Faces by what people saw (rows) and what the network read (columns)."""

    @cached_property
    def rates(self) -> np.ndarray:
        """The probability of each reading (columns) given the true expression (rows)."""
        faces = np.array(self.counts, float) + PRIOR_FACES
        return faces / faces.sum(1, keepdims=True)

    @cached_property
    def noise(self) -> np.ndarray:
        """The covariance (row, column, column) of each row of `rates`, which was counted on few faces."""
        faces = np.array(self.counts, float).sum(1) + PRIOR_FACES * len(self.counts)
        return _multinomial_covariance(self.rates) / (faces + 1)[:, None, None]


def wilson(right: float, count: int, z: float = Z95) -> Interval:
    """The interval of the share right / count (Wilson 1927), by default that of 95 %."""
    share, z2 = right / count, z**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return middle - half, middle + half


def effective_sample_size(faces: float, seconds: float) -> float:
    """How many independent looks at a face lie in `seconds` of `faces` people.

    One a person in an instant, one a person in 2 × CORRELATION_SECONDS in the long run: the variance of the
    mean over time of a signal whose correlation falls exponentially (Priestley 1981, 5.3).
    """
    if faces <= 0 or seconds <= 0:
        return 0.0
    ratio = CORRELATION_SECONDS / seconds
    return faces / (2 * ratio * (1 - ratio * (1 - np.exp(-1 / ratio))))


def share_intervals(
    shares: Sequence[Sequence[float]], sample_sizes: Sequence[float], confusion: ConfusionMatrix
) -> list[list[Interval]]:
    """The 95 % intervals of the true shares, given rows of shares as read, each of which adds up to 1.

    Adjusted counts (Rogan and Gladen 1978, Forman 2008): the shares as read are the true shares mixed by the
    confusions, plus the noise of samples of these effective sizes and that of the counted confusions. Where
    the mixing can't be undone, because some expression is hardly ever read right, a wide prior keeps the
    result finite, and wide.
    """
    if not len(shares):
        return []
    read, sizes = np.array(shares, float), np.array(sample_sizes, float)[:, None]
    noise = _sampling_noise(read, sizes, confusion)
    middle, deviation = _estimate(read, noise, confusion)
    ceiling = np.minimum(1, _ceiling(read, noise, confusion))
    middle = np.clip(middle, 0, ceiling)  # noise may push it outside; that does not make it more certain
    low, high = np.maximum(0, middle - Z95 * deviation), np.minimum(ceiling, middle + Z95 * deviation)
    return [list(zip(a, b, strict=True)) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _sampling_noise(read: np.ndarray, sizes: np.ndarray, confusion: ConfusionMatrix) -> np.ndarray:
    """The covariance (row, expression, expression) of shares from samples of these sizes (rows, 1).

    What a small sample did not contain may still exist, so one look at an even mixture is added.
    """
    even = confusion.rates.mean(0)
    return _multinomial_covariance((read * sizes + even) / (sizes + 1)) / np.maximum(sizes, 1e-9)[:, :, None]


def _ceiling(read: np.ndarray, noise: np.ndarray, confusion: ConfusionMatrix) -> np.ndarray:
    """An upper bound of each true share (row, expression).

    A higher share would show up as more of what that expression is read as. The linear estimate misses this
    bound, because it does not know that no share is below 0.
    """
    most_read = read + Z_CEILING * np.sqrt(np.einsum("rii->ri", noise))
    least_rate = confusion.rates - Z_CEILING * np.sqrt(np.einsum("kii->ki", confusion.noise))
    return (most_read[:, None, :] / np.maximum(least_rate, 1e-9)).min(2)


def _estimate(
    read: np.ndarray, noise: np.ndarray, confusion: ConfusionMatrix
) -> tuple[np.ndarray, np.ndarray]:
    """The best linear estimate of each true share and its standard deviation, both (rows, expressions)."""
    count, rates = read.shape[1], confusion.rates
    prior = np.full(count, 1 / count)
    prior_covariance = _multinomial_covariance(prior)  # that of a single face: next to no information
    estimate = read
    for _ in range(3):  # the confusions' noise depends on the estimate; it settles at once
        confusion_noise = np.einsum("rk,kij->rij", estimate**2, confusion.noise)
        innovation = rates.T @ prior_covariance @ rates + noise + confusion_noise
        gain = prior_covariance @ rates @ np.linalg.pinv(innovation, hermitian=True)
        estimate = prior + np.einsum("rij,rj->ri", gain, read - prior @ rates)
    variance = np.diag(prior_covariance) - np.einsum("rij,ji->ri", gain, rates.T @ prior_covariance)
    return estimate, np.sqrt(np.maximum(variance, 0))


def _multinomial_covariance(chances: np.ndarray) -> np.ndarray:
    """The covariance of a single draw with the probabilities (…, expressions)."""
    return chances[..., None] * np.eye(chances.shape[-1]) - chances[..., :, None] * chances[..., None, :]
