"""Faces in the wild: held out by photograph, cleaned by agreement, trained on, and what is served by them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

from app.vision.crop import as_input  # noqa: E402
from app.vision.model_card import read_model_card  # noqa: E402
from models import export as exporting  # noqa: E402
from models.__main__ import main  # noqa: E402
from models.calibration import NAMED_RIGHT, ROOM, room_weights, uncertain_threshold  # noqa: E402
from models.data.dataset import DataError, Split  # noqa: E402
from models.data.label_cleaning import LABEL_WEIGHT, clean  # noqa: E402
from models.data.wild_faces import HELD_OUT, WildFaces, gather, smoothed  # noqa: E402
from models.network.mixture import Mixture  # noqa: E402
from models.network.serving import load_trained, open_network, predict_with_keras, serving_network  # noqa: E402
from models.training import train as training  # noqa: E402
from models.training.augmentation import NO_AUGMENTATION  # noqa: E402
from models.training.batches import VOTES_IN_WILD, WILD_IN_FACE, Batches  # noqa: E402
from models.training.distillation import DISTILLATION_WEIGHT  # noqa: E402
from models.training.schedule import Schedule  # noqa: E402
from tests.drawn_faces import crops_of, drawn_faces, save  # noqa: E402
from tests.tensors import in_numpy  # noqa: E402

SETS = {
    "raf.npz": ("raf_train",),
    "affect.npz": ("affect", "affect_ffhq"),
    "expw.npz": ("expw48", "expw_bal"),
    "small.npz": ("sfew_train", "ck48"),
}
FACES = 140  # of each set
TINY = {"stem": 8, "stages": ((8, 1), (16, 2))}
SHORT = Schedule(epochs=1, batch=14, crops_in_batch=4, wild_in_batch=14, precision="float32")


def write_sets(folder: Path) -> None:
    """Write blurred noise, each picture its own; half of `affect`'s are those of `raf_train`, mirrored."""
    random = np.random.default_rng(1)
    images = {}
    for file, sources in SETS.items():
        for source in sources:
            noise = random.integers(0, 255, (FACES, 48, 48), np.uint8)
            images[source] = np.stack([cv2.GaussianBlur(each, (0, 0), 2) for each in noise])
        if "affect" in sources:
            images["affect"][: FACES // 2] = images["raf_train"][: FACES // 2, :, ::-1]
        np.savez(
            folder / file,
            images=np.concatenate([images[source] for source in sources]),
            label=np.tile(np.arange(7), FACES * len(sources) // 7).astype(np.uint8),
            source=np.repeat([source.encode() for source in sources], FACES),
            score=np.where(np.arange(FACES * len(sources)) % 5, 0.9, 0).astype(np.float16),
        )


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    write_sets(folder)
    return folder


@pytest.fixture(scope="module")
def wild(sets) -> WildFaces:
    return gather(sets, seed=1)


def test_a_share_of_each_set_is_held_out_by_label(wild):
    for source, share in HELD_OUT.items():
        images, labels = wild.held_out(source)
        assert np.bincount(labels).tolist() == [round(share * FACES / 7)] * 7
        assert len(images) == len(labels)


def test_no_photograph_is_on_both_sides(wild):
    """Guards against measuring on faces that were trained on: sets share photographs."""
    held = wild.images[wild.is_held_out & (wild.sources == "raf_train")]
    known = {image.tobytes() for image in held} | {image[:, ::-1].tobytes() for image in held}
    trained = wild.images[~wild.is_held_out]
    assert not any(image.tobytes() in known for image in trained)
    assert len(wild) < len(SETS) * 2 * FACES, "mirrored copies of held-out faces are left out"


def test_batches_draw_from_well_labelled_sets_until_the_others_are_cleaned(wild):
    assert wild.chances.sum() == pytest.approx(1)
    drawn = set(wild.sources[wild.chances > 0])
    assert drawn == {"raf_train", "sfew_train", "ck48"}
    assert not (wild.chances[wild.is_held_out] > 0).any()


def test_a_folder_without_one_of_the_sets_is_refused(sets, tmp_path):
    for file in SETS:
        (tmp_path / file).write_bytes((sets / file).read_bytes())
    (tmp_path / "raf.npz").unlink()
    with pytest.raises(DataError, match=r"raf\.npz does not exist"):
        gather(tmp_path, seed=1)
    (tmp_path / "raf.npz").write_bytes((sets / "small.npz").read_bytes())
    with pytest.raises(DataError, match="no face of the set raf_train"):
        gather(tmp_path, seed=1)


def test_a_batch_teaches_each_head_by_its_own_faces(wild):
    drawn = drawn_faces()
    batches = Batches(
        drawn,
        crops_of(drawn),
        batch=14,
        crops_in_batch=4,
        seed=1,
        augmentation=NO_AUGMENTATION,
        mixup=0,
        wild=wild,
        wild_in_batch=10,
    )
    pixels, targets = in_numpy(batches[0])
    assert len(pixels) == 28
    assert targets["fer"][18:].sum() == targets["ferplus"][18:].sum() == 0
    assert targets["wild"][:14].sum(1) == pytest.approx([VOTES_IN_WILD] * 14)
    assert targets["wild"][18:].sum(1) == pytest.approx([1] * 10)
    seen = {image.tobytes() for image in wild.images[wild.chances > 0]}
    assert all(face.round().astype(np.uint8).tobytes() in seen for face in pixels[18:])
    assert set(np.unique(targets["face"][18:, 0].round(3))) <= {0, np.float32(WILD_IN_FACE)}
    assert targets["face"][18:, 1].sum() == 0


def test_a_teacher_that_knows_the_wild_teaches_it(wild, run):
    drawn = drawn_faces()
    options = {"batch": 14, "crops_in_batch": 4, "seed": 1, "mixup": 0, "wild": wild, "wild_in_batch": 10}
    teacher = open_network(run / "network.keras")
    alone, taught = (
        in_numpy(Batches(drawn, crops_of(drawn), teachers=teachers, **options)[0])[1]["wild"]
        for teachers in ([], [teacher])
    )
    assert taught[18:].sum(1) == pytest.approx([1] * 10)
    answers = (taught[18:] - (1 - DISTILLATION_WEIGHT) * alone[18:]) / DISTILLATION_WEIGHT
    assert answers.sum(1) == pytest.approx([1] * 10, abs=1e-5)
    assert answers.std(0).max() > 0, "each face has an answer of its own"
    assert (answers > -1e-6).all()
    assert taught[:14].sum(1) == pytest.approx([VOTES_IN_WILD] * 14)


def test_wild_faces_are_mixed_with_each_other(wild):
    drawn = drawn_faces()
    batches = Batches(drawn, None, batch=14, crops_in_batch=0, seed=1, wild=wild, wild_in_batch=10)
    for step in range(4):
        targets = in_numpy(batches[step])[1]
        assert targets["wild"][14:].sum(1) == pytest.approx([1] * 10)
        assert targets["fer"][:14].sum(1) == pytest.approx([1] * 14)


@pytest.fixture(scope="module")
def run(tmp_path_factory, wild) -> Path:
    """The folder of a short training run with faces in the wild."""
    folder, drawn = tmp_path_factory.mktemp("run"), drawn_faces()
    network = training.build(SHORT, **TINY)
    training.fit(network, drawn, drawn, crops_of(drawn), folder, SHORT, wild)
    return folder


def test_a_run_measures_itself_on_held_out_faces_in_the_wild(run):
    header, line = (run / "log.csv").read_text().splitlines()
    measured = dict(zip(header.split(","), line.split(","), strict=True))
    assert 0 <= float(measured["wild"]) <= 1
    assert 0 <= float(measured["wild_recall"]) <= 1


def test_labels_that_the_network_shares_are_trusted(run, wild):
    cleaned = clean(run / "network.keras", wild)
    is_noisy = np.isin(wild.sources, ["affect", "affect_ffhq", "expw48", "expw_bal"])
    network = serving_network(load_trained(run / "network.keras"), Mixture(("wild",), (1.0,)))
    scores = predict_with_keras(network, wild.images)["scores"]
    differs = scores.argmax(1) != wild.labels
    unsure = scores[np.arange(len(wild)), wild.labels] < 0.15  # MIN_SCORE, with room for 8 bits
    refused = is_noisy & differs & unsure
    assert refused.any()
    assert not (cleaned.chances[refused] > 0).any()
    named = is_noisy & ~differs & (scores.max(1) > 0.3) & ~wild.is_held_out
    assert (cleaned.chances[named] > 0).all()
    assert (cleaned.chances[~is_noisy & ~wild.is_held_out] > 0).all()
    expected = LABEL_WEIGHT * smoothed(wild.labels) + (1 - LABEL_WEIGHT) * scores
    assert cleaned.targets[is_noisy] == pytest.approx(expected[is_noisy], abs=0.05)
    assert (cleaned.targets[~is_noisy] == wild.targets[~is_noisy]).all()


def test_a_mixture_of_heads_serves_as_one_layer(run):
    trained, drawn = load_trained(run / "network.keras"), drawn_faces()
    mixture = Mixture(("wild", "ferplus"), (0.8, 0.2)).at(0.5)
    logits = mixture.logits(trained.predict(as_input(drawn.images), verbose=0))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    served = predict_with_keras(serving_network(trained, mixture), drawn.images)["scores"]
    assert served == pytest.approx(scores, abs=0.02)  # the trunk of `trained` computes in its own precision


def test_labels_count_as_often_as_a_room_shows_them():
    labels = np.array([3] * 90 + [6] * 5 + [0, 1, 2, 4, 5])
    weights = room_weights(labels)
    for emotion, share in ROOM.items():
        index = list(ROOM).index(emotion)
        assert weights[labels == index].sum() == pytest.approx(share)


def test_from_the_threshold_on_enough_names_are_right_in_a_room():
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 4000)
    confidence = random.uniform(0.2, 1, 4000)
    is_right = random.uniform(size=4000) < confidence
    scores = np.zeros((4000, 7))
    scores[np.arange(4000), np.where(is_right, labels, (labels + 1) % 7)] = confidence
    chosen = uncertain_threshold(scores, labels)
    assert chosen["uncertain_figures"]["accuracy"] >= NAMED_RIGHT
    weights = room_weights(labels)
    for threshold in (chosen["uncertain_below"], 0.93, 0.97):
        named = confidence >= threshold
        assert (weights * is_right)[named].sum() / weights[named].sum() >= NAMED_RIGHT
    named = confidence >= chosen["uncertain_below"] - 0.005
    assert (weights * is_right)[named].sum() / weights[named].sum() < NAMED_RIGHT


def test_commands_gather_clean_and_export(sets, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        exporting, "MAX_ACCURACY_LOSS", 1
    )  # a network that has learnt little loses by rounding
    drawn = drawn_faces()
    usage = np.where(np.arange(56) < 42, Split.Training, Split.PublicTest).astype(np.uint8)
    data = save(tmp_path / "faces.npz", drawn.images, drawn.labels, usage, drawn.votes)
    wild, cleaned, network = tmp_path / "wild.npz", tmp_path / "cleaned.npz", str(run / "network.keras")
    assert main(["wild", str(sets), "--out", str(wild)]) == 0
    assert main(["clean", str(wild), "--network", network, "--out", str(cleaned)]) == 0
    assert capsys.readouterr().out.count("raf_train") == 2
    out = tmp_path / "out"
    command = ["export", "--data", str(data), "--network", network, "--wild", str(cleaned), "--out", str(out)]
    assert main(command) == 0
    card = read_model_card(out)
    assert card.served_on == "RAF-DB"
    assert card.served_figures["n"] == 28
    assert json.loads((out / "emotion_cnn.json").read_text())["mixture"].keys() == {"wild", "ferplus"}
    assert "--wild cleaned.npz" in card.origin["commands"][-1]
