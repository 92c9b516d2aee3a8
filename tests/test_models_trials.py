"""The trials: architectures that are not shipped, trained by the same code on drawn faces."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

from app.vision.crop import as_input  # noqa: E402
from models.data.dataset import Split  # noqa: E402
from models.network.serving import serving_network  # noqa: E402
from models.training.schedule import recorded_schedules  # noqa: E402
from models.trials.__main__ import LEARNING_RATES, main  # noqa: E402
from models.trials.baselines import BASELINES, resnet, simple, vgg13  # noqa: E402
from models.trials.pretrained import PRETRAINED, resnet50, vgg16  # noqa: E402
from tests.drawn_faces import drawn_faces, save  # noqa: E402

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def data_file(tmp_path_factory) -> Path:
    faces = drawn_faces(students=4)
    usage = np.where(np.arange(28) < 21, Split.Training, Split.PublicTest).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "faces.npz"
    return save(path, faces.images, faces.labels, usage, faces.votes)


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
def test_every_architecture_has_all_heads(build):
    network = build()
    assert {name: tensor.shape[1:] for name, tensor in network.output.items()} == {
        "fer": (7,),
        "ferplus": (8,),
        "wild": (7,),
        "face": (1,),
    }
    scores = serving_network(network)(as_input(drawn_faces(students=1).images[:2]))["scores"]
    assert scores.shape == (2, 7)
    assert np.isfinite(scores).all()


def test_every_architecture_has_a_learning_rate():
    assert BASELINES.keys() | PRETRAINED.keys() == LEARNING_RATES.keys()


def test_a_trial_without_mixup_and_average(data_file, tmp_path):
    run = tmp_path / "run"
    words = ["--data", str(data_file), "--run", str(run), "--epochs", "1", "--precision", "float32"]
    words += ["--architecture", "simple", "--mixup", "0", "--ema", "0"]
    assert main(words) == 0
    ((_, schedule),) = recorded_schedules(run)
    assert schedule.learning_rate == LEARNING_RATES["simple"]
    assert schedule.options().endswith("--architecture simple --learning-rate 0.01 --mixup 0.0 --ema 0.0")
    assert schedule.command("run", "--data f.npz").startswith(
        "python -m models.trials --data f.npz --run runs/"
    )
    with Image.open(run / "curves.png") as picture:
        assert picture.width > 500
    with np.load(run / "checkpoint.npz") as checkpoint:
        names = {
            kind: [name for name in checkpoint if name.startswith(kind)] for kind in ("average", "state")
        }
        states = {checkpoint[name].tobytes() for name in names["state"]}
        assert names["average"]
        assert all(checkpoint[name].tobytes() in states for name in names["average"])


def test_options_that_make_no_sense_are_rejected(data_file, tmp_path, capsys):
    command = ["--data", str(data_file), "--run", str(tmp_path / "run")]

    def rejection(*words) -> str:
        assert main([*command, *words]) == 2
        return capsys.readouterr().err

    with pytest.raises(SystemExit, match="2"):
        main([*command, "--architecture", "vgg19"])
    assert "invalid choice: 'vgg19'" in capsys.readouterr().err
    assert "simple starts from random weights" in rejection(
        "--architecture", "simple", "--imagenet", "weights.h5"
    )
    assert "nowhere.h5 does not exist" in rejection("--architecture", "vgg16", "--imagenet", "nowhere.h5")
    other = tmp_path / "other.h5"
    other.write_text("no weights")
    assert "holds no ImageNet weights for vgg16" in rejection(
        "--architecture", "vgg16", "--imagenet", str(other)
    )
    assert not (tmp_path / "run").exists()


def test_imagenet_weights_that_cant_be_downloaded_are_rejected(tmp_path):
    """Guards against a traceback where there is no network: nothing listens on the proxy's port."""
    built = subprocess.run(
        [sys.executable, "-c", "from models.trials.pretrained import *; vgg16(DOWNLOADED)"],
        cwd=PROJECT,
        env=os.environ | {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "the ImageNet weights of vgg16 could not be downloaded" in built.stderr
    assert "--imagenet" in built.stderr
