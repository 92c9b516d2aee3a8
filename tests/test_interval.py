"""Intervals: do they hold the truth as often as they say?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.report.interval import (
    CORRELATION_SECONDS,
    ConfusionMatrix,
    effective_sample_size,
    share_intervals,
)
from app.vision.model_card import read_model_card

CONFUSION = ConfusionMatrix(read_model_card().named_confusion)
COUNTS = np.array(CONFUSION.counts)

MIXTURES = {  # how a class may look: concentrations of a Dirichlet distribution
    "mostly neutral": (0.5, 0.2, 0.3, 1.5, 0.6, 0.6, 6),
    "anything": (1, 1, 1, 1, 1, 1, 1),
    "a few expressions only": (0.3,) * 7,
}


def read_class(chance, truth, mix, faces: int, seconds: float) -> list[float]:
    """What a network with these confusions reads of people who change their looks now and then."""
    read = np.zeros(7)
    for _ in range(faces):
        left = seconds
        while left > 0:
            spell = min(left, chance.exponential(CORRELATION_SECONDS))
            read[chance.choice(7, p=mix[chance.choice(7, p=truth)])] += spell
            left -= spell
    return list(read / read.sum())


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize(("faces", "seconds", "classes"), [(6, 60, 120), (25, 60, 80), (18, 600, 150)])
def test_the_interval_of_a_simulated_class_holds_the_truth_as_often_as_it_says(
    mixture, faces, seconds, classes
):
    chance = np.random.default_rng(7)
    held = []
    for _ in range(classes):
        truth = chance.dirichlet(MIXTURES[mixture])
        mix = np.array([chance.dirichlet(row + 1) for row in COUNTS])  # the card's matrix is but a sample
        read = read_class(chance, truth, mix, faces, seconds)
        (ends,) = share_intervals([read], [effective_sample_size(faces, seconds)], CONFUSION)
        held += [low <= share <= high for share, (low, high) in zip(truth, ends, strict=True)]
    assert 0.90 <= np.mean(held) <= 0.98


def test_a_look_is_a_person_at_first_and_a_person_s_twenty_seconds_later_on():
    assert effective_sample_size(18, 0.01) == pytest.approx(18, rel=1e-2)
    assert effective_sample_size(18, 36_000) == pytest.approx(
        18 * 36_000 / (2 * CORRELATION_SECONDS), rel=1e-2
    )
    assert effective_sample_size(0, 60) == effective_sample_size(18, 0) == 0


def test_more_looks_make_an_interval_narrower_down_to_what_the_network_can_tell():
    read = [0.05, 0.0, 0.02, 0.2, 0.05, 0.08, 0.6]
    rows = share_intervals([read] * 3, [20, 200, 1e9], CONFUSION)
    widths = [[high - low for low, high in row] for row in rows]
    assert all(a > b for a, b in zip(widths[0], widths[1], strict=True))
    assert all(b >= c for b, c in zip(widths[1], widths[2], strict=True))
    assert min(widths[2]) > 0


def test_a_network_without_confusions_and_endless_looks_leave_no_doubt():
    sure = ConfusionMatrix(tuple(tuple(10**9 * (row == column) for column in range(7)) for row in range(7)))
    read = [0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1]
    (ends,) = share_intervals([read], [1e9], sure)
    for share, (low, high) in zip(read, ends, strict=True):
        assert low == pytest.approx(share, abs=1e-3)
        assert high == pytest.approx(share, abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda s: sum(s) > 0.01), st.floats(0, 1e6))
def test_an_interval_is_always_two_shares_in_order(parts, count):
    read = [part / sum(parts) for part in parts]
    (ends,) = share_intervals([read], [count], CONFUSION)
    assert all(0 <= low <= high <= 1 for low, high in ends)


def test_no_rows_have_no_intervals():
    assert share_intervals([], [], CONFUSION) == []
