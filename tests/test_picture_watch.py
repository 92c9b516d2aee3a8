"""Posters are told from people: drawn heads on a wall that keep still, breathe, move or flicker."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from app.demo import Classroom
from app.vision.annotate import annotate
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Box, Frame
from app.vision.picture_watch import FORGET_SECONDS, PICTURE_SECONDS, PictureWatch
from app.vision.privacy_area import PrivacyArea, area_around

MORNING = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
FPS = 3
SIDE = 60
POSTER, PERSON, OTHER = (Box(x, 100, SIDE, SIDE) for x in (40, 240, 440))
DECIDED = 2 * PICTURE_SECONDS + 1  # seconds; by then the noise is known and a still face has been watched


def _head():
    """A drawn head, grey, larger than its face by half of it on each side."""
    room = Classroom(5, (1280, 720))
    box = next(student.box for student in room.truth(MORNING) if student.is_facing)
    half = box.width // 2
    drawn = room.draw(MORNING)[
        box.y - half : box.y + box.height + half, box.x - half : box.x + box.width + half
    ]
    return cv2.resize(cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY), (2 * SIDE, 2 * SIDE))


HEAD = _head()


def still(second):
    return 0.0, 0.0


def walks(second):
    return 8 * np.sin(second), 3 * np.cos(2 * second)


def breathes(second):
    """A head that rises and sinks by half a pixel, 15 times a minute: about a millimetre."""
    return 0.0, 0.5 * np.sin(2 * np.pi * second / 4)


class Wall:
    """A camera that sees heads on a wall, and the watch that looks at it."""

    def __init__(self, noise=1.0):
        self.watch = PictureWatch()
        self._noise = noise
        self._random = np.random.default_rng(1)

    def frame(self, second, heads):
        image = np.full((300, 640), 150, np.float32)
        for box, motion in heads.items():
            x, y = motion(second)
            place = np.float32([[1, 0, box.x - SIDE / 2 + x], [0, 1, box.y - SIDE / 2 + y]])
            image = cv2.warpAffine(
                HEAD.astype(np.float32), place, (640, 300), image, borderMode=cv2.BORDER_TRANSPARENT
            )
        image += self._random.normal(0, self._noise, image.shape).astype(np.float32)
        return np.clip(image, 0, 255).astype(np.uint8)

    def look(self, heads, begin, end, at=None):
        """Watch these heads, {box: its motion}, between two seconds; give those that are pictures at the end.

        `at` replaces the second that is drawn, for a camera that freezes.
        """
        faces = dict(enumerate(heads))
        pictures = set()
        for step in range(round(begin * FPS), round(end * FPS)):
            grey = self.frame(step / FPS if at is None else at, heads)
            pictures = self.watch.update(grey, faces, step / FPS)
        return {faces[number] for number in pictures}


@pytest.mark.parametrize("noise", [0, 1, 4])
def test_a_poster_is_a_picture_and_somebody_who_moves_is_not(noise):
    wall = Wall(noise)
    heads = {POSTER: still, PERSON: walks}
    assert wall.look(heads, 0, PICTURE_SECONDS - 1) == set()
    assert wall.look(heads, PICTURE_SECONDS - 1, DECIDED) == {POSTER}
    assert wall.watch.boxes == (POSTER,)


@pytest.mark.parametrize("noise", [0, 1, 4])
def test_somebody_asleep_breathes_and_is_counted(noise):
    heads = {POSTER: still, PERSON: walks, OTHER: breathes}
    assert Wall(noise).look(heads, 0, DECIDED) == {POSTER}


def test_a_picture_is_a_face_again_at_its_first_movement():
    wall = Wall()
    assert wall.look({POSTER: still, PERSON: walks}, 0, DECIDED) == {POSTER}
    assert wall.look({POSTER: lambda _: (2, 0), PERSON: walks}, DECIDED, DECIDED + 0.3) == set()


def test_a_frozen_camera_makes_nobody_a_picture():
    def stops_just_before(second):
        return walks(min(second, DECIDED - 1))

    wall, heads = Wall(0), {PERSON: walks, OTHER: stops_just_before}
    wall.look(heads, 0, DECIDED)
    assert wall.look(heads, DECIDED, DECIDED + 3 * PICTURE_SECONDS, at=DECIDED) == set()


def test_without_anybody_who_moves_nobody_is_a_picture():
    assert Wall().look({POSTER: still, OTHER: still}, 0, DECIDED + PICTURE_SECONDS) == set()


def test_faces_on_a_television_are_counted():
    def cut_every_five_seconds(second):
        return 4 * (second // 5 % 2), 0.0

    assert Wall().look({OTHER: cut_every_five_seconds, PERSON: walks}, 0, DECIDED) == set()


@pytest.mark.parametrize("fault", ["noise", "shaking"])
def test_in_a_noisy_or_shaking_camera_the_poster_stays_counted(fault):
    shakes = walks if fault == "shaking" else still
    assert Wall(25 if fault == "noise" else 1).look({POSTER: shakes, PERSON: walks}, 0, DECIDED) == set()


def test_a_poster_that_is_detected_now_and_then_is_known_at_once():
    wall = Wall()
    heads = {POSTER: still, PERSON: walks}
    assert wall.look(heads, 0, DECIDED) == {POSTER}
    for step in range(round(DECIDED * FPS), round((DECIDED + FORGET_SECONDS / 2) * FPS)):
        grey = wall.frame(step / FPS, heads)
        assert wall.watch.update(grey, {7: PERSON}, step / FPS) == set()
    assert wall.watch.boxes == (POSTER,)
    assert wall.watch.update(grey, {7: PERSON, 8: POSTER}, step / FPS) == {8}


def test_a_poster_in_a_class_is_outlined_and_not_counted():
    room, analyser = Classroom(4, (640, 480)), FaceAnalyser()
    student = next(student.box for student in room.truth(MORNING) if student.is_facing)
    half = student.width // 2
    poster = room.draw(MORNING)[
        student.y - half : student.y + student.height + half,
        student.x - half : student.x + student.width + half,
    ]
    poster = cv2.resize(poster, (110, 110))
    place = Box(545, 35, 55, 55)
    seen = []
    for step in range(round(2 * DECIDED)):
        image = room.draw(MORNING + timedelta(seconds=step / 2))
        image[8:118, 517:627] = poster
        faces = analyser.analyse(Frame(image, step + 1, MORNING, step / 2))
        seen.append(any(place.contains_centre_of(face.box) for face in faces))
    assert any(seen[4:20]), "it is a face at first"
    assert not any(seen[-5:])
    (picture,) = analyser.pictures
    assert place.contains_centre_of(picture)
    shown = annotate(image, faces, pictures=analyser.pictures)
    assert (shown[picture.y, picture.x] != image[picture.y, picture.x]).any()
    assert len(faces) >= sum(student.is_facing for student in room.truth(MORNING)) - 1


def test_the_proposed_area_covers_the_head_and_stays_in_the_image():
    assert area_around(Box(40, 40, 20, 20), 100, 200) == PrivacyArea(0.35, 0.175, 0.3, 0.15)
    assert area_around(Box(90, -5, 20, 20), 100, 100) == PrivacyArea(0.85, 0.0, 0.15, 0.2)
