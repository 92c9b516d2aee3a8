"""Benchmarks reach into the program by name, so each runs here once on a second of film."""

from datetime import UTC, datetime

import cv2

from app.demo import Classroom
from app.vision.detector_choice import CASCADES
from benchmarks import detection, films, newcomers, pipeline


def test_the_pipeline_is_measured_beside_the_full_sweep_and_the_baseline():
    row = pipeline.measure(films.drawn(students=4, width=640, height=480, seconds=3, fps=5))
    assert row["faces"] > 1
    assert row["recall"] > 0.5
    assert all(row[stage] > 0 for stage in ("near", "sweep", "classify", "draw", "encode", "× baseline"))


def test_newcomers_are_found_and_their_wait_is_measured():
    row = newcomers.measure((640, 480), students=2, fps=2)
    assert row["found"] == row["appeared"] == 2


def test_detection_is_measured_by_the_size_of_labelled_faces(tmp_path):
    room, at = Classroom(6, (960, 720)), datetime(2026, 11, 21, 10, 6, 10, tzinfo=UTC)
    cv2.imwrite(str(tmp_path / "class.png"), room.draw(at))
    boxes = [f"class.png,{','.join(map(str, student.box))}" for student in room.truth(at)]
    (tmp_path / "boxes.csv").write_text("\n".join(["file,x,y,w,h", *boxes]))
    (row,) = detection.measure_by_size(tmp_path, {"cascades": CASCADES})
    assert row["48 px and more"] > 0.8
    assert row["24 to 35"] is None
    assert row["false a picture"] == 0
