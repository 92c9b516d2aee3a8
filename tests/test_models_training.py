"""The architectures and the options of `train`, on drawn faces."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

from app.vision.crop import as_input  # noqa: E402
from app.vision.emotion import EMOTIONS  # noqa: E402
from models.__main__ import main  # noqa: E402
from models.architectures import resnet, simple, vgg13  # noqa: E402
from models.augmentation import AS_THEY_ARE  # noqa: E402
from models.batches import Batches, balanced  # noqa: E402
from models.dataset import Faces, Usage  # noqa: E402
from models.pretrained import resnet50, vgg16  # noqa: E402
from models.schedule import LEARNING_RATES, Schedule, noted  # noqa: E402
from models.serving import serving_network  # noqa: E402
from models.train import ARCHITECTURES  # noqa: E402
from tests.drawn_faces import drawn_faces, save  # noqa: E402
from tests.tensors import in_numpy  # noqa: E402

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def drawn() -> Faces:
    """Four students with all seven expressions."""
    return drawn_faces(students=4)


@pytest.fixture(scope="module")
def data_file(tmp_path_factory, drawn) -> Path:
    usage = np.where(np.arange(28) < 21, Usage.Training, Usage.PublicTest).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "faces.npz"
    return save(path, drawn.images, drawn.labels, usage, drawn.votes)


@pytest.mark.parametrize(
    "build",
    [
        simple,
        vgg13,
        lambda: resnet(widths=(8, 16), depth=1),
        pytest.param(lambda: vgg16(None), id="vgg16"),
        pytest.param(lambda: resnet50(None), id="resnet50"),
    ],
)
def test_every_architecture_reads_a_face_with_three_heads(build, drawn):
    network = build()
    assert {name: tensor.shape[1:] for name, tensor in network.output.items()} == {
        "fer": (7,),
        "ferplus": (8,),
        "face": (1,),
    }
    scores = serving_network(network)(as_input(drawn.images[:2]))["scores"]
    assert scores.shape == (2, 7)
    assert np.isfinite(scores).all()


def test_the_architectures_of_the_command_are_those_there_are():
    assert ARCHITECTURES.keys() == LEARNING_RATES.keys()


def test_a_training_without_any_of_the_tricks(data_file, tmp_path):
    run = tmp_path / "run"
    words = ["train", "--data", str(data_file), "--run", str(run), "--epochs", "1", "--precision", "float32"]
    words += ["--architecture", "simple", "--no-augment", "--mixup", "0", "--ema", "0", "--class-weights"]
    assert main(words) == 0
    ((_, schedule),) = noted(run)
    assert schedule.learning_rate == LEARNING_RATES["simple"]
    assert schedule.options().endswith(
        "--architecture simple --mixup 0.0 --ema 0.0 --no-augment --class-weights"
    )
    with Image.open(run / "curves.png") as picture:
        assert picture.width > 500
    with np.load(run / "checkpoint.npz") as checkpoint:
        of = {kind: [name for name in checkpoint if name.startswith(kind)] for kind in ("average", "state")}
        states = {checkpoint[name].tobytes() for name in of["state"]}
        assert of["average"]
        assert all(checkpoint[name].tobytes() in states for name in of["average"])


def test_a_schedule_of_an_older_run_is_read(tmp_path):
    (tmp_path / "schedule.json").write_text(json.dumps([{"after_epoch": 0, "epochs": 36, "seed": 2}]))
    assert noted(tmp_path) == [(0, Schedule(epochs=36, seed=2))]
    assert noted(tmp_path)[0][1].options() == "--epochs 36 --seed 2 --precision mixed_bfloat16"


def test_faces_may_be_left_as_they_are(drawn):
    batches = Batches(drawn, None, batch=28, crops_in_batch=0, seed=1, augmentation=AS_THEY_ARE, mixup=0)
    seen = {face.tobytes() for face in in_numpy(batches[0])[0].round().astype(np.uint8)}
    assert seen == {face.tobytes() for face in drawn.images}


def test_rare_expressions_may_weigh_more(drawn):
    rare = EMOTIONS.index("disgust")
    keep = (drawn.labels != rare) | (np.arange(28) < 7)
    faces = drawn[keep]
    weights = balanced(faces.labels)
    assert weights[faces.labels].mean() == pytest.approx(1)
    batches = Batches(faces, None, batch=25, crops_in_batch=0, seed=1, mixup=0, class_weights=True)
    targets = in_numpy(batches[0])[1]
    assert targets["fer"].sum(0) == pytest.approx([25 / 7] * 7)
    assert targets["ferplus"].sum() == pytest.approx(25)


def test_a_class_that_is_not_there_has_no_infinite_weight():
    assert np.isfinite(balanced(np.array([0, 0, 3]))).all()


def test_options_that_make_no_sense_are_refused(data_file, tmp_path, capsys):
    command = ["train", "--data", str(data_file), "--run", str(tmp_path / "run")]

    def mistyped(*words) -> str:
        with pytest.raises(SystemExit, match="2"):
            main([*command, *words])
        return capsys.readouterr().err

    def refused(*words) -> str:
        assert main([*command, *words]) == 2
        return capsys.readouterr().err

    assert "'-1' is not a number from 0 to 10" in mistyped("--mixup", "-1")
    assert "'nan' is not a number from 0 to 10" in mistyped("--mixup", "nan")
    assert "'1' is not a number from 0 to 0.9999" in mistyped("--ema", "1")
    assert "'0' is not a whole number from 1 to" in mistyped("--epochs", "0")
    assert "invalid choice: 'vgg19'" in mistyped("--architecture", "vgg19")
    assert "aula begins from nothing" in refused("--imagenet", "weights.h5")
    assert "nowhere.h5 does not exist" in refused("--architecture", "vgg16", "--imagenet", "nowhere.h5")
    other = tmp_path / "other.h5"
    other.write_text("no weights")
    assert "holds no ImageNet weights for vgg16" in refused(
        "--architecture", "vgg16", "--imagenet", str(other)
    )
    assert not (tmp_path / "run").exists()


def test_imagenet_weights_that_cant_be_fetched_are_refused(tmp_path):
    """Guards against a traceback where there is no network: nothing listens on the proxy's port."""
    away = {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    built = run_python("-c", "from models.pretrained import *; vgg16(FETCHED)", away)
    assert "the ImageNet weights of vgg16 could not be fetched" in built.stderr
    assert "--imagenet" in built.stderr


@pytest.mark.parametrize(
    "backend",
    [
        "jax",
        pytest.param(
            "torch",
            marks=pytest.mark.skipif(
                not find_spec("torch"), reason="needs PyTorch: pip install torch==2.13.0"
            ),
        ),
    ],
)
def test_the_same_code_trains_on_other_backends(backend, tmp_path):
    trained = run_python(
        "-m", "tests.train_on_drawn_faces", {"KERAS_BACKEND": backend}, str(tmp_path), "aula"
    )
    assert trained.stdout.count("epoch 2") == 2, trained.stderr
    assert (tmp_path / "taught" / "network.keras").exists()


def run_python(how: str, what: str, settings: dict, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, how, what, *words],
        cwd=PROJECT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
