"""The sweep: every size everywhere in time, whatever the camera's pace, and no frame late."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vision.crop import SMALLEST_READABLE
from app.vision.detection.cascade import Cascade
from app.vision.detection.sweep import (
    FURTHER_SECONDS,
    SMALL_SECONDS,
    SWEEP_SECONDS,
    Sweep,
    further_pieces,
    pieces,
    sweeps,
)

SIZES = [(640, 480), (1280, 720), (1920, 1080)]


def swept(width: int, height: int) -> Sweep:
    return Sweep(pieces(width, height), SWEEP_SECONDS)


@pytest.mark.parametrize("size", [*SIZES, (320, 180), (1, 1)])
def test_the_first_frame_is_searched_whole(size):
    due = [piece for sweep in sweeps(*size) for piece in sweep.due(100.0)]
    assert due == list(pieces(*size))


@pytest.mark.parametrize("size", SIZES)
def test_every_search_has_its_turn_in_half_a_minute_faces_that_can_be_read_soonest(size):
    own, due = sweeps(*size), []
    for index in range(round(5 * FURTHER_SECONDS) + 2):
        due += [piece for sweep in own for piece in sweep.due(index / 5) if index]
    assert set(due) == {*pieces(*size), *further_pieces(*size)}
    large, small = (due.count(piece) for piece in (pieces(*size)[0], pieces(*size)[-1]))
    assert large == pytest.approx(FURTHER_SECONDS / SWEEP_SECONDS, abs=2)
    assert small == pytest.approx(FURTHER_SECONDS / SMALL_SECONDS, abs=2)


def test_the_further_cascades_leave_the_first_frame_alone():
    sweep = Sweep(further_pieces(1280, 720), FURTHER_SECONDS, at_once=False)
    assert sweep.due(100.0) == []
    assert sweep.due(100.0 + FURTHER_SECONDS) == list(further_pieces(1280, 720))


def test_the_further_cascades_search_every_place_for_every_face_that_can_be_read():
    readable = {piece for piece in pieces(1280, 720) if piece.smallest >= SMALLEST_READABLE}
    for cascade in set(Cascade) - {Cascade.FRONT}:
        own = {piece for piece in further_pieces(1280, 720) if piece.cascade is cascade}
        assert {replace(piece, cascade=Cascade.FRONT) for piece in own} == readable


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 10, 25, 30, 60])
def test_the_whole_picture_is_searched_in_time_at_any_pace(fps):
    sweep = swept(1280, 720)
    due = [sweep.due(index / fps) for index in range(100)]
    frames = math.ceil(SWEEP_SECONDS * fps) + (fps > 1 / SWEEP_SECONDS)
    for begin in range(100 - frames):
        searched = {piece for frame in due[begin : begin + frames] for piece in frame}
        assert searched == set(pieces(1280, 720))


def test_no_frame_of_a_fast_camera_is_late():
    sweep = swept(1280, 720)
    sweep.due(0.0)
    assert max(len(sweep.due(index / 30)) for index in range(1, 100)) <= 2


def test_a_clock_that_stands_still_searches_nothing_twice():
    sweep = swept(1280, 720)
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
