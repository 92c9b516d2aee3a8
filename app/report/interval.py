"""How far a share may be from the truth: few looks at few people, by a network that confuses expressions.

docs/report.md explains the method and names its sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

CORRELATION_SECONDS = 10.0
"""How slowly a reading of one face changes: after so long, its correlation with itself has fallen to 1/e.
Spontaneous expressions last 0.5 to 4 s (Ekman 2003), calm ones longer, and a face that is misread is misread
for as long as it is held so. Too long a time is the safe error: it makes intervals wider."""

PRIOR_FACES = 1.0
"""Test faces taken as seen beforehand for each confusion: what was never counted may yet be possible."""

Z = 1.96
"""Standard deviations either side of the middle that hold 95 % of a normal distribution."""

Z_CEILING = 2.5
"""The same for the ceiling, which is the lowest of seven and so must be set higher."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Confusion:
    """How often a face that looks one way is read another way, as counted on test faces."""

    counts: tuple[tuple[int, ...], ...]
    """Faces by what people saw (rows) and what the network read (columns)."""

    @cached_property
    def rates(self) -> np.ndarray:
        """The chance of each reading (columns) given how the face looks (rows)."""
        faces = np.array(self.counts, float) + PRIOR_FACES
        return faces / faces.sum(1, keepdims=True)

    @cached_property
    def noise(self) -> np.ndarray:
        """The covariance (row, column, column) of each row of `rates`, being counted on so few faces."""
        faces = np.array(self.counts, float).sum(1) + PRIOR_FACES * len(self.counts)
        return _one_draw(self.rates) / (faces + 1)[:, None, None]


def looks(faces: float, seconds: float) -> float:
    """How many independent looks lie in `seconds` of `faces` people.

    One a person in an instant, one a person in 2 × CORRELATION_SECONDS in the long run: the variance of a
    mean over time of a signal whose correlation falls exponentially (Priestley 1981, 5.3).
    """
    if faces <= 0 or seconds <= 0:
        return 0.0
    ratio = CORRELATION_SECONDS / seconds
    return faces / (2 * ratio * (1 - ratio * (1 - np.exp(-1 / ratio))))


def share_intervals(
    read: Sequence[Sequence[float]], looks: Sequence[float], confusion: Confusion
) -> list[list[Interval]]:
    """Give the 95 % intervals of true shares for rows of shares as read, each of which adds up to 1.

    Adjusted counts (Rogan and Gladen 1978, Forman 2008): what is read is the true shares mixed by the
    confusions, with the noise of `looks` draws and that of the counted confusions. Where these can't be
    undone, since some expression is hardly ever read right, a wide prior keeps the answer finite, and wide.
    """
    if not len(read):
        return []
    read, looks = np.array(read, float), np.array(looks, float)[:, None]
    noise = _reading_noise(read, looks, confusion)
    middle, deviation = _adjusted(read, noise, confusion)
    ceiling = np.minimum(1, _ceiling(read, noise, confusion))
    middle = np.clip(middle, 0, ceiling)  # noise may carry it outside, which says nothing of how sure it is
    low, high = np.maximum(0, middle - Z * deviation), np.minimum(ceiling, middle + Z * deviation)
    return [list(zip(a, b, strict=True)) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _reading_noise(read: np.ndarray, looks: np.ndarray, confusion: Confusion) -> np.ndarray:
    """The covariance (row, kind, kind) of shares that were read in so few looks.

    What was not read in a few looks may yet be there, so a look at an even mixture is added.
    """
    even = confusion.rates.mean(0)
    return _one_draw((read * looks + even) / (looks + 1)) / np.maximum(looks, 1e-9)[:, :, None]


def _ceiling(read: np.ndarray, noise: np.ndarray, confusion: Confusion) -> np.ndarray:
    """The most that each true share (row, kind) can be: else more would be read of what it is read as.

    No true share is below 0, which the linear estimate does not know.
    """
    most_read = read + Z_CEILING * np.sqrt(np.einsum("rii->ri", noise))
    least_rate = confusion.rates - Z_CEILING * np.sqrt(np.einsum("kii->ki", confusion.noise))
    return (most_read[:, None, :] / np.maximum(least_rate, 1e-9)).min(2)


def _adjusted(read: np.ndarray, noise: np.ndarray, confusion: Confusion) -> tuple[np.ndarray, np.ndarray]:
    """The best linear estimate of each true share and its standard deviation, both (rows, kinds)."""
    kinds, mix = read.shape[1], confusion.rates
    prior = np.full(kinds, 1 / kinds)
    spread = _one_draw(prior)  # that of a single face: says next to nothing
    middle = read
    for _ in range(3):  # the noise of the confusions depends on the shares, and settles at once
        blur = np.einsum("rk,kij->rij", middle**2, confusion.noise)
        gain = spread @ mix @ np.linalg.pinv(mix.T @ spread @ mix + noise + blur, hermitian=True)
        middle = prior + np.einsum("rij,rj->ri", gain, read - prior @ mix)
    variance = np.diag(spread) - np.einsum("rij,ji->ri", gain, mix.T @ spread)
    return middle, np.sqrt(np.maximum(variance, 0))


def _one_draw(chances: np.ndarray) -> np.ndarray:
    """The covariance of one draw from the chances (…, kinds)."""
    return chances[..., None] * np.eye(chances.shape[-1]) - chances[..., :, None] * chances[..., None, :]
