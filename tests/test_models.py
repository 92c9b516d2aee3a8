"""Training, measuring and exporting, with a tiny network on drawn faces, and what the shipped one can do."""

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
from app.vision.track import REFUSED_BELOW  # noqa: E402
from models import export as exporting  # noqa: E402
from models.__main__ import main  # noqa: E402
from models.data.dataset import (  # noqa: E402
    Crops,
    DataError,
    Faces,
    Split,
    read_crops,
    read_split,
    separate_non_faces,
    split_crops,
)
from models.data.votes import FERPLUS, SEVEN, ferplus_majority, ferplus_shares  # noqa: E402
from models.evaluation.measures import best_temperature, calibration_error, measures, wilson  # noqa: E402
from models.provenance import provenance  # noqa: E402
from models.serving import load_trained, predict, predict_with_keras, serving_network  # noqa: E402
from models.training import callbacks  # noqa: E402
from models.training import train as training  # noqa: E402
from models.training.architecture import aula, to_float32  # noqa: E402
from models.training.augmentation import (  # noqa: E402
    DEFAULT_AUGMENTATION,
    NO_AUGMENTATION,
    augment,
    degrade,
    jpeg_compressed,
)
from models.training.batches import Batches  # noqa: E402
from models.training.distillation import DISTILLATION_WEIGHT  # noqa: E402
from models.training.heads import smoothed_cross_entropy  # noqa: E402
from models.training.normalization import FastBatchNormalization  # noqa: E402
from models.training.schedule import Schedule, record_schedule, recorded_schedules  # noqa: E402
from tests.drawn_faces import drawn_faces, save, votes_for  # noqa: E402
from tests.tensors import in_numpy  # noqa: E402

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
    noise = np.random.default_rng(1).integers(0, 255, (20, 48, 48), np.uint8)
    return Crops(np.concatenate([drawn.images[:20], noise]), np.arange(40) < 20)


@pytest.fixture(scope="module")
def run(tmp_path_factory, drawn, crops) -> Path:
    """The folder of a short training run."""
    folder = tmp_path_factory.mktemp("run")
    training.fit(training.build(SHORT, **TINY), drawn, drawn, crops, folder, SHORT)
    return folder


@pytest.fixture
def data_file(tmp_path, drawn) -> Path:
    """Drawn faces as a data file: 42 to train on, of which one stands in PublicTest too, and 14 there."""
    usage = np.where(np.arange(56) < 42, Split.Training, Split.PublicTest).astype(np.uint8)
    images = drawn.images.copy()
    images[3] = images[50]
    return save(tmp_path / "faces.npz", images, drawn.labels, usage, drawn.votes)


def log_of(run: Path) -> list[dict]:
    with (run / "log.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_short_training_makes_the_loss_fall(run):
    losses = [float(line["loss"]) for line in log_of(run)]
    assert len(losses) == SHORT.epochs
    assert losses[-1] < losses[0]


def test_a_run_that_was_killed_goes_on_as_if_it_had_not(run, tmp_path, drawn, crops, monkeypatch):
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
    for ours, unbroken in zip(
        load_trained(tmp_path / "network.keras").get_weights(),
        load_trained(run / "network.keras").get_weights(),
        strict=True,
    ):
        assert ours == pytest.approx(unbroken, abs=1e-3)


def test_a_run_may_keep_less_often_and_keeps_its_end(tmp_path, drawn):
    schedule = replace(SHORT, keep_every=2)
    training.fit(training.build(schedule, **TINY), drawn, drawn, None, tmp_path, schedule)
    assert [line["epoch"] for line in log_of(tmp_path)] == ["2", "3"]
    with np.load(tmp_path / "checkpoint.npz") as checkpoint:
        assert checkpoint["epochs"] == 3


def test_a_run_that_is_shortened_says_so(tmp_path):
    for schedule, done in ((SHORT, 0), (SHORT, 1), (replace(SHORT, epochs=2), 1)):
        record_schedule(tmp_path, schedule, done)
    assert [(done, one.epochs) for done, one in recorded_schedules(tmp_path)] == [(0, 3), (1, 2)]


def test_a_checkpoint_of_another_network_is_refused(run, drawn, crops):
    other = training.build(SHORT, stem=8, stages=((8, 1),))
    with pytest.raises(DataError, match="is of another network"):
        training.fit(other, drawn, drawn, crops, run, SHORT)


def test_rows_without_labels_pull_at_nothing():
    import keras

    logits = keras.Variable(np.random.default_rng(1).normal(size=(2, 7)).astype(np.float32))
    labelled = np.stack([np.eye(7, dtype=np.float32)[2], np.zeros(7, np.float32)])
    both = float(smoothed_cross_entropy(labelled, logits))
    first = float(smoothed_cross_entropy(labelled[:1], logits[:1]))
    assert both == pytest.approx(first, rel=1e-5)


def test_training_evaluation_and_serving_prepare_a_face_alike(drawn, run):
    """One function does it; here its three users meet: pixels 0 to 255, nothing done to them on the way."""
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


def test_a_mirrored_face_is_only_mirrored(drawn):
    mirrored = replace(NO_AUGMENTATION, mirror_chance=0.5)
    pixels = as_input(drawn.images[:8])
    altered = augment(pixels, mirrored, np.random.default_rng(3))
    as_it_was = [np.allclose(a, b, atol=1e-3) for a, b in zip(altered, pixels, strict=True)]
    turned = [np.allclose(a, b[:, ::-1], atol=1e-3) for a, b in zip(altered, pixels, strict=True)]
    assert all(a != b for a, b in zip(as_it_was, turned, strict=True))
    assert any(turned)


@pytest.mark.parametrize(
    ("how", "farthest", "turned", "apart"),
    [({"degrees": 15}, 0, 15, 0), ({"scale": 0.12}, 0, 0, 0.12 * 16), ({"shift": 4}, 4, 0, 0)],
)
def test_faces_are_moved_as_far_as_they_may(how, farthest, turned, apart):
    """Two dots tell: one in the middle and one 16 pixels right of it."""
    face = np.zeros((48, 48, 1), np.float32)
    face[23:25, 23:25] = face[23:25, 39:41] = 100
    pixels = np.tile(face, (200, 1, 1, 1))
    altered = in_numpy(augment(pixels, replace(NO_AUGMENTATION, **how), np.random.default_rng(3)))[..., 0]

    def dots(columns: slice) -> np.ndarray:
        """Where the dots there are, complex numbers, from the middle of the face."""
        part, place = altered[:, :, columns], np.arange(48) - 23.5
        weights = part.sum((1, 2))
        across, down = part.sum(1) @ place[columns] / weights, part.sum(2) @ place / weights
        return across + 1j * down

    middle, right = dots(slice(8, 31)), dots(slice(31, 48))
    assert np.abs([middle.real, middle.imag]).max() == pytest.approx(farthest, rel=0.05, abs=0.01)
    arm = right - middle
    assert np.abs(np.degrees(np.angle(arm))).max() == pytest.approx(turned, rel=0.05, abs=0.1)
    assert np.abs(np.abs(arm) - 16).max() == pytest.approx(apart, rel=0.05, abs=0.1)


def test_some_faces_are_partly_covered(drawn):
    """Guards against covering a copy, as a mask gives one."""
    covered = replace(NO_AUGMENTATION, mirror_chance=0.5, erase_chance=1)
    pixels = as_input(drawn.images[:8])
    altered = augment(pixels, covered, np.random.default_rng(3))
    for face, before in zip(altered, pixels, strict=True):
        assert min(np.abs(face - before).max(), np.abs(face - before[:, ::-1]).max()) > 1


def test_faces_are_blurred_as_far_as_they_may_be():
    """A dot in the middle tells: how wide it becomes, down and across on its own."""
    dot = np.zeros((200, 48, 48, 1), np.float32)
    dot[:, 24, 24] = 255
    how = replace(NO_AUGMENTATION, blur=1.5, blur_chance=1)
    blurred = in_numpy(degrade(dot, how, np.random.default_rng(3)))[..., 0] / 255
    assert blurred.sum((1, 2)) == pytest.approx([1] * 200, abs=1e-3)
    squares = np.square(np.arange(48) - 24)
    down, across = np.sqrt(blurred.sum(2) @ squares), np.sqrt(blurred.sum(1) @ squares)
    assert [down.max(), across.max()] == pytest.approx([1.5, 1.5], rel=0.05)
    assert np.abs(down - across).max() > 1


def test_faces_are_as_noisy_as_they_may_be():
    grey = np.full((200, 48, 48, 1), 128, np.float32)
    how = replace(NO_AUGMENTATION, noise=12, noise_chance=0.5)
    deviations = in_numpy(degrade(grey, how, np.random.default_rng(3))).std((1, 2, 3))
    assert deviations.max() == pytest.approx(12, rel=0.05)
    assert 60 < (deviations == 0).sum() < 140


def test_faces_are_compressed_wherever_the_blocks_of_jpeg_begin(drawn):
    face, how = drawn.images[0], replace(NO_AUGMENTATION, quality=(40, 40), jpeg_chance=1)
    ours = degrade(np.repeat(as_input(face[np.newaxis]), 400, axis=0), how, np.random.default_rng(3))[..., 0]
    assert (ours == jpeg_compressed(face, 40)).all((1, 2)).any()  # where they begin with the face
    assert len(np.unique(ours, axis=0)) == 64
    assert np.abs(ours - face.astype(np.float32)).mean((1, 2)).max() < 8


def test_batches_are_the_same_for_the_same_epoch_and_new_for_the_next(drawn, crops):
    def first_batch(epoch: int) -> np.ndarray:
        batches = Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1)
        batches.start_epoch(epoch, mixup=True)
        return in_numpy(batches[0])[0]

    assert (first_batch(1) == first_batch(1)).all()
    assert (first_batch(1) != first_batch(2)).any()


def test_crops_carry_no_expression_into_training(drawn, crops):
    pixels, targets = in_numpy(Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1)[0])
    assert len(pixels) == 18
    assert targets["fer"].sum(1) == pytest.approx([1] * 14 + [0] * 4)
    assert targets["ferplus"].sum(1) == pytest.approx([1] * 14 + [0] * 4)
    assert (targets["face"][:14] == 1).all()


def says_happy(pixels) -> dict[str, np.ndarray]:
    happy = np.tile(np.eye(7, dtype=np.float32)[EMOTIONS.index("happy")], (len(pixels), 1))
    return {"fer": happy, "scores": happy}


def test_a_teacher_names_the_faces_among_the_crops(drawn, crops):
    batches = Batches(drawn, crops, batch=14, crops_in_batch=20, seed=1, teachers=[says_happy])
    targets = in_numpy(batches[0])[1]
    is_face = targets["face"][14:, 0]
    assert 0 < is_face.sum() < 20
    assert targets["fer"][14:, EMOTIONS.index("happy")] == pytest.approx(DISTILLATION_WEIGHT * is_face)
    assert targets["ferplus"][14:, FERPLUS.index("happy")] == pytest.approx(is_face)


def test_a_teacher_is_heard_beside_the_labels(drawn):
    unvoted = replace(drawn, votes=np.where(np.arange(56)[:, None] < 28, drawn.votes, 0))
    batches = Batches(unvoted, None, batch=56, crops_in_batch=0, seed=1, teachers=[says_happy])
    batches.start_epoch(0, mixup=False)
    targets = in_numpy(batches[0])[1]
    assert targets["fer"].sum(1) == pytest.approx([1] * 56)
    assert targets["ferplus"].sum(1) == pytest.approx([1] * 56)
    assert (targets["fer"][:, EMOTIONS.index("happy")] > DISTILLATION_WEIGHT - 1e-6).all()
    happy = targets["ferplus"][:, FERPLUS.index("happy")]
    assert np.isclose(happy, 1).sum() == 28 + 4  # nobody voted, or everybody for happy
    assert np.isclose(happy, DISTILLATION_WEIGHT).sum() == 24


def test_a_teacher_is_asked_about_the_mirrored_face_too(drawn):
    def names_the_brighter_side(pixels) -> dict[str, np.ndarray]:
        pixels = in_numpy(pixels)
        left = pixels[:, :, :24].mean((1, 2, 3)) > pixels[:, :, 24:].mean((1, 2, 3))
        named = np.eye(7, dtype=np.float32)[left.astype(int)]
        return {"fer": named, "scores": named}

    unvoted = replace(drawn, votes=np.zeros_like(drawn.votes))
    teachers = [names_the_brighter_side]
    batches = Batches(unvoted, None, batch=56, crops_in_batch=0, seed=1, mixup=0, teachers=teachers)
    assert in_numpy(batches[0])[1]["ferplus"][:, SEVEN[:2]] == pytest.approx(0.5)


def test_a_teacher_is_asked_about_the_faces_as_they_were_altered_and_mixed_but_still_sharp(drawn, crops):
    asked = []

    def listens(pixels) -> dict[str, np.ndarray]:
        asked.append(in_numpy(pixels))
        return says_happy(pixels)

    sharp = replace(DEFAULT_AUGMENTATION, blur_chance=0, noise_chance=0, jpeg_chance=0)
    batches, blurred = (
        Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1, augmentation=how, teachers=[listens])
        for how in (sharp, replace(sharp, blur_chance=1))
    )
    for index in range(len(batches)):
        asked.clear()
        pixels = in_numpy(batches[index])[0]
        assert (asked[0] == pixels).all()
        assert (asked[1] == pixels[:, :, ::-1]).all()
        assert (in_numpy(blurred[index])[0] != pixels).any((1, 2, 3)).mean() > 0.5
        assert (asked[2] == asked[0]).all()


@pytest.mark.parametrize("teachers", [(), ("a.tflite",)])
def test_the_last_epochs_mix_faces_only_with_teachers(teachers, drawn):
    batches = Batches(drawn, None, batch=56, crops_in_batch=0, seed=1, augmentation=NO_AUGMENTATION)
    schedule = replace(SHORT, epochs=200, teachers=teachers)
    saw_mixed = []
    for epoch in range(180, 200):
        callbacks.EpochStart(batches, schedule).on_epoch_begin(epoch)
        seen = {face.tobytes() for face in in_numpy(batches[0])[0].round().astype(np.uint8)}
        saw_mixed.append(seen != {face.tobytes() for face in drawn.images})
    assert any(saw_mixed) == bool(teachers)


def test_a_run_may_learn_from_a_network_and_begin_from_its_trunk(run, tmp_path, drawn, exported):
    taught = replace(
        SHORT, epochs=1, teachers=(str(exported / "emotion_cnn.tflite"),), weights=str(run / "network.keras")
    )
    network = training.build(taught, **TINY)
    first, trained = (
        next(layer for layer in one.layers if isinstance(layer, keras.layers.Conv2D))
        for one in (network, load_trained(run / "network.keras"))
    )
    assert first.get_weights()[0] == pytest.approx(trained.get_weights()[0])
    training.fit(network, drawn, drawn, None, tmp_path, taught)
    assert json.loads((tmp_path / "schedule.json").read_text())[0]["weights"] == taught.weights


def test_a_run_does_not_begin_from_another_architecture(run):
    with pytest.raises(DataError, match="another architecture"):
        training.build(replace(SHORT, weights=str(run / "network.keras")), stem=4, stages=((8, 1),))


def test_a_training_face_that_stands_in_publictest_is_dropped(data_file):
    assert len(read_split(data_file, Split.Training)) == 41
    assert len(read_split(data_file, Split.PublicTest)) == 14


def test_rows_voted_not_a_face_teach_the_face_head_only(drawn):
    votes = drawn.votes.copy()
    votes[2] = 0
    votes[2, 9] = 5
    faces, refused = separate_non_faces(replace(drawn, votes=votes))
    assert len(faces) == 55
    assert (refused.images == drawn.images[2:3]).all()
    assert not refused.is_face.any()


def test_single_votes_are_dropped():
    votes = np.array([[8, 1, 0, 0, 1, 0, 0, 0, 0, 0], [0] * 10, [4, 4, 2, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
    shares = ferplus_shares(votes)
    assert shares[0, 0] == 1
    assert shares[1].sum() == 0
    assert shares[2] == pytest.approx([0.4, 0.4, 0.2, 0, 0, 0, 0, 0])
    has_majority, majority = ferplus_majority(votes)
    assert has_majority.tolist() == [True, False, False]
    assert EMOTIONS[majority[0]] == "neutral"


def test_a_majority_for_contempt_or_no_face_is_none():
    votes = np.zeros((2, 10), np.uint8)
    votes[0, 7] = votes[1, 9] = 10
    assert not ferplus_majority(votes)[0].any()


def test_held_out_crops_are_the_last_fifth(crops):
    kept, held_out = split_crops(crops)
    assert (len(kept), len(held_out)) == (32, 8)
    assert (held_out.images == crops.images[32:]).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.pop("usage"), "usage is not a file in the archive; expected the arrays images"),
        (lambda a: a.update(images=a["images"][:, :40]), r"images has the shape .*, expected \(56, 48, 48\)"),
        (lambda a: a.update(images=a["images"].astype(np.float32)), "images are float32, expected uint8"),
        (lambda a: a.update(label=a["label"] + 3), "labels reach from 3 to 9, expected 0–6"),
        (lambda a: a.update(ferplus_votes=a["ferplus_votes"][:5]), "ferplus_votes has the shape"),
        (lambda a: a.update(usage=a["usage"] * 0), "holds no PublicTest face; it holds Training"),
    ],
)
def test_wrong_data_are_named(data_file, tmp_path, spoil, message):
    arrays = dict(np.load(data_file))
    spoil(arrays)
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_split(tmp_path / "wrong.npz", Split.PublicTest)


def test_a_file_that_is_no_data_is_refused(tmp_path):
    path = tmp_path / "faces.npz"
    path.write_text("pixels,emotion")
    with pytest.raises(DataError, match=r"faces\.npz is no readable \.npz file"):
        read_crops(path)


def test_the_commands_say_in_one_line_what_is_wrong(tmp_path, data_file, capsys):
    missing = tmp_path / "nowhere.npz"
    assert main(["train", "--data", str(missing), "--run", str(tmp_path / "run")]) == 2
    assert main(["evaluate", "--data", str(data_file), "--network", "weights.h5"]) == 2
    assert main(["export", "--data", str(data_file), "--network", str(tmp_path / "no.keras")]) == 2
    assert main(["train", "--data", str(data_file), "--run", str(data_file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("models: ")]
    assert "nowhere.npz does not exist" in said[0]
    assert "expected a .keras or a .tflite file" in said[1]
    assert "no.keras does not exist" in said[2]
    assert "File exists" in said[3]


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


def test_normalisation_learns_what_that_of_keras_does():
    """Guards against a kernel with another idea of the mean or the variance, or of their gradients."""
    random = np.random.default_rng(1)
    maps, wanted = random.normal(3, 2, (2, 20, 6, 6, 16)).astype(np.float32)

    def learnt(normalization: type[keras.layers.Layer]) -> list[np.ndarray]:
        layers = [keras.Input((6, 6, 16)), normalization(momentum=0.5), keras.layers.ReLU()]
        network = keras.Sequential(layers)
        network.compile(keras.optimizers.SGD(0.1), loss="mse")
        network.fit(maps, wanted, batch_size=10, epochs=3, shuffle=False, verbose=0)
        return [*network.get_weights(), network.predict(maps, verbose=0)]

    for ours, theirs in zip(
        learnt(FastBatchNormalization), learnt(keras.layers.BatchNormalization), strict=True
    ):
        assert ours == pytest.approx(theirs, rel=0.01, abs=0.01)


def test_mixed_precision_weights_read_the_same_in_float32(drawn):
    mixed = training.build(replace(SHORT, precision="mixed_bfloat16"), **TINY)
    exact = to_float32(mixed)
    assert exact.get_layer("fer").compute_dtype == "float32"
    for ours, theirs in zip(exact.get_weights(), mixed.get_weights(), strict=True):
        assert (ours == theirs).all()
    pixels = as_input(drawn.images[:4])
    assert exact(pixels)["fer"].numpy() == pytest.approx(mixed(pixels)["fer"].numpy(), abs=0.1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, run, drawn, crops) -> Path:
    """A tiny network, exported. Its faces are labelled as it reads them, since it has learnt but little."""
    folder = tmp_path_factory.mktemp("exported")
    trained = load_trained(run / "network.keras")
    labels = predict_with_keras(serving_network(trained), drawn.images)["scores"].argmax(1)
    public = Faces(drawn.images, labels, votes_for(labels))
    keep = surest(trained, public)
    exporting.export_network(trained, public[keep], crops, folder, {"seed": 1})
    return folder


def surest(trained, faces: Faces) -> np.ndarray:
    """The half whose scores no rounding turns over."""
    outputs = predict_with_keras(serving_network(trained), faces.images)
    margins = [np.diff(np.sort(outputs[name], axis=1)[:, -2:], axis=1)[:, 0] for name in ("scores", "fer")]
    return np.argsort(np.minimum(*margins))[len(faces) // 2 :]


def test_the_exported_files_read_as_the_trained_network_does(exported, drawn):
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


def test_the_exported_network_needs_no_code_of_ours(exported):
    with ZipFile(exported / "emotion_cnn.keras") as file:
        layers = {layer["class_name"] for layer in json.loads(file.read("config.json"))["config"]["layers"]}
    assert "BatchNormalization" in layers
    assert layers <= set(dir(keras.layers))


def test_litert_in_float32_gives_the_scores_of_keras(tmp_path, run, drawn):
    from models.serving import predict_with_litert, save_litert

    network = serving_network(load_trained(run / "network.keras"), 0.7, 1.2)
    save_litert(network, tmp_path / "float.tflite", eight_bits=False)
    by_litert = predict_with_litert(tmp_path / "float.tflite", drawn.images)
    exporting.check_conversion(predict_with_keras(network, drawn.images), by_litert)


def test_an_export_that_reads_otherwise_is_refused(tmp_path, run, drawn, crops, monkeypatch):
    def off(path, faces, **_):
        return {name: scores + 0.01 for name, scores in predict(path, faces).items()}

    monkeypatch.setattr(exporting, "predict_with_litert", off)
    with pytest.raises(exporting.ExportError, match=r"differs from Keras's by up to .*nothing was written"):
        exporting.export_network(load_trained(run / "network.keras"), drawn, crops, tmp_path, {"seed": 1})
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_that_lose_accuracy_are_refused(drawn):
    exact = np.eye(7, dtype=np.float32)[drawn.labels]
    rounded = exact.copy()
    rounded[0] = np.roll(rounded[0], 1)
    by_keras = {"scores": exact, "fer": exact}
    exporting.check_quantisation(by_keras, by_keras, drawn)
    with pytest.raises(exporting.ExportError, match=r"100\.00% became 98\.21%"):
        exporting.check_quantisation(by_keras, {"scores": exact, "fer": rounded}, drawn)


def test_networks_are_averaged_weight_by_weight(run):
    one, other = (load_trained(run / "network.keras") for _ in range(2))
    weights = one.get_weights()
    other.set_weights([3 * weight for weight in weights])
    for averaged, weight in zip(exporting.average_weights([one, other]).get_weights(), weights, strict=True):
        assert averaged == pytest.approx(2 * weight, rel=1e-5)


def test_networks_of_several_architectures_are_not_averaged(run):
    others = training.build(SHORT, stem=4, stages=((8, 1),))
    with pytest.raises(exporting.ExportError, match="several architectures"):
        exporting.average_weights([load_trained(run / "network.keras"), others])


def test_the_threshold_of_face_refuses_nearly_all_that_is_none(exported):
    card = json.loads((exported / "emotion_cnn.json").read_text())
    assert card["face_figures"]["false"] == 20
    assert card["face_figures"]["false_kept"] <= 1
    assert REFUSED_BELOW <= card["face_below"] <= 1


def test_a_card_tells_where_its_network_comes_from(tmp_path, run, data_file):
    card = provenance([run / "network.keras"], data_file, None)
    assert card["commands"][0].startswith("python -m models train --data faces.npz --run runs/run")
    assert card["schedules"][0]["seed"] == SHORT.seed
    assert {"python", "keras", "numpy"} <= set(card["versions"])


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


def test_the_network_of_the_product_has_three_heads():
    network = aula()
    assert {name: tensor.shape[1:] for name, tensor in network.output.items()} == {
        "fer": (7,),
        "ferplus": (8,),
        "face": (1,),
    }
    assert network.count_params() < 2e6


def test_the_shipped_weights_read_publictest(capsys):
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
    for part in (measured, measured["ferplus"], measured["served"], new, new["ferplus"]):
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
