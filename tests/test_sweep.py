"""The sweep: every size everywhere in time at any frame rate, and no frame late."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vision.detection.cascade import Cascade
from app.vision.detection.sweep import (
    FURTHER_SWEEP_SECONDS,
    SMALL_FACE_SWEEP_SECONDS,
    SWEEP_SECONDS,
    Sweep,
    all_sweeps,
    frontal_tiles,
    further_tiles,
)
from app.vision.frame import MIN_READABLE_SIDE

SIZES = [(640, 480), (1280, 720), (1920, 1080)]


def swept(width: int, height: int) -> Sweep:
    return Sweep(frontal_tiles(width, height), SWEEP_SECONDS)


@pytest.mark.parametrize("size", [*SIZES, (320, 180), (1, 1)])
def test_the_first_frame_is_searched_completely(size):
    due = [tile for sweep in all_sweeps(*size) for tile in sweep.next_tiles(100.0)]
    assert due == list(frontal_tiles(*size))


@pytest.mark.parametrize("size", SIZES)
def test_every_tile_is_searched_within_half_a_minute_readable_faces_most_often(size):
    sweeps, due = all_sweeps(*size), []
    for index in range(round(5 * FURTHER_SWEEP_SECONDS) + 2):
        due += [tile for sweep in sweeps for tile in sweep.next_tiles(index / 5) if index]
    assert set(due) == {*frontal_tiles(*size), *further_tiles(*size)}
    large, small = (due.count(tile) for tile in (frontal_tiles(*size)[0], frontal_tiles(*size)[-1]))
    assert large == pytest.approx(FURTHER_SWEEP_SECONDS / SWEEP_SECONDS, abs=2)
    assert small == pytest.approx(FURTHER_SWEEP_SECONDS / SMALL_FACE_SWEEP_SECONDS, abs=2)


def test_the_further_cascades_leave_the_first_frame_alone():
    sweep = Sweep(further_tiles(1280, 720), FURTHER_SWEEP_SECONDS, starts_at_once=False)
    assert sweep.next_tiles(100.0) == []
    assert sweep.next_tiles(100.0 + FURTHER_SWEEP_SECONDS) == list(further_tiles(1280, 720))


def test_the_further_cascades_search_every_place_for_every_readable_face():
    readable = {tile for tile in frontal_tiles(1280, 720) if tile.min_size >= MIN_READABLE_SIDE}
    for cascade in set(Cascade) - {Cascade.FRONTAL}:
        own = {tile for tile in further_tiles(1280, 720) if tile.cascade is cascade}
        assert {replace(tile, cascade=Cascade.FRONTAL) for tile in own} == readable


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 10, 25, 30, 60])
def test_the_picture_is_searched_completely_in_time_at_any_frame_rate(fps):
    sweep = swept(1280, 720)
    due = [sweep.next_tiles(index / fps) for index in range(100)]
    frames = math.ceil(SWEEP_SECONDS * fps) + (fps > 1 / SWEEP_SECONDS)
    for begin in range(100 - frames):
        searched = {tile for frame in due[begin : begin + frames] for tile in frame}
        assert searched == set(frontal_tiles(1280, 720))


def test_no_frame_of_a_fast_camera_is_late():
    sweep = swept(1280, 720)
    sweep.next_tiles(0.0)
    assert max(len(sweep.next_tiles(index / 30)) for index in range(1, 100)) <= 2


def test_an_overloaded_machine_searches_no_more_in_a_late_frame():
    """Guards against readings that became late, so searched more, and so became later still."""
    sweep = Sweep(frontal_tiles(1280, 720), SWEEP_SECONDS)
    assert len(sweep.next_tiles(0.0)) == len(frontal_tiles(1280, 720))
    late = [len(sweep.next_tiles(float(second), longest_step=0.3)) for second in range(1, 9)]
    assert max(late) <= len(frontal_tiles(1280, 720)) / 2
    assert sum(late) == pytest.approx(8 * len(frontal_tiles(1280, 720)) / 2, abs=1)


def test_at_half_the_pace_a_round_takes_twice_as_long():
    sweep = swept(1280, 720)
    tiles = len(sweep.next_tiles(0.0))
    due = sum(len(sweep.next_tiles(index / 5 * SWEEP_SECONDS, pace=0.5)) for index in range(1, 101))
    assert due == pytest.approx(100 / 5 / 2 * tiles, abs=1)


def test_a_clock_that_stands_still_searches_nothing_twice():
    sweep = swept(1280, 720)
    sweep.next_tiles(1.0)
    assert sweep.next_tiles(1.0) == sweep.next_tiles(0.5) == []


@given(
    size=st.sampled_from(SIZES),
    side=st.integers(24, 470),
    across=st.floats(0, 1),
)
def test_each_face_lies_completely_in_a_tile_that_searches_its_size(size, side, across):
    left = across * (size[0] - side)
    assert any(
        tile.left <= left and left + side <= tile.right and tile.min_size <= side <= tile.max_size
        for tile in frontal_tiles(*size)
    )


@pytest.mark.parametrize("size", [(1, 1), (10, 500), (23, 23), (24, 24), (4000, 30)])
def test_a_picture_of_any_size_is_cut(size):
    assert all(0 <= tile.left < tile.right <= size[0] for tile in frontal_tiles(*size))
