"""The analyser on the drawn classroom, whose truth is known: recall, delay and false positives."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from app.demo import Classroom
from app.vision.detection.sweep import FURTHER_SWEEP_SECONDS, SWEEP_SECONDS
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import MIN_READABLE_SIDE, Frame
from app.vision.model_card import CARD, MODELS
from benchmarks.detection import Photograph, askew

MORNING = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SETTLED = 1.0  # seconds after which everybody who faces the camera has a box


class FullSweep(FaceAnalyser):
    """The same analyser, but it searches every frame completely."""

    def _detect(self, grey, monotonic, tiles):
        return self._detector.detect(grey)


def frame_of(image, second):
    return Frame(image, 1 + round(1000 * second), MORNING + timedelta(seconds=second), second)


def shows(faces, box):
    """Whether one of the faces is at this box, give or take a third of its size."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return any(
        abs(face.box.x + face.box.width / 2 - x) < box.width / 3
        and abs(face.box.y + face.box.height / 2 - y) < box.height / 3
        and 0.6 < face.box.width / box.width < 1.6
        for face in faces
    )


def analyse_class(room, fps, seconds, *analysers, begin=MORNING):
    """Analyse a class frame by frame: give each second, its truth and the faces of each analyser."""
    for index in range(round(seconds * fps)):
        second = index / fps
        at = begin + timedelta(seconds=second)
        frame = frame_of(room.draw(at), second)
        yield second, room.truth(at), [analyser.analyse(frame) for analyser in analysers]


@pytest.mark.parametrize("fps", [5, 25])
def test_a_moving_class_is_read_as_well_as_by_a_full_sweep_of_every_frame(fps):
    room = Classroom(12, (640, 480))
    expected = found = by_full = most = false_positives = 0
    tracks = set()
    for second, truth, (faces, full) in analyse_class(room, fps, 2, FaceAnalyser(), FullSweep()):
        if second < SETTLED:
            continue
        boxes = [student.box for student in truth if student.is_facing]
        expected += len(boxes)
        found += sum(shows(faces, box) for box in boxes)
        by_full += sum(shows(full, box) for box in boxes)
        false_positives += sum(not any(shows([face], student.box) for student in truth) for face in faces)
        tracks |= {face.track_id for face in faces}
        most = max(most, len(faces))
    assert found >= 0.99 * by_full
    assert found >= 0.97 * expected
    assert false_positives == 0
    assert len(tracks) == most  # nobody changed their track


@pytest.mark.parametrize(("fps", "pace"), [(2, 1.0), (5, 1.0), (25, 1.0), (5, 0.5)])
def test_a_new_face_has_a_box_soon(fps, pace):
    """Guards the delay: one sweep, and the second frame in which a face must be found."""
    with_faces = Classroom(3, (640, 480))
    empty = np.full((480, 640, 3), 128, np.uint8)
    waits = []
    for offset in (0.0, 0.13, 0.26, 0.39):
        analyser, second, appears = FaceAnalyser(), 0.0, 1.0 + offset
        while second < appears:
            assert analyser.analyse(frame_of(empty, second), pace=pace) == ()
            second += 1 / fps
        at = MORNING + timedelta(seconds=appears)
        truth = [student.box for student in with_faces.truth(at) if student.is_facing]
        image = with_faces.draw(at)
        while not all(shows(analyser.analyse(frame_of(image, second), pace=pace), box) for box in truth):
            second += 1 / fps
            assert second < appears + 3
        waits.append(second - appears)
    assert max(waits) <= SWEEP_SECONDS / pace + 2 / fps


def test_every_face_has_scores_though_not_every_frame_is_classified():
    room = Classroom(5, (640, 480))
    *_, (_, truth, (faces,)) = analyse_class(room, 25, 1.5, FaceAnalyser())
    assert len(faces) >= sum(student.is_facing for student in truth) - 1
    assert all(face.scores is not None for face in faces)


def test_a_class_too_far_away_for_expressions_is_counted_all_the_same():
    room, analyser = Classroom(12, (1280, 720)), FaceAnalyser()
    for second in np.arange(0, 3, 0.2):
        at = MORNING + timedelta(seconds=second)
        faces = analyser.analyse(
            frame_of(cv2.resize(room.draw(at), (320, 180), interpolation=cv2.INTER_AREA), second)
        )
    facing = [student for student in room.truth(at) if student.is_facing]
    assert len(facing) <= len(faces) <= 12
    assert all(face.scores is None for face in faces if face.box.width < MIN_READABLE_SIDE)


def test_a_change_of_picture_size_ends_every_track():
    analyser, room = FaceAnalyser(), Classroom(3, (640, 480))
    for second in (0.0, 0.1, 0.2):
        before = analyser.analyse(frame_of(room.draw(MORNING), second))
    assert before
    small = cv2.resize(room.draw(MORNING), (320, 240))
    assert analyser.analyse(frame_of(small, 0.3)) == ()


def test_a_picture_of_one_pixel_holds_nobody():
    assert FaceAnalyser().analyse(frame_of(np.zeros((1, 1, 3), np.uint8), 0.0)) == ()


def test_the_network_rejects_false_positives_of_the_cascades():
    class RejectingAnalyser(FaceAnalyser):
        def __init__(self):
            super().__init__()
            self._classifier.face_below = 1.1

    *_, (_, truth, (faces, none)) = analyse_class(
        Classroom(5, (640, 480)), 5, 1.5, FaceAnalyser(), RejectingAnalyser()
    )
    assert len(faces) >= sum(student.is_facing for student in truth)
    assert none == ()


def test_one_look_at_a_picture_is_enough():
    room, analyser = Classroom(5, (640, 480)), FaceAnalyser()
    faces = analyser.analyse_picture(room.draw(MORNING))
    facing = [student.box for student in room.truth(MORNING) if student.is_facing]
    assert all(shows(faces, box) for box in facing)
    heads = [student.box for student in room.truth(MORNING)]
    assert all(any(head.contains_centre_of(face.box) for head in heads) for face in faces)
    assert sum(face.scores is not None for face in faces) >= len(facing)
    analyser._classifier.face_below = 1.1
    assert analyser.analyse_picture(room.draw(MORNING)) == ()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_from_the_side_is_found_in_time(mirrored):
    room, at = Classroom(20, (1280, 720)), MORNING + timedelta(seconds=8)
    (x, y, side, _), *_ = [student.box for student in room.truth(at) if not student.is_facing]
    alone = room.draw(at)[y - side // 2 : y + side + side // 2, x - side // 2 : x + side + side // 2]
    image = np.ascontiguousarray(alone[:, ::-1] if mirrored else alone)
    frames = [frame_of(image, second) for second in np.arange(0, FURTHER_SWEEP_SECONDS + 3, 0.5)]
    analyser, full = FaceAnalyser(), FullSweep()
    assert max(len(analyser.analyse(frame)) for frame in frames) == 1
    assert max(len(full.analyse(frame)) for frame in frames) == 0  # the frontal cascade finds nobody


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_leaning_head_is_found_in_time_and_classified(degrees):
    room = Classroom(5, (640, 480))
    students = room.truth(MORNING)
    grey = cv2.cvtColor(room.draw(MORNING), cv2.COLOR_BGR2GRAY)
    leaning = askew(Photograph(grey, [student.box for student in students]), degrees)
    facing, aside = (
        [box for box, student in zip(leaning.faces, students, strict=True) if student.is_facing is wanted]
        for wanted in (True, False)
    )
    image, analyser = cv2.cvtColor(leaning.grey, cv2.COLOR_GRAY2BGR), FaceAnalyser()
    for second in range(round(FURTHER_SWEEP_SECONDS) + 3):
        read = analyser.analyse(frame_of(image, second))
    assert len(read) <= 5
    assert all(shows([face for face in read if face.scores is not None], box) for box in facing)
    unread = [face for face in read if face.scores is None]
    assert all(any(shows([face], box) for box in aside) for face in unread), (
        "only faces from the side have no scores"
    )


@pytest.mark.parametrize("edge", ["left", "top"])
def test_a_leaning_head_that_the_edge_cuts_is_followed(edge):
    """Guards against boxes that begin outside of the picture, which only the rotated searches give."""
    room = Classroom(3, (640, 480))
    student = next(student for student in room.truth(MORNING) if student.is_facing)
    grey = cv2.cvtColor(room.draw(MORNING), cv2.COLOR_BGR2GRAY)
    leaning = askew(Photograph(grey, [student.box]), -25)
    (box,) = leaning.faces
    cut = round(box.width * 0.1)
    seen = leaning.grey[:, box.x + cut :] if edge == "left" else leaning.grey[box.y + cut :]
    place = box._replace(x=-cut) if edge == "left" else box._replace(y=-cut)
    image, analyser = cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR), FaceAnalyser()
    read = [analyser.analyse(frame_of(image, second)) for second in range(round(FURTHER_SWEEP_SECONDS) + 9)]
    assert all(shows(faces, place) for faces in read[-6:])


def test_heads_that_lean_over_and_back_are_followed():
    room, analyser, seen = Classroom(3, (640, 480)), FaceAnalyser(), []
    upright = room.draw(MORNING)
    for second in np.arange(0, 6, 0.2):
        turn = cv2.getRotationMatrix2D((320, 240), 35 * np.sin(max(0.0, second - 1)), 0.8)
        leaning = cv2.warpAffine(upright, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        seen.append({face.track_id for face in analyser.analyse(frame_of(leaning, second))})
    assert len(seen[4]) == sum(student.is_facing for student in room.truth(MORNING))
    assert all(tracks == seen[4] for tracks in seen[4:])


def test_pictures_without_people_have_no_more_faces_than_with_a_full_sweep(scenes):
    for path in sorted((scenes / "images/negatives").iterdir()):
        image, analyser, full = cv2.imread(str(path)), FaceAnalyser(), FullSweep()
        for index in range(4):
            frame = frame_of(image, index / 5)
            faces, by_full = analyser.analyse(frame), full.analyse(frame)
        assert len(faces) <= len(by_full), path.name


def test_at_a_film_cut_the_boxes_of_the_scene_before_are_gone():
    """Guards against boxes that hang in the air for up to three seconds."""
    analyser, lesson, street = FaceAnalyser(), Classroom(12, (640, 480)), np.zeros((480, 640, 3), np.uint8)
    street[200:] = 120
    cv2.rectangle(street, (380, 40), (620, 400), (190, 200, 210), -1)
    for index in range(4):
        before = analyser.analyse(frame_of(lesson.draw(MORNING), index / 5))
    dark = (lesson.draw(MORNING) * 0.4).astype(np.uint8)
    same = analyser.analyse(frame_of(dark, 0.8))
    assert before
    assert {face.track_id for face in same} == {face.track_id for face in before}, "the light went off"
    assert analyser.analyse(frame_of(street, 1.0)) == ()


def test_a_camera_of_the_same_size_starts_without_the_faces_of_the_one_before():
    analyser, room = FaceAnalyser(), Classroom(12, (640, 480))
    for index in range(10):
        before = analyser.analyse(frame_of(room.draw(MORNING), index / 5))
    assert before
    other = replace(frame_of(room.draw(MORNING), 2.0), view=1)
    assert analyser.analyse(other) == ()
    for index in range(11, 20):
        after = analyser.analyse(replace(frame_of(room.draw(MORNING), index / 5), view=1))
    assert after
    assert not {face.track_id for face in before} & {face.track_id for face in after}


def test_another_network_is_read_from_its_folder(tmp_path):
    for name in ("emotion_cnn.tflite", "self_test.png"):
        shutil.copy(MODELS / name, tmp_path)
    with pytest.raises(ValueError, match=str(tmp_path)):
        FaceAnalyser(network=tmp_path)
    card = json.loads((MODELS / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | {"uncertain_below": 0.99}))
    assert FaceAnalyser(network=tmp_path)._classifier.uncertain_below == 0.99
