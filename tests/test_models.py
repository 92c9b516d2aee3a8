"""A tiny network, trained on drawn faces and exported; metrics; and the figures of the shipped network."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import cv2
import keras
import numpy as np
import pytest

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

from app.vision.crop import as_input, crop_faces  # noqa: E402
from app.vision.emotion import EMOTIONS  # noqa: E402
from app.vision.expression_network import ExpressionClassifier  # noqa: E402
from app.vision.frame import Box  # noqa: E402
from app.vision.track import REJECT_BELOW  # noqa: E402
from models import export as exporting  # noqa: E402
from models.__main__ import main  # noqa: E402
from models.calibration import face_threshold  # noqa: E402
from models.data.dataset import (  # noqa: E402
    Crops,
    DataError,
    Faces,
    Split,
)
from models.evaluation.measures import best_temperature, calibration_error, measures, wilson  # noqa: E402
from models.network.architecture import aula, to_float32  # noqa: E402
from models.network.mixture import FERPLUS_ALONE  # noqa: E402
from models.network.network_heads import smoothed_cross_entropy  # noqa: E402
from models.network.normalization import FastBatchNormalization  # noqa: E402
from models.network.serving import (  # noqa: E402
    load_trained,
    predict,
    predict_with_keras,
    predict_with_litert,
    save_litert,
    serving_network,
)
from models.provenance import provenance  # noqa: E402
from models.training import callbacks  # noqa: E402
from models.training import train as training  # noqa: E402
from models.training.augmentation import (  # noqa: E402
    NO_AUGMENTATION,
    augment,
)
from models.training.schedule import Schedule, record_schedule, recorded_schedules  # noqa: E402
from tests.drawn_faces import crops_of, drawn_faces, save, votes_for  # noqa: E402

ROOT = Path(__file__).parents[1]
FER2013 = ROOT.parent / "shared" / "data" / "fer2013" / "fer2013.npz"
SHIPPED = ROOT / "models"
TINY = {"stem": 8, "stages": ((8, 1), (16, 2))}
SHORT = Schedule(epochs=3, batch=14, crops_in_batch=4, precision="float32", learning_rate=0.05)


@pytest.fixture(scope="module")
def drawn() -> Faces:
    return drawn_faces()


@pytest.fixture(scope="module")
def crops(drawn) -> Crops:
    return crops_of(drawn)


@pytest.fixture(scope="module")
def run(tmp_path_factory, drawn, crops) -> Path:
    """The folder of a short training run."""
    folder = tmp_path_factory.mktemp("run")
    training.fit(training.build(SHORT, **TINY), drawn, drawn, crops, folder, SHORT)
    return folder


@pytest.fixture
def data_file(tmp_path, drawn) -> Path:
    usage = np.where(np.arange(56) < 42, Split.Training, Split.PublicTest).astype(np.uint8)
    return save(tmp_path / "faces.npz", drawn.images, drawn.labels, usage, drawn.votes)


def log_of(run: Path) -> list[dict]:
    with (run / "log.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_short_training_makes_the_loss_fall(run):
    losses = [float(line["loss"]) for line in log_of(run)]
    assert len(losses) == SHORT.epochs
    assert losses[-1] < losses[0]


def test_a_killed_run_resumes_and_ends_like_an_unbroken_one(run, tmp_path, drawn, crops, monkeypatch):
    measure, calls = callbacks.measure_accuracy, []

    def killed_in_the_second_epoch(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(*arguments)

    monkeypatch.setattr(callbacks, "measure_accuracy", killed_in_the_second_epoch)
    with pytest.raises(KeyboardInterrupt):
        training.fit(training.build(SHORT, **TINY), drawn, drawn, crops, tmp_path, SHORT)
    training.fit(training.build(SHORT, **TINY), drawn, drawn, crops, tmp_path, SHORT)
    assert [line["epoch"] for line in log_of(tmp_path)] == ["1", "2", "3"]
    for resumed, unbroken in zip(
        load_trained(tmp_path / "network.keras").get_weights(),
        load_trained(run / "network.keras").get_weights(),
        strict=True,
    ):
        assert resumed == pytest.approx(unbroken, abs=1e-3)


def test_checkpoints_may_be_rarer_than_epochs_and_the_last_epoch_has_one(tmp_path, drawn):
    schedule = replace(SHORT, keep_every=2)
    training.fit(training.build(schedule, **TINY), drawn, drawn, None, tmp_path, schedule)
    assert [line["epoch"] for line in log_of(tmp_path)] == ["2", "3"]
    with np.load(tmp_path / "checkpoint.npz") as checkpoint:
        assert checkpoint["epochs"] == 3


def test_a_shortened_run_records_both_schedules(tmp_path):
    for schedule, done in ((SHORT, 0), (SHORT, 1), (replace(SHORT, epochs=2), 1)):
        record_schedule(tmp_path, schedule, done)
    assert [(done, schedule.epochs) for done, schedule in recorded_schedules(tmp_path)] == [(0, 3), (1, 2)]


def test_a_checkpoint_of_another_network_is_rejected(run, drawn, crops):
    other = training.build(SHORT, stem=8, stages=((8, 1),))
    with pytest.raises(DataError, match="is of another network"):
        training.fit(other, drawn, drawn, crops, run, SHORT)


def test_rows_without_labels_add_nothing_to_the_loss():
    logits = keras.Variable(np.random.default_rng(1).normal(size=(2, 7)).astype(np.float32))
    labelled = np.stack([np.eye(7, dtype=np.float32)[2], np.zeros(7, np.float32)])
    both = float(smoothed_cross_entropy(labelled, logits))
    first = float(smoothed_cross_entropy(labelled[:1], logits[:1]))
    assert both == pytest.approx(first, rel=1e-5)


def test_training_evaluation_and_serving_prepare_a_face_alike(drawn, run):
    """One function does it, for all three: pixels 0 to 255, otherwise unaltered."""
    box = Box(0, 0, 48, 48)
    served = as_input(crop_faces(drawn.images[5], [box]))
    trained_on = augment(
        as_input(drawn.images[5:6]), replace(NO_AUGMENTATION, mirror_chance=0.5), np.random.default_rng(1)
    )
    mirrored = served[:, :, ::-1]
    assert any(np.allclose(trained_on, pixels, atol=1e-3) for pixels in (served, mirrored))
    assert served.dtype == np.float32
    assert served.max() > 1
    network = load_trained(run / "network.keras")
    evaluated = predict_with_keras(serving_network(network), drawn.images[5:6])["scores"]
    assert serving_network(network)(served)["scores"].numpy() == pytest.approx(evaluated, abs=1e-5)


def test_a_run_may_learn_from_a_teacher_and_begin_from_its_trunk(run, tmp_path, drawn, exported):
    schedule = replace(
        SHORT, epochs=1, teachers=(str(exported / "emotion_cnn.tflite"),), weights=str(run / "network.keras")
    )
    network = training.build(schedule, **TINY)
    first, trained = (
        next(layer for layer in each.layers if isinstance(layer, keras.layers.Conv2D))
        for each in (network, load_trained(run / "network.keras"))
    )
    assert first.get_weights()[0] == pytest.approx(trained.get_weights()[0])
    training.fit(network, drawn, drawn, None, tmp_path, schedule)
    assert json.loads((tmp_path / "schedule.json").read_text())[0]["weights"] == schedule.weights


def test_a_run_does_not_begin_from_another_architecture(run):
    with pytest.raises(DataError, match="another architecture"):
        training.build(replace(SHORT, weights=str(run / "network.keras")), stem=4, stages=((8, 1),))


def test_the_commands_say_in_one_line_what_is_wrong(tmp_path, data_file, capsys):
    missing = tmp_path / "nowhere.npz"
    assert main(["train", "--data", str(missing), "--run", str(tmp_path / "run")]) == 2
    assert main(["evaluate", "--data", str(data_file), "--network", "weights.h5"]) == 2
    assert main(["export", "--data", str(data_file), "--network", str(tmp_path / "no.keras")]) == 2
    assert main(["train", "--data", str(data_file), "--run", str(data_file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if line.startswith("models: ")]
    assert "nowhere.npz does not exist" in errors[0]
    assert "expected a .keras or a .tflite file" in errors[1]
    assert "no.keras does not exist" in errors[2]
    assert "File exists" in errors[3]


def test_an_export_needs_the_votes_and_the_schedule(tmp_path, run, drawn, data_file, capsys):
    command = ["export", "--out", str(tmp_path / "out"), "--data"]
    public = np.full(len(drawn), Split.PublicTest, np.uint8)
    unvoted = save(tmp_path / "unvoted.npz", drawn.images, drawn.labels, public, drawn.votes * 0)
    assert main([*command, str(unvoted), "--network", str(run / "network.keras")]) == 2
    assert "has no FER+ votes" in capsys.readouterr().err
    moved = tmp_path / "moved.keras"
    moved.write_bytes((run / "network.keras").read_bytes())
    assert main([*command, str(data_file), "--network", str(moved)]) == 2
    assert "has no schedule.json beside it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_fast_batch_normalisation_learns_as_that_of_keras_does():
    """Guards against a kernel with another mean or variance, or other gradients of them."""
    random = np.random.default_rng(1)
    maps, targets = random.normal(3, 2, (2, 20, 6, 6, 16)).astype(np.float32)

    def trained(normalization: type[keras.layers.Layer]) -> list[np.ndarray]:
        layers = [keras.Input((6, 6, 16)), normalization(momentum=0.5), keras.layers.ReLU()]
        network = keras.Sequential(layers)
        network.compile(keras.optimizers.SGD(0.1), loss="mse")
        network.fit(maps, targets, batch_size=10, epochs=3, shuffle=False, verbose=0)
        return [*network.get_weights(), network.predict(maps, verbose=0)]

    for fast, plain in zip(
        trained(FastBatchNormalization), trained(keras.layers.BatchNormalization), strict=True
    ):
        assert fast == pytest.approx(plain, rel=0.01, abs=0.01)


def test_mixed_precision_weights_predict_the_same_in_float32(drawn):
    mixed = training.build(replace(SHORT, precision="mixed_bfloat16"), **TINY)
    exact = to_float32(mixed)
    assert exact.get_layer("fer").compute_dtype == "float32"
    for exact_weight, mixed_weight in zip(exact.get_weights(), mixed.get_weights(), strict=True):
        assert (exact_weight == mixed_weight).all()
    pixels = as_input(drawn.images[:4])
    assert exact(pixels)["fer"].numpy() == pytest.approx(mixed(pixels)["fer"].numpy(), abs=0.1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, run, drawn, crops) -> Path:
    """A tiny network, exported. Its faces are labelled as it predicts, since it has learnt little."""
    folder = tmp_path_factory.mktemp("exported")
    trained = load_trained(run / "network.keras")
    labels = predict_with_keras(serving_network(trained), drawn.images)["scores"].argmax(1)
    public = Faces(drawn.images, labels, votes_for(labels))
    rows = surest(trained, public)
    exporting.export_network(trained, public[rows], crops, folder, {"seed": 1})
    return folder


def surest(trained, faces: Faces) -> np.ndarray:
    """The half whose predictions survive rounding: the largest margins between the two top scores."""
    outputs = predict_with_keras(serving_network(trained), faces.images)
    margins = [np.diff(np.sort(outputs[name], axis=1)[:, -2:], axis=1)[:, 0] for name in ("scores", "fer")]
    return np.argsort(np.minimum(*margins))[len(faces) // 2 :]


def test_the_exported_files_predict_as_the_trained_network_does(exported, drawn):
    card = json.loads((exported / "emotion_cnn.json").read_text())
    by_keras = predict(exported / "emotion_cnn.keras", drawn.images)
    by_litert = predict(exported / "emotion_cnn.tflite", drawn.images)
    for name in ("scores", "face", "fer"):
        assert by_litert[name] == pytest.approx(by_keras[name], abs=0.05)
    scores, face = ExpressionClassifier.load(exported).classify(drawn.images)
    assert scores == pytest.approx(by_litert["scores"], abs=1e-5)
    assert face == pytest.approx(by_litert["face"], abs=1e-5)
    assert card["labels"] == list(EMOTIONS)
    assert card["figures"]["PublicTest"]["n"] == 28


def test_the_exported_network_needs_no_code_of_the_project(exported):
    with ZipFile(exported / "emotion_cnn.keras") as file:
        layers = {layer["class_name"] for layer in json.loads(file.read("config.json"))["config"]["layers"]}
    assert "BatchNormalization" in layers
    assert layers <= set(dir(keras.layers))


def test_litert_in_float32_gives_the_scores_of_keras(tmp_path, run, drawn):
    network = serving_network(load_trained(run / "network.keras"), FERPLUS_ALONE.at(0.7), 1.2)
    save_litert(network, tmp_path / "float.tflite", eight_bits=False)
    by_litert = predict_with_litert(tmp_path / "float.tflite", drawn.images)
    exporting.check_conversion(predict_with_keras(network, drawn.images), by_litert)


def test_an_export_that_predicts_otherwise_is_rejected(tmp_path, run, drawn, crops, monkeypatch):
    def with_an_error(path, faces):
        return {name: scores + 0.01 for name, scores in predict(path, faces).items()}

    monkeypatch.setattr(exporting, "predict_with_litert", with_an_error)
    with pytest.raises(exporting.ExportError, match=r"differs from Keras's by up to .*nothing was written"):
        exporting.export_network(load_trained(run / "network.keras"), drawn, crops, tmp_path, {"seed": 1})
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_that_lose_accuracy_are_rejected(drawn):
    exact = np.eye(7, dtype=np.float32)[drawn.labels]
    rounded = exact.copy()
    rounded[0] = np.roll(rounded[0], 1)
    by_keras = {"scores": exact, "fer": exact}
    exporting.check_quantisation(by_keras, by_keras, drawn)
    with pytest.raises(exporting.ExportError, match=r"100\.00% became 98\.21%"):
        exporting.check_quantisation(by_keras, {"scores": exact, "fer": rounded}, drawn)


def test_networks_are_averaged_weight_by_weight(run):
    first, second = (load_trained(run / "network.keras") for _ in range(2))
    weights = first.get_weights()
    second.set_weights([3 * weight for weight in weights])
    averages = exporting.average_weights([first, second]).get_weights()
    for average, weight in zip(averages, weights, strict=True):
        assert average == pytest.approx(2 * weight, rel=1e-5)


def test_networks_of_several_architectures_are_not_averaged(run):
    other = training.build(SHORT, stem=4, stages=((8, 1),))
    with pytest.raises(exporting.ExportError, match="several architectures"):
        exporting.average_weights([load_trained(run / "network.keras"), other])


def test_the_face_threshold_rejects_nearly_all_false_proposals(crops):
    face = np.where(crops.is_face, 0.9, np.linspace(0, 0.8, len(crops)))
    chosen = face_threshold(face, crops)
    assert chosen["face_figures"]["false"] == 20
    assert chosen["face_figures"]["false_kept"] <= 1
    assert chosen["face_figures"]["faces_kept"] == 20
    assert REJECT_BELOW <= chosen["face_below"] <= 0.8


def test_a_card_tells_where_its_network_comes_from(tmp_path, run, data_file):
    origin = provenance([run / "network.keras"], data_file, None)
    assert origin["commands"][0].startswith("python -m models train --data faces.npz --run runs/run")
    assert origin["schedules"][0]["seed"] == SHORT.seed
    assert {"python", "keras", "numpy"} <= set(origin["versions"])


def test_measures_of_a_known_table():
    truth = np.array([0, 0, 3, 3])
    scores = np.eye(7, dtype=np.float32)[[0, 3, 3, 3]] * 0.3 + 0.1
    result = measures(scores, truth)
    assert result["accuracy"] == 0.75
    assert result["per_class"]["happy"] == {"precision": 2 / 3, "recall": 1, "f1": 0.8, "n": 2}
    assert result["confusion"][0][3] == 1
    assert result["ece"] == pytest.approx(0.35, abs=1e-6)
    assert result["nll"] == pytest.approx(-(3 * np.log(0.4) + np.log(0.1)) / 4, abs=1e-6)


def test_wilsons_interval_is_that_of_the_textbook():
    low, high = wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_the_temperature_makes_an_overconfident_network_honest():
    random = np.random.default_rng(1)
    logits = random.normal(size=(4000, 7))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([random.choice(7, p=share) for share in shares])
    assert best_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.1)
    assert calibration_error(shares, truth) < 0.03


def test_the_shipped_architecture_has_four_heads():
    network = aula()
    assert {name: tensor.shape[1:] for name, tensor in network.output.items()} == {
        "fer": (7,),
        "ferplus": (8,),
        "wild": (7,),
        "face": (1,),
    }
    assert network.count_params() < 2e6


def test_the_shipped_weights_reach_their_figures_on_publictest(capsys):
    if not FER2013.exists():
        pytest.skip("needs ../shared/data/fer2013/fer2013.npz, which is not part of the project")
    assert main(["evaluate", "--data", str(FER2013), "--usage", "PublicTest", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 3589
    assert result["accuracy"] >= 0.60
    assert result["ferplus"]["n"] == 3186
    assert result["new"]["n"] == 3317
    assert result["new"]["accuracy"] < result["accuracy"]
    card = json.loads((SHIPPED / "emotion_cnn.json").read_text())
    assert result["accuracy"] == pytest.approx(card["figures"]["PublicTest"]["accuracy"], abs=0.003)


def test_the_written_card_gives_the_figures_that_were_measured():
    text = (SHIPPED / "CARD.md").read_text()
    card = json.loads((SHIPPED / "emotion_cnn.json").read_text())
    measured = card["figures"]["PublicTest"]
    new = measured["new"]
    for part in (
        card["served_figures"],
        measured,
        measured["ferplus"],
        measured["served"],
        new,
        new["ferplus"],
    ):
        low, high = part["accuracy_ci95"]
        assert f"{part['accuracy']:.1%} ({low:.1%} – {high:.1%})".replace("%", " %") in text
    assert f"{card['uncertain_below']:.3f}" in text
    assert f"{card['face_below']:.3f}" in text
    for command in card["origin"]["commands"]:
        assert command in text


def test_a_picture_of_the_known_faces_comes_with_the_weights():
    card = json.loads((SHIPPED / "emotion_cnn.json").read_text())
    strip = cv2.imread(str(SHIPPED / "self_test.png"), cv2.IMREAD_GRAYSCALE)
    assert strip.shape == (48, 48 * len(card["self_test"]["scores"]))
