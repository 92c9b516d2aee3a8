"""The options of `train`, the schedule that records them, and Keras's other backends."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

from models import CommandError  # noqa: E402
from models.__main__ import main  # noqa: E402
from models.data.dataset import Split  # noqa: E402
from models.training.augmentation import NO_AUGMENTATION  # noqa: E402
from models.training.batches import Batches  # noqa: E402
from models.training.schedule import Schedule, recorded_schedules  # noqa: E402
from tests.drawn_faces import drawn_faces, save  # noqa: E402
from tests.tensors import in_numpy  # noqa: E402

PROJECT = Path(__file__).parents[1]


def test_a_schedule_of_an_older_run_is_read(tmp_path):
    (tmp_path / "schedule.json").write_text(json.dumps([{"after_epoch": 0, "epochs": 36, "seed": 2}]))
    assert recorded_schedules(tmp_path) == [(0, Schedule(epochs=36, seed=2))]
    assert recorded_schedules(tmp_path)[0][1].options() == "--epochs 36 --seed 2 --precision mixed_bfloat16"


def test_a_schedule_with_an_option_that_is_gone_is_read_where_it_was_off(tmp_path):
    entry = {"after_epoch": 0, "seed": 2, "augment": True, "class_weights": False, "imagenet": None}
    (tmp_path / "schedule.json").write_text(json.dumps([entry]))
    assert recorded_schedules(tmp_path) == [(0, Schedule(seed=2))]
    (tmp_path / "schedule.json").write_text(json.dumps([entry | {"class_weights": True}]))
    with pytest.raises(CommandError, match="trained with class_weights=True"):
        recorded_schedules(tmp_path)


def test_faces_may_be_left_as_they_are():
    faces = drawn_faces(students=4)
    batches = Batches(faces, None, batch=28, crops_in_batch=0, seed=1, augmentation=NO_AUGMENTATION, mixup=0)
    seen = {face.tobytes() for face in in_numpy(batches[0])[0].round().astype(np.uint8)}
    assert seen == {face.tobytes() for face in faces.images}


def test_options_that_make_no_sense_are_rejected(tmp_path, capsys):
    faces = drawn_faces(students=4)
    usage = np.where(np.arange(28) < 21, Split.Training, Split.PublicTest).astype(np.uint8)
    data_file = save(tmp_path / "faces.npz", faces.images, faces.labels, usage, faces.votes)
    command = ["train", "--data", str(data_file), "--run", str(tmp_path / "run")]

    def mistyped(*words) -> str:
        with pytest.raises(SystemExit, match="2"):
            main([*command, *words])
        return capsys.readouterr().err

    assert "'-1' is not a number from 0 to 10" in mistyped("--mixup", "-1")
    assert "'nan' is not a number from 0 to 10" in mistyped("--mixup", "nan")
    assert "'1' is not a number from 0 to 0.9999" in mistyped("--ema", "1")
    assert "'0' is not a whole number from 1 to" in mistyped("--epochs", "0")
    assert not (tmp_path / "run").exists()


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
    trained = subprocess.run(
        [sys.executable, "-m", "tests.train_on_drawn_faces", str(tmp_path)],
        cwd=PROJECT,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert trained.stdout.count("epoch 2") == 2, trained.stderr
    assert (tmp_path / "student" / "network.keras").exists()
