"""The network as served: the shipped weights, and every way in which weights can be wrong."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.vision.crop import as_input, crop_faces
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import BATCH, SELF_TEST_TOLERANCE, ExpressionClassifier
from app.vision.frame import Box
from app.vision.model_card import CARD, WeightsError, read_model_card
from app.vision.track import REJECT_BELOW
from benchmarks.detection import Photograph, askew

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "models"
FILES = ("emotion_cnn.tflite", "emotion_cnn.json", "self_test.png")


@pytest.fixture(scope="module")
def classifier() -> ExpressionClassifier:
    return ExpressionClassifier.load(SHIPPED)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A copy of the shipped weights, to be spoilt."""
    for name in FILES:
        shutil.copy(SHIPPED / name, tmp_path)
    return tmp_path


def known_faces() -> np.ndarray:
    strip = cv2.imread(str(SHIPPED / "self_test.png"), cv2.IMREAD_GRAYSCALE)
    return np.stack(np.split(strip, strip.shape[1] // 48, axis=1))


def change_card(folder: Path, **changes) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | changes))


def spoil(folder: Path, weights: bytes) -> None:
    """Replace the weights, and the sha256 of the card with them."""
    (folder / "emotion_cnn.tflite").write_bytes(weights)
    files = json.loads((folder / CARD).read_text())["files"]
    files["litert"]["sha256"] = hashlib.sha256(weights).hexdigest()
    change_card(folder, files=files)


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1, 3 * BATCH - 1])
def test_any_number_of_faces_is_classified_as_each_alone(classifier, count):
    faces = known_faces()[np.arange(count) % 7]
    scores, face = classifier.classify(faces)
    assert scores.shape == (count, 7)
    assert face.shape == (count,)
    for index in range(count):
        alone, alone_face = classifier.classify(faces[index : index + 1])
        assert scores[index] == pytest.approx(alone[0], abs=1e-5)
        assert face[index] == pytest.approx(alone_face[0], abs=1e-5)


def test_scores_add_up_to_one_and_a_drawn_face_is_a_face(classifier):
    scores, face = classifier.classify(known_faces())
    assert scores.shape == (7, 7)
    assert scores.dtype == face.dtype == np.float32
    assert scores.sum(1) == pytest.approx(1, abs=1e-4)
    assert (face >= classifier.face_below).all()


def test_a_drawn_smile_is_happy_and_a_drawn_startle_surprised(classifier):
    scores, _ = classifier.classify(known_faces())
    read = [EMOTIONS[index] for index in scores.argmax(1)]
    for shown in ("happy", "surprise", "neutral"):
        assert read[EMOTIONS.index(shown)] == shown


def test_a_face_is_read_the_same_alone_and_among_others(classifier):
    faces = np.concatenate([known_faces()] * 3)
    together = classifier.classify(faces)
    alone = [classifier.classify(faces[i : i + 1]) for i in range(len(faces))]
    for which in (0, 1):
        assert together[which] == pytest.approx(np.concatenate([one[which] for one in alone]), abs=1e-4)


def test_no_face_gives_no_scores(classifier):
    scores, face = classifier.classify(np.zeros((0, 48, 48), np.uint8))
    assert scores.shape == (0, 7)
    assert face.shape == (0,)


def test_one_thread_and_two_read_the_same(classifier):
    scores, _ = classifier.classify(known_faces())
    assert ExpressionClassifier.load(SHIPPED, threads=2).classify(known_faces())[0] == pytest.approx(
        scores, abs=1e-4
    )


def test_the_card_gives_thresholds_and_the_sha256_of_the_file(classifier):
    assert 1 / 7 < classifier.uncertain_below < 1
    assert REJECT_BELOW <= classifier.face_below < 1
    sha256 = read_model_card(SHIPPED).sha256
    assert sha256 == hashlib.sha256((SHIPPED / "emotion_cnn.tflite").read_bytes()).hexdigest()


def test_both_shipped_files_are_those_of_the_card():
    card = json.loads((SHIPPED / CARD).read_text())
    for file in card["files"].values():
        assert hashlib.sha256((SHIPPED / file["name"]).read_bytes()).hexdigest() == file["sha256"]
        assert (SHIPPED / file["name"]).stat().st_size < 20e6


def test_the_classifier_needs_no_tensorflow():
    code = (
        "import sys; from pathlib import Path; "
        "from app.vision.expression_network import ExpressionClassifier; "
        f"ExpressionClassifier.load(Path({str(SHIPPED)!r}));"
        "sys.exit(' '.join({'tensorflow', 'keras', 'flask'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(weights, name):
    (weights / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing.*restore"):
        ExpressionClassifier.load(weights)


def test_another_order_of_labels_is_refused(weights):
    change_card(weights, labels=sorted(EMOTIONS))
    with pytest.raises(WeightsError, match="labels angry disgust fear happy neutral sad surprise, expected"):
        ExpressionClassifier.load(weights)


def test_another_input_shape_is_refused(weights):
    change_card(weights, input={"shape": [64, 64, 1]})
    with pytest.raises(WeightsError, match=r"takes \[64, 64, 1\], expected \[48, 48, 1\]"):
        ExpressionClassifier.load(weights)


@pytest.mark.parametrize("content", ["{", "[]", '{"labels": []}'])
def test_a_card_that_is_none_is_refused(weights, content):
    (weights / CARD).write_text(content)
    with pytest.raises(WeightsError, match=CARD):
        ExpressionClassifier.load(weights)


def test_altered_weights_are_refused(weights):
    path = weights / "emotion_cnn.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"sha256 .* was altered or cut"):
        ExpressionClassifier.load(weights)


def test_a_file_that_is_no_network_is_refused(weights):
    spoil(weights, b"no network")
    with pytest.raises(WeightsError, match="is no LiteRT network"):
        ExpressionClassifier.load(weights)


def test_a_network_that_reads_known_faces_otherwise_is_refused(weights):
    """Guards against weights served on another scale of pixels, or with labels swapped: both have shipped
    in public projects, and nothing but the scores showed it."""
    card = json.loads((weights / CARD).read_text())
    swapped = [[row[1], row[0], *row[2:5], row[6], row[5]] for row in card["self_test"]["scores"]]
    change_card(weights, self_test=card["self_test"] | {"scores": swapped})
    with pytest.raises(WeightsError, match=f"off by 0.*at most {SELF_TEST_TOLERANCE}"):
        ExpressionClassifier.load(weights)


def test_a_picture_of_other_faces_is_refused(weights):
    cv2.imwrite(str(weights / "self_test.png"), np.zeros((48, 48), np.uint8))
    with pytest.raises(WeightsError, match="48×48 pixels, expected 7 faces"):
        ExpressionClassifier.load(weights)


def test_a_box_is_cut_out_and_shrunk():
    picture = np.zeros((200, 300), np.uint8)
    picture[50:146, 100:196] = 200
    (face,) = crop_faces(picture, [Box(100, 50, 96, 96)])
    assert face.shape == (48, 48)
    assert (face == 200).all()


def test_a_box_beyond_the_edge_keeps_its_shape():
    picture = np.tile(np.arange(100, dtype=np.uint8), (100, 1))
    (face,) = crop_faces(picture, [Box(-24, 10, 48, 48)])
    assert (face[:, :25] == 0).all()
    assert (face[0, 24:] == np.arange(24)).all()


@pytest.mark.parametrize("degrees", [-35, 20, 90])
def test_a_leaning_face_is_cut_out_upright(degrees):
    y, x = np.mgrid[:200, :200]
    picture = ((x + 2 * y) / 3 + 40 * np.sin(x / 9)).clip(0, 255).astype(np.uint8)
    leaning = askew(Photograph(picture, [Box(70, 70, 60, 60)]), degrees)
    (straight,) = crop_faces(picture, [Box(70, 70, 60, 60)]).astype(int)
    (upright,) = crop_faces(leaning.grey, leaning.faces, [degrees]).astype(int)
    (as_it_is,) = crop_faces(leaning.grey, leaning.faces).astype(int)
    assert np.abs(upright - straight).mean() < 3
    assert np.abs(as_it_is - straight).mean() > 10


def test_a_box_outside_the_picture_is_an_error():
    with pytest.raises(ValueError, match="has no pixel in a picture of 100×80"):
        crop_faces(np.zeros((80, 100), np.uint8), [Box(100, 0, 40, 40)])


def test_no_boxes_give_no_faces():
    assert crop_faces(np.zeros((80, 100), np.uint8), []).shape == (0, 48, 48)


@pytest.mark.parametrize("faces", [np.zeros((2, 48, 48), np.float32), np.zeros((2, 64, 64), np.uint8)])
def test_only_crops_become_input(faces):
    with pytest.raises(ValueError, match="expected uint8"):
        as_input(faces)
