"""`compare`: networks side by side, what they cost, and whether they differ."""

import json
from math import prod
from pathlib import Path

import keras
import numpy as np
import pytest

from models.__main__ import main
from models.data.dataset import Split
from models.data.wild_faces import WildFaces, smoothed, write_wild_faces
from models.evaluation.comparison import compare, comparison_table
from models.evaluation.cost import BATCHES, multiply_adds
from models.evaluation.measures import mcnemar
from tests.drawn_faces import drawn_faces, save

SHIPPED = Path(__file__).parents[1] / "models"
LITERT, KERAS = SHIPPED / "emotion_cnn.tflite", SHIPPED / "emotion_cnn.keras"


@pytest.fixture(scope="module")
def data_file(tmp_path_factory) -> Path:
    faces = drawn_faces(students=2)
    path = tmp_path_factory.mktemp("data") / "faces.npz"
    return save(path, faces.images, faces.labels, np.ones(len(faces), np.uint8), faces.votes)


def test_two_networks_are_measured_side_by_side(data_file):
    result = compare([LITERT, KERAS], data_file, Split.PublicTest)
    assert json.loads(json.dumps(result))["n"] == 14
    served, exact = result["networks"]
    assert served["bytes"] == LITERT.stat().st_size
    assert served["bytes"] < exact["bytes"] / 3
    assert served["multiply_adds"] == exact["multiply_adds"]
    assert served["ms_a_face"].keys() == set(BATCHES)
    assert served["peak_memory"] > 1e6
    (pair,) = result["neighbours"]
    assert (pair["first"], pair["second"]) == (str(LITERT), str(KERAS))
    assert pair["ferplus"]["p"] > 0.05
    lines = comparison_table(result).splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {12}
    assert sum("(McNemar, exact, p = 1)" in line for line in lines) == 2


def test_networks_are_compared_on_held_out_faces_in_the_wild(data_file, tmp_path):
    faces = drawn_faces(students=3)
    is_held_out = np.arange(len(faces)) < 14
    wild = WildFaces(
        faces.images,
        faces.labels,
        np.full(len(faces), "raf_train"),
        np.ones(len(faces), bool),
        is_held_out,
        smoothed(faces.labels),
        ~is_held_out / 7,
    )
    write_wild_faces(tmp_path / "wild.npz", wild)
    result = compare([LITERT, LITERT], data_file, Split.PublicTest, tmp_path / "wild.npz")
    measured = result["networks"][0]["wild"]
    assert measured["n"] == 14
    assert 0 < measured["mean_recall"] <= 1
    assert result["neighbours"][0]["wild"]["p"] == 1
    assert f"{measured['mean_recall']:.1%}" in comparison_table(result)
    assert "by RAF-DB's labels" in comparison_table(result)


def test_one_network_has_no_neighbour_and_faces_may_have_no_votes(tmp_path, capsys):
    faces = drawn_faces(students=1)
    path = save(tmp_path / "faces.npz", faces.images, faces.labels, np.ones(7, np.uint8), faces.votes * 0)
    assert main(["compare", str(LITERT), "--data", str(path)]) == 0
    output = capsys.readouterr().out
    assert "| – | – | – | – |" in output
    assert "McNemar" not in output


def test_what_is_no_network_is_rejected(data_file, tmp_path, capsys):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(LITERT.read_bytes()[:1000])
    for network, message in (
        (tmp_path / "nowhere.tflite", "does not exist"),
        (broken, "is no LiteRT network"),
        (SHIPPED / "CARD.md", "expected a .keras or a .tflite file"),
    ):
        assert main(["compare", str(LITERT), str(network), "--data", str(data_file)]) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]


def test_multiply_adds_are_those_of_the_layers():
    layers = keras.models.load_model(KERAS, compile=False).layers
    weighted = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    expected = sum(prod(layer.kernel.shape) * prod(layer.output.shape[1:-1]) for layer in weighted)
    assert multiply_adds(LITERT.read_bytes()) == expected


def test_mcnemars_test_is_the_binomial_one():
    first = np.array([True] * 10 + [False] * 2 + [True] * 5)
    second = np.array([False] * 10 + [True] * 2 + [True] * 5)
    found = mcnemar(first, second)
    assert (found["only_first"], found["only_second"]) == (10, 2)
    assert found["p"] == pytest.approx(2 * (1 + 12 + 66) / 2**12)
    assert mcnemar(first, first)["p"] == 1
