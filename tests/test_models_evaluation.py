"""`evaluate`: its metrics and its plots."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.vision.emotion import EMOTIONS
from models.__main__ import main
from models.data.dataset import Split
from models.evaluation.measures import calibration_error, coverage, measures, reliability, votes_likelihood
from tests.drawn_faces import drawn_faces, save


@pytest.fixture
def data_file(tmp_path) -> Path:
    faces = drawn_faces(students=3)
    usage = np.full(len(faces), Split.PublicTest, np.uint8)
    return save(tmp_path / "faces.npz", faces.images, faces.labels, usage, faces.votes)


@pytest.fixture
def random_scores() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.dirichlet(np.ones(len(EMOTIONS)), 200), random.integers(0, len(EMOTIONS), 200)


def test_the_plots_of_a_network_are_drawn(data_file, tmp_path, capsys):
    folder = tmp_path / "pictures"
    assert main(["evaluate", "--data", str(data_file), "--pictures", str(folder), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ferplus"]["votes"]["n"] == 21
    drawn = {path.name for path in folder.iterdir()}
    assert drawn == {
        *("confusion-fer.png", "confusion-ferplus.png", "reliability-fer.png", "reliability-ferplus.png"),
        "coverage.png",
    }
    for name in drawn:
        with Image.open(folder / name) as picture:
            assert len(picture.convert("RGB").getcolors(100_000)) > 20


def test_without_matplotlib_plots_are_refused_before_the_work(data_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", "--data", str(data_file), "--pictures", str(tmp_path / "pictures")]) == 2
    assert "pip install -r requirements-train.txt" in capsys.readouterr().err
    assert not (tmp_path / "pictures").exists()


def test_faces_without_votes_are_measured_by_their_labels(tmp_path, capsys):
    faces = drawn_faces(students=1)
    path = save(tmp_path / "faces.npz", faces.images, faces.labels, np.ones(7, np.uint8), faces.votes * 0)
    assert main(["evaluate", "--data", str(path), "--pictures", str(tmp_path / "pictures")]) == 0
    assert "FER+" not in capsys.readouterr().out
    assert not (tmp_path / "pictures" / "confusion-ferplus.png").exists()


def test_faces_without_a_near_duplicate_in_training_are_measured_apart(tmp_path, capsys):
    faces = drawn_faces(students=2)
    known = faces.images[0].copy()
    known[0, 0] ^= 1
    images = np.concatenate([known[np.newaxis], faces.images])
    labels, votes = faces.labels[[0, *range(len(faces))]], faces.votes[[0, *range(len(faces))]]
    usage = np.array([Split.Training] + [Split.PublicTest] * len(faces), np.uint8)
    path = save(tmp_path / "faces.npz", images, labels, usage, votes)
    assert main(["evaluate", "--data", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 14
    assert 0 < result["new"]["n"] < 14
    assert result["new"]["ferplus"]["n"] == result["new"]["n"]
    assert main(["evaluate", "--data", str(path)]) == 0
    assert "Faces without a near-duplicate in Training: " in capsys.readouterr().out


def test_the_reliability_diagram_adds_up_to_the_calibration_error(random_scores):
    bins = reliability(*random_scores)
    assert sum(bins["n"]) == 200
    gaps = [
        count * abs(accuracy - confidence)
        for count, accuracy, confidence in zip(bins["n"], bins["accuracy"], bins["confidence"], strict=True)
        if count
    ]
    assert sum(gaps) / 200 == pytest.approx(calibration_error(*random_scores), abs=1e-3)


def test_the_coverage_ends_at_the_accuracy_of_all_faces(random_scores):
    curve = coverage(*random_scores)
    assert curve["share"][-1] == 1
    assert curve["accuracy"][-1] == pytest.approx(measures(*random_scores)["accuracy"])


def test_the_most_confident_faces_come_first():
    scores = np.full((10, 7), 0.1)
    scores[:, 0] = 0.3
    scores[:5, 0] = 0.4
    truth = np.array([0] * 5 + [1] * 5)
    curve = coverage(scores, truth)
    assert curve["accuracy"][curve["share"].index(0.5)] == 1
    assert curve["accuracy"][-1] == 0.5


def test_no_scores_fit_the_votes_better_than_their_own_shares():
    shares = np.array([[0.5, 0.5, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0]])
    perfect = votes_likelihood(shares, shares)
    assert perfect["nll"] == perfect["at_best"] == pytest.approx(np.log(2) / 2)
    flat = votes_likelihood(np.full((2, 7), 1 / 7), shares)
    assert flat["nll"] == pytest.approx(np.log(7))
