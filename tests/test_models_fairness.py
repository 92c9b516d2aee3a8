"""Fairness: what is measured of each group, age and pose, and when a difference is more than chance."""

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.vision.detection.yunet import YUNET_FILE
from app.vision.emotion import EMOTIONS
from models.__main__ import main
from models.data.fairface import People
from models.evaluation.fairness import fairness, fairness_table, fisher, worse_than_the_whole

DATA = Path(__file__).parents[2] / "shared" / "data"
HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")


def people_of(*parts: tuple[int, int, dict]) -> tuple[People, np.ndarray]:
    """People in parts of (how many, how many of them read right, what their rows say), all seen happy."""
    rows, scores = [], []
    for count, right, says in parts:
        for number in range(count):
            row = {"expression": "happy", "pose": "front", "group": "White", "age": "20-29"}
            rows.append(row | says)
            scores.append(np.eye(7)[HAPPY if number < right else NEUTRAL] * 0.9)
    return People(tuple(rows), np.ones(len(rows), bool), np.zeros((len(rows), 48, 48), np.uint8)), np.array(
        scores
    )


def test_a_part_that_is_read_worse_is_named():
    people, scores = people_of((100, 95, {}), (60, 40, {"age": "50-59"}))
    parts = fairness(people, scores, 0.5)
    assert [each.name for each in worse_than_the_whole(parts)] == ["40 and older"]
    older = next(each for each in parts if each.name == "40 and older")
    assert (older.people, older.right, older.named_right) == (60, 40, 40)
    assert "worse than all others by more than chance: 40 and older" in fairness_table(parts)


def test_a_small_difference_is_called_chance():
    people, scores = people_of((100, 90, {}), (60, 51, {"group": "Black"}))
    assert worse_than_the_whole(fairness(people, scores, 0.5)) == []


def test_faces_not_found_and_without_an_agreed_expression_are_not_counted_as_wrong():
    people, scores = people_of((10, 10, {}), (5, 0, {"expression": "split"}))
    is_found = np.arange(15) != 0
    whole = fairness(People(people.rows, is_found, people.crops[1:]), scores[1:], 0.95)[0]
    assert (whole.people, whole.found, whole.labelled, whole.right, whole.named) == (15, 14, 9, 9, 0)


def test_the_exact_test_gives_known_probabilities():
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)  # the lady tasting tea, two-sided
    assert fisher(5, 5, 0, 5) == pytest.approx(2 / 252)
    assert fisher(0, 0, 3, 4) == 1


def test_bad_input_is_one_line(tmp_path, capsys):
    command = ["fairness", str(tmp_path), "--detector", str(tmp_path / "none.onnx")]
    assert main(command) == 2
    assert "has no labels.csv" in capsys.readouterr().err
    (tmp_path / "labels.csv").write_text("file,age\na.jpg,3-9\n")
    assert main(command) == 2
    assert "lacks a column" in capsys.readouterr().err
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [("file", "expression", "pose", "group", "age"), ("a.jpg", "happy", "front", "White", "3-9")]
        )
    assert main(command) == 2
    assert "can't be read" in capsys.readouterr().err


def test_people_are_found_cropped_and_measured(tmp_path, capsys):
    if not (DATA / "weights" / YUNET_FILE).exists():
        pytest.skip(f"needs ../shared/data/weights/{YUNET_FILE}, which is not part of the project")
    with (DATA / "fairface" / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:12]
    (tmp_path / "images").mkdir()
    for row in rows:
        image = cv2.imread(str(DATA / "fairface" / "images" / row["file"]))
        cv2.imwrite(str(tmp_path / "images" / row["file"]), image)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert main(["fairness", str(tmp_path), "--detector", str(DATA / "weights" / YUNET_FILE)]) == 0
    found = re.search(r"\| all \| 12 \| (\d+) % \|", capsys.readouterr().out)
    assert int(found[1]) >= 80
