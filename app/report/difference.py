"""Whether two lectures differ by more than chance. docs/report.md explains the method."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import NormalDist

import numpy as np

from app.pulse.choice import Choice
from app.report.interval import wilson
from app.report.lecture_report import Report
from app.report.pulse_report import PulseReport
from app.report.report_minute import ReportMinute
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.palette import STACK_ORDER

BLOCK_MINUTES = 5
"""A class's mood lasts minutes, so neighbouring minutes say much the same; blocks of them hardly do."""
MIN_BLOCKS = 4  # of each lecture; with fewer there are too few ways to divide them
SHUFFLES = 10_000
MAX_CHANCE = 0.05
"""Of finding any of the seven expressions, or of the four choices, different in two lectures that do not
differ."""

Z_CHOICES = NormalDist().inv_cdf(1 - MAX_CHANCE / len(Choice) / 2)

MIN_DIFFERENCE = 0.02  # a smaller one is not worth a teacher's time, however certain


@dataclass(frozen=True, slots=True)
class ShareDifference:
    """How the share of an expression, or of what students said, differs between two lectures."""

    kind: Emotion | Choice
    difference: float
    """The second lecture's share less the first one's, -1 to 1."""
    is_more_than_chance: bool | None
    """None if a lecture is too short to say."""

    @property
    def points(self) -> str:
        """The difference in whole percentage points, with its sign."""
        rounded = round(100 * self.difference)
        return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{abs(rounded)}"


def differences(one: Report, other: Report) -> list[ShareDifference]:
    """How the second lecture differs from the first, in the order of the stack.

    None where one of them has no shares.
    """
    if one.shares is None or other.shares is None:
        return []
    first, second = _blocks(one.minutes), _blocks(other.minutes)
    chances = dict.fromkeys(EMOTIONS)
    if min(len(first), len(second)) >= MIN_BLOCKS:
        chances = dict(zip(EMOTIONS, _chances(first, second).tolist(), strict=True))
    return [_difference(one, other, emotion, chances[emotion]) for emotion in STACK_ORDER]


def _difference(one: Report, other: Report, emotion: Emotion, chance: float | None) -> ShareDifference:
    difference = other.shares[emotion] - one.shares[emotion]
    if chance is None:
        return ShareDifference(emotion, difference, None)
    is_more = chance * len(EMOTIONS) <= MAX_CHANCE and abs(difference) >= MIN_DIFFERENCE
    return ShareDifference(emotion, difference, is_more)


def choice_differences(one: Report, other: Report) -> list[ShareDifference]:
    """How what students said differs. None where too few answered in one of the lectures."""
    if one.pulse is None or other.pulse is None or not (one.pulse.shown and other.pulse.shown):
        return []
    is_long = min(len(one.pulse.shown), len(other.pulse.shown)) >= MIN_BLOCKS * BLOCK_MINUTES
    first, second = one.pulse.shares, other.pulse.shares
    return [
        ShareDifference(
            choice,
            second[choice] - first[choice],
            _is_of_the_class(one.pulse, other.pulse, choice) if is_long else None,
        )
        for choice in Choice
    ]


def _is_of_the_class(one: PulseReport, other: PulseReport, choice: Choice) -> bool:
    """Whether the interval of the difference between two samples of people (Newcombe 1998) leaves out 0.

    Blocks of time would not do: most students answer the same all the time, so each would be counted as
    often as there are blocks.
    """
    small, large = sorted((one, other), key=lambda pulse: pulse.shares[choice])
    low, high = small.shares[choice], large.shares[choice]
    _, low_to = wilson(low * small.people, small.people, Z_CHOICES)
    high_from, _ = wilson(high * large.people, large.people, Z_CHOICES)
    return high - low > hypot(high - high_from, low_to - low)


def _blocks(minutes: Sequence[ReportMinute]) -> np.ndarray:
    """The person-time of each of EMOTIONS and of all faces, (blocks, 8), in blocks of BLOCK_MINUTES.

    A block in which no minute has shares is left out.
    """
    sums = []
    for start in range(0, len(minutes), BLOCK_MINUTES):
        read = [each for each in minutes[start : start + BLOCK_MINUTES] if each.shares is not None]
        if read:
            sums.append(np.sum([each.expression_seconds for each in read], axis=0))
    return np.array(sums).reshape(len(sums), len(EMOTIONS) + 1)


def _chances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each of EMOTIONS, how often a random division of all blocks differs at least as much (Fisher 1935).

    The divisions are drawn with a fixed seed, so a page says the same each time.
    """
    blocks, count = np.concatenate([first, second]), len(first)
    orders = np.random.default_rng(1).permuted(np.tile(np.arange(len(blocks)), (SHUFFLES, 1)), axis=1)
    drawn = np.abs(_share_differences(blocks[orders], count))
    seen = np.abs(_share_differences(blocks[None], count))
    return ((drawn >= seen - 1e-12).sum(0) + 1) / (SHUFFLES + 1)


def _share_differences(blocks: np.ndarray, count: int) -> np.ndarray:
    """Shares of the first `count` blocks less those of the others, (divisions, expressions)."""
    first, second = blocks[:, :count].sum(1), blocks[:, count:].sum(1)
    shares = first / first.sum(1, keepdims=True) - second / second.sum(1, keepdims=True)
    return shares[:, : len(EMOTIONS)]
