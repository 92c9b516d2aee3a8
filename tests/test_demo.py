"""The drawn classroom, through its front door: what it shows, and whether that is what it says it shows."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations

import cv2
import numpy as np
import pytest

from app.demo import LECTURE_SECONDS, Classroom, Student, shares
from app.demo.appearance import appearance_of
from app.demo.expression import EXPRESSIONS
from app.demo.face import draw_head
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import Box

LECTURE = datetime.fromtimestamp(LECTURE_SECONDS * 2_400_000, UTC)  # one that begins in 2024
MOMENTS = [LECTURE + timedelta(seconds=31 + 60 * minute) for minute in range(LECTURE_SECONDS // 60)]


@pytest.fixture(scope="module")
def classroom() -> Classroom:
    return Classroom()


@pytest.fixture(scope="module")
def watched(classroom: Classroom) -> list[tuple[tuple[Student, ...], list[Box]]]:
    """A moment of each minute of a lecture: what is true, and what the cascade finds."""
    return [(classroom.truth(at), found(classroom.draw(at))) for at in MOMENTS]


def found(image: np.ndarray) -> list[Box]:
    """The faces that OpenCV's default frontal cascade finds."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return [Box(*map(int, box)) for box in cascade.detectMultiScale(grey, 1.1, 5, minSize=(24, 24))]


def overlap(a: Box, b: Box) -> float:
    """The part of both boxes' area that they share, 0 to 1."""
    wide = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    high = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    shared = max(wide, 0) * max(high, 0)
    return shared / (a.width * a.height + b.width * b.height - shared)


def matches(student: Student, boxes: list[Box]) -> bool:
    return any(overlap(student.box, box) > 0.5 for box in boxes)


def test_the_cascade_finds_nearly_every_student_who_faces_the_camera(watched):
    seen = [matches(student, boxes) for truth, boxes in watched for student in truth if student.is_facing]
    assert np.mean(seen) >= 0.95


def test_nothing_else_in_the_room_looks_like_a_face(watched):
    strays = [
        box for truth, boxes in watched for box in boxes if not any(overlap(s.box, box) > 0.5 for s in truth)
    ]
    assert len(strays) <= 0.1 * len(watched)


def test_the_student_who_looks_away_is_not_found(watched):
    away = [(student, boxes) for truth, boxes in watched for student in truth if not student.is_facing]
    assert len(away) == len(watched)
    assert not any(matches(student, boxes) for student, boxes in away)


def test_students_take_turns_to_look_away(watched):
    assert len({[s.is_facing for s in truth].index(False) for truth, _ in watched}) > 4


def test_two_students_look_at_the_camera_and_so_does_one():
    for students in (1, 2):
        assert all(student.is_facing for student in Classroom(students).truth(LECTURE))


@pytest.mark.parametrize(("students", "size"), [(1, (640, 480)), (24, (1280, 720)), (60, (1920, 1080))])
def test_any_class_in_any_size_is_found(students, size):
    classroom = Classroom(students, size)
    image, truth = classroom.draw(MOMENTS[0]), classroom.truth(MOMENTS[0])
    assert (image.shape, image.dtype) == ((size[1], size[0], 3), np.uint8)
    assert len(truth) == students
    boxes = found(image)
    assert np.mean([matches(student, boxes) for student in truth if student.is_facing]) >= 0.9


def test_sixty_students_fit_the_smallest_picture():
    for student in Classroom(60, (640, 480)).truth(LECTURE):
        assert student.box.width >= 24
        assert 0 <= student.box.x <= 640 - student.box.width
        assert 0 <= student.box.y <= 480 - student.box.height


def test_no_face_hides_another():
    for students in (12, 40, 60):
        boxes = [student.box for student in Classroom(students).truth(LECTURE)]
        assert all(overlap(a, b) < 0.02 for a in boxes for b in boxes if a is not b)


@pytest.mark.parametrize("students", [0, -3, 61])
def test_a_class_that_does_not_fit_is_refused(students):
    with pytest.raises(ValueError, match=f"1 to 60 students, not {students}"):
        Classroom(students)


def test_the_same_moment_is_the_same_picture(classroom):
    later = Classroom()
    later.draw(MOMENTS[5])
    assert np.array_equal(classroom.draw(MOMENTS[3]), later.draw(MOMENTS[3]))


def test_the_clock_on_the_wall_shows_the_time_of_the_zone(classroom):
    before = classroom.draw(LECTURE)
    there = LECTURE.astimezone(timezone(timedelta(hours=5)))
    assert not np.array_equal(classroom.draw(there), before)
    hands = np.nonzero((classroom.draw(there) != before).any(axis=2))
    assert hands[0].max() - hands[0].min() < 0.15 * before.shape[0], "nothing but the clock is another"
    assert classroom.truth(there) == classroom.truth(LECTURE)


def test_a_picture_may_be_drawn_upon(classroom):
    before = classroom.draw(LECTURE)
    classroom.draw(LECTURE)[:] = 0
    assert np.array_equal(classroom.draw(LECTURE), before)


def test_the_lecture_begins_again(classroom):
    again = LECTURE + timedelta(seconds=5 * LECTURE_SECONDS + 200)
    first = [(s.emotion, s.is_facing) for s in classroom.truth(LECTURE + timedelta(seconds=200))]
    assert [(s.emotion, s.is_facing) for s in classroom.truth(again)] == first


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """How far two pictures are apart, in grey levels a pixel."""
    return float(np.abs(a.astype(int) - b).mean())


def test_each_expression_is_drawn_differently():
    heads = [draw_head(appearance_of(0), EXPRESSIONS[emotion], 40) for emotion in EMOTIONS]
    assert all(difference(a, b) > 0.3 for a, b in combinations(heads, 2))


def test_no_two_students_look_alike():
    heads = [draw_head(appearance_of(student), EXPRESSIONS[Emotion.NEUTRAL], 20) for student in range(60)]
    assert all(difference(a, b) > 0.5 for a, b in combinations(heads, 2))


def test_heads_move_a_little(classroom):
    now, soon = (classroom.truth(LECTURE + timedelta(seconds=s)) for s in (20, 23))
    steps = [abs(a.box.x - b.box.x) + abs(a.box.y - b.box.y) for a, b in zip(now, soon, strict=True)]
    assert 0 < max(steps) < 15


def test_shares_add_up_to_one_and_name_every_expression():
    parts = shares(LECTURE + timedelta(seconds=17), LECTURE + timedelta(seconds=1234.5), 12)
    assert tuple(parts) == EMOTIONS
    assert sum(parts.values()) == pytest.approx(1)


def test_shares_of_an_interval_are_what_the_moments_in_it_show(classroom):
    start, counted = LECTURE + timedelta(seconds=90), dict.fromkeys(EMOTIONS, 0)
    for tenth in range(1200):
        for student in classroom.truth(start + timedelta(seconds=tenth / 10)):
            counted[student.emotion] += student.is_facing
    said = shares(start, start + timedelta(seconds=120), 12)
    for emotion in EMOTIONS:
        assert counted[emotion] / sum(counted.values()) == pytest.approx(said[emotion], abs=0.01)


def test_an_empty_interval_has_no_shares():
    with pytest.raises(ValueError, match="ends"):
        shares(LECTURE, LECTURE, 12)


def test_the_class_is_attentive_amused_and_puzzled_in_turn():
    minutes = [shares(at, at + timedelta(minutes=1), 12) for at in MOMENTS]
    for emotion in (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SURPRISE):
        assert max(minute[emotion] for minute in minutes) > 0.4
    assert all(minute[Emotion.SAD] + minute[Emotion.ANGRY] < 0.15 for minute in minutes)
