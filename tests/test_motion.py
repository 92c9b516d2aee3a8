"""Where a new face may have appeared, and where a known face has moved to."""

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo import Classroom
from app.vision.detection.detection import Detection
from app.vision.detection.motion import (
    FULL_SEARCH_INTERVAL,
    MAX_FOLLOWED_SECONDS,
    FacePatch,
    MotionDetector,
    shrink,
)
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
    return [part for tile in TILES for part in motion.changed_parts(tile, shrink(grey), known)]


def settled(grey: np.ndarray, known=()) -> MotionDetector:
    """A motion detector after the first search of every tile, and before one is searched completely."""
    motion = MotionDetector()
    crops(motion, grey, known)
    return motion


def test_a_room_where_nothing_moves_is_searched_completely_now_and_then(room):
    motion = MotionDetector()
    assert crops(motion, room) == list(TILES)
    searched = [crop for turn in range(FULL_SEARCH_INTERVAL) for crop in crops(motion, noisy(room, turn))]
    assert len(searched) == len(TILES)
    assert set(searched) == set(TILES)


@given(st.integers(24, 200), st.floats(0, 1), st.floats(0, 1))
def test_a_new_face_is_in_a_tile_that_searches_its_size(side, across, down):
    box = Box(round(across * (SIZE[0] - side)), round(down * (SIZE[1] - side)), side, side)
    wall = np.full(SIZE[::-1], 128, np.uint8)
    searched = crops(settled(wall), with_face(wall, box))
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
    smallest = min(tile.min_size for tile in TILES)
    return [crop for crop in crops(motion, grey, known) if crop.min_size == smallest and crop not in TILES]


def test_a_known_face_that_moves_a_little_is_no_new_face(room):
    before, moved = with_face(room, FACE), with_face(room, FACE._replace(x=FACE.x + 8))
    assert searched_for_small_faces(settled(before, [FACE]), moved) != []
    known = [FACE._replace(x=FACE.x + 8)]
    assert searched_for_small_faces(settled(before, [FACE]), moved, known) == []


def test_the_place_of_a_face_that_is_no_longer_known_is_searched_though_it_did_not_change(room):
    assert searched_for_small_faces(settled(room), room) == []
    assert searched_for_small_faces(settled(room, [FACE]), room) != []


@pytest.fixture(scope="module")
def student() -> tuple[np.ndarray, Box]:
    """A drawn class, and the box of one who faces the camera."""
    room = Classroom(5, SIZE)
    box = next(student.box for student in room.truth(MORNING) if student.is_facing)
    return cv2.cvtColor(room.draw(MORNING), cv2.COLOR_BGR2GRAY), box


def shifted(grey: np.ndarray, right: int, down: int) -> np.ndarray:
    matrix = np.array([[1.0, 0, right], [0, 1, down]])
    return cv2.warpAffine(grey, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)


def test_a_face_that_moves_is_followed_in_spite_of_a_camera_s_noise(student):
    grey, box = student
    patch = FacePatch.from_detection(noisy(grey, 0), Detection(9, box), 0.0)
    for seed, right, down in ((1, 0, 0), (2, 5, -3), (3, 14, 2), (4, 22, 9), (5, 10, 0)):
        patch = patch.follow(noisy(shifted(grey, right, down), seed), 0.5)
        found = patch.detection.box
        assert (found.x, found.y) == pytest.approx((box.x + right, box.y + down), abs=1)
        assert found.width == box.width


@pytest.mark.parametrize("corner", [(-20, -15), (SIZE[0] - 60, SIZE[1] - 65)])
def test_a_face_that_the_edge_cuts_is_followed_too(student, corner):
    grey, box = student
    seen = shifted(grey, corner[0] - box.x, corner[1] - box.y)
    patch = FacePatch.from_detection(seen, Detection(9, Box(*corner, box.width, box.width)), 0.0)
    assert patch.follow(seen, 0.5).detection.box == Box(*corner, box.width, box.width)


def test_a_face_that_has_gone_or_is_covered_is_not_followed(student):
    grey, box = student
    patch = FacePatch.from_detection(grey, Detection(9, box), 0.0)
    covered = grey.copy()
    covered[box.y : box.y + box.height, box.x : box.x + box.width // 2] = 90
    for seen in (covered, shifted(grey, 2 * box.width, 0), np.full_like(grey, 128), 255 - grey):
        assert patch.follow(seen, 0.5) is None


def test_a_face_that_may_have_moved_further_is_not_followed(student):
    grey, box = student
    patch = FacePatch.from_detection(grey, Detection(9, box), 0.0)
    assert patch.follow(shifted(grey, box.width // 3, 0), 0.5) is None


def test_a_face_is_searched_for_again_after_a_second(student):
    grey, box = student
    patch = FacePatch.from_detection(grey, Detection(9, box), 0.0)
    assert patch.follow(grey, MAX_FOLLOWED_SECONDS - 0.01) is not None
    assert patch.follow(grey, MAX_FOLLOWED_SECONDS) is None
