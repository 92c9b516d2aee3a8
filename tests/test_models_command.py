"""`python -m models` where packages for training are missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


def run_without(package: str, folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess:
    """Run `python -m models` in a process that can't import the package."""
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    return subprocess.run(
        [sys.executable, "-m", "models", *words],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(folder)} | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("package", ["tensorflow", "keras"])
@pytest.mark.parametrize(
    "command",
    [
        ("data", "fer2013.csv", "--out", "fer2013.npz"),
        ("train", "--data", "fer2013.npz", "--run", "runs/first"),
        ("evaluate", "--data", "fer2013.npz"),
        ("compare", "--data", "fer2013.npz", "models/emotion_cnn.tflite"),
        ("export", "--data", "fer2013.npz", "--network", "runs/first/network.keras"),
    ],
)
def test_without_a_package_each_command_says_in_one_line_what_to_install(package, command, tmp_path):
    ran = run_without(package, tmp_path, *command)
    assert ran.returncode == 2
    assert ran.stderr == f"models: {package} missing; run: pip install -r requirements-train.txt\n"


def test_with_another_backend_only_litert_files_need_tensorflow(tmp_path):
    missing_file = ("--data", str(tmp_path / "nowhere.npz"))
    trained = run_without("tensorflow", tmp_path, "train", *missing_file, "--run", "r", KERAS_BACKEND="jax")
    assert "nowhere.npz does not exist" in trained.stderr
    exported = run_without(
        "tensorflow", tmp_path, "export", *missing_file, "--network", "n.keras", KERAS_BACKEND="jax"
    )
    assert exported.stderr.startswith("models: tensorflow missing")


def test_help_needs_no_tensorflow(tmp_path):
    assert "evaluate" in run_without("tensorflow", tmp_path, "--help").stdout
