"""The sweep: every size everywhere in time, whatever the camera's pace, and no frame late."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vision.sweep import SWEEP_SECONDS, Sweep, pieces

SIZES = [(640, 480), (1280, 720), (1920, 1080)]


@pytest.mark.parametrize("size", SIZES)
def test_the_first_frame_is_searched_whole(size):
    assert Sweep(*size).due(100.0) == list(pieces(*size))


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 10, 25, 30, 60])
def test_the_whole_picture_is_searched_in_time_at_any_pace(fps):
    sweep = Sweep(1280, 720)
    due = [sweep.due(index / fps) for index in range(100)]
    frames = math.ceil(SWEEP_SECONDS * fps) + (fps > 1 / SWEEP_SECONDS)
    for begin in range(100 - frames):
        searched = {piece for frame in due[begin : begin + frames] for piece in frame}
        assert searched == set(pieces(1280, 720))


def test_no_frame_of_a_fast_camera_is_late():
    sweep = Sweep(1280, 720)
    sweep.due(0.0)
    assert max(len(sweep.due(index / 30)) for index in range(1, 100)) <= 2


def test_a_clock_that_stands_still_searches_nothing_twice():
    sweep = Sweep(1280, 720)
    sweep.due(1.0)
    assert sweep.due(1.0) == sweep.due(0.5) == []


@given(
    size=st.sampled_from(SIZES),
    side=st.integers(24, 470),
    across=st.floats(0, 1),
)
def test_each_face_lies_wholly_in_a_piece_that_searches_its_size(size, side, across):
    left = across * (size[0] - side)
    assert any(
        piece.left <= left and left + side <= piece.right and piece.smallest <= side <= piece.largest
        for piece in pieces(*size)
    )


@pytest.mark.parametrize("size", [(1, 1), (10, 500), (23, 23), (24, 24), (4000, 30)])
def test_a_picture_of_any_size_is_cut(size):
    assert all(0 <= piece.left < piece.right <= size[0] for piece in pieces(*size))
