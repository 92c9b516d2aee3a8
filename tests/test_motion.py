"""Where a new face may have appeared, and whether a known face is unchanged."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo import Classroom
from app.vision.detection.detection import Detection
from app.vision.detection.motion import FULL_SEARCH_INTERVAL, MAX_STILL_SECONDS, MotionDetector, StillPatch
from app.vision.detection.sweep import frontal_tiles
from app.vision.frame import Box

MORNING = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SIZE = 640, 480
TILES = frontal_tiles(*SIZE)
FACE = Box(200, 100, 80, 80)
CAMERA_NOISE = 4  # grey levels, standard deviation


@pytest.fixture(scope="module")
def room() -> np.ndarray:
    return cv2.cvtColor(Classroom(5, SIZE).draw(MORNING), cv2.COLOR_BGR2GRAY)


def noisy(grey: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, CAMERA_NOISE, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def with_face(grey: np.ndarray, box: Box) -> np.ndarray:
    """The picture with something at `box` that was not there: half bright, half dark, as a lit face is."""
    changed = grey.copy()
    middle = box.x + box.width // 2
    changed[box.y : box.y + box.height, box.x : middle] = 40
    changed[box.y : box.y + box.height, middle : box.x + box.width] = 220
    return changed


def crops(motion: MotionDetector, grey: np.ndarray, known=()) -> list:
    return [motion.crop_to_change(tile, grey, known) for tile in TILES]


def settled(grey: np.ndarray, known=()) -> MotionDetector:
    """A motion detector after the first search of every tile, and before one is searched completely."""
    motion = MotionDetector()
    crops(motion, grey, known)
    return motion


def test_a_room_where_nothing_moves_is_searched_completely_now_and_then(room):
    motion = MotionDetector()
    assert crops(motion, room) == list(TILES)
    searched = [
        crop for turn in range(FULL_SEARCH_INTERVAL) for crop in crops(motion, noisy(room, turn)) if crop
    ]
    assert len(searched) == len(TILES)
    assert set(searched) == set(TILES)


@given(st.integers(24, 200), st.floats(0, 1), st.floats(0, 1))
def test_a_new_face_is_in_a_tile_that_searches_its_size(side, across, down):
    box = Box(round(across * (SIZE[0] - side)), round(down * (SIZE[1] - side)), side, side)
    wall = np.full(SIZE[::-1], 128, np.uint8)
    searched = [crop for crop in crops(settled(wall), with_face(wall, box)) if crop]
    assert any(
        crop.left <= box.x
        and crop.top <= box.y
        and box.x + side <= crop.right
        and box.y + side <= crop.bottom
        and crop.min_size <= side <= crop.max_size
        for crop in searched
    )


def searched_for_small_faces(motion: MotionDetector, grey: np.ndarray, known=()) -> list:
    """The cropped tiles of the band of the smallest faces, but for those that are searched completely."""
    found = crops(motion, grey, known)
    smallest = min(tile.min_size for tile in TILES)
    return [
        crop
        for tile, crop in zip(TILES, found, strict=True)
        if tile.min_size == smallest and crop not in (None, tile)
    ]


def test_a_known_face_that_moves_a_little_is_no_new_face(room):
    before, moved = with_face(room, FACE), with_face(room, FACE._replace(x=FACE.x + 8))
    assert searched_for_small_faces(settled(before, [FACE]), moved) != []
    known = [FACE._replace(x=FACE.x + 8)]
    assert searched_for_small_faces(settled(before, [FACE]), moved, known) == []


def test_the_place_of_a_face_that_is_no_longer_known_is_searched_though_it_did_not_change(room):
    assert searched_for_small_faces(settled(room), room) == []
    assert searched_for_small_faces(settled(room, [FACE]), room) != []


def test_a_face_is_unchanged_in_spite_of_a_camera_s_noise(room):
    still = StillPatch.from_detection(noisy(room, 0), Detection(9, FACE), 0.0)
    assert all(still.is_unchanged(noisy(room, seed), 0.5) for seed in range(1, 20))


@pytest.mark.parametrize("corner", [(-30, -20), (SIZE[0] - 40, SIZE[1] - 50)])
def test_a_face_that_the_edge_cuts_is_unchanged_too(room, corner):
    still = StillPatch.from_detection(room, Detection(9, Box(*corner, 80, 80)), 0.0)
    assert still.is_unchanged(room, 0.5)
    assert not still.is_unchanged(255 - room, 0.5)


def test_a_face_that_moves_or_changes_its_expression_is_not_unchanged():
    room = Classroom(5, (1280, 720))
    student = next(student for student in room.truth(MORNING) if student.is_facing)
    before, later = (
        cv2.cvtColor(room.draw(at), cv2.COLOR_BGR2GRAY) for at in (MORNING, MORNING + timedelta(seconds=1))
    )
    still = StillPatch.from_detection(before, Detection(9, student.box), 0.0)
    assert still.is_unchanged(before, 0.5)
    assert not still.is_unchanged(later, 0.5)


def test_a_face_that_never_moves_is_searched_for_again_after_a_second(room):
    assert not StillPatch.from_detection(room, Detection(9, FACE), 0.0).is_unchanged(room, MAX_STILL_SECONDS)
