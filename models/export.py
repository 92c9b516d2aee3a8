"""From a trained network to what is shipped: weights in float32 and 8 bits, their card, the known faces.

Nothing is written unless the files do what the card will say of them.
"""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

import cv2
import keras
import numpy as np

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import CARD, ExpressionClassifier
from app.vision.track import REFUSED_BELOW
from models import Refusal
from models.dataset import Crops, Faces, Usage, ferplus_majority, read_all, read_crops, split_crops
from models.evaluate import figures, new_to_training
from models.known_faces import as_strip, known_faces
from models.measures import best_temperature, confusion_of
from models.schedule import Schedule, noted
from models.serving import (
    load_trained,
    read_with_keras,
    read_with_litert,
    save_litert,
    serving_network,
)

SAME = 1e-3  # the largest difference of a score between Keras and LiteRT, both in float32
LOST = 0.002  # of accuracy, at most, for rounding to 8 bits
COVERAGE = 0.8  # the share of the faces whose expression is named; the rest count as uncertain
FALSE_KEPT = 1 / 150
"""The share of false proposals that the `face` score may let pass. The cascades together make some twenty a
photograph, and later looks refuse two thirds of what passed: one in ten photographs is allowed to stay."""
LITERT, KERAS, PICTURE = "emotion_cnn.tflite", "emotion_cnn.keras", "self_test.png"
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "ai-edge-litert", "numpy", "opencv-python-headless")


class ExportError(Refusal):
    """The exported files don't do what the trained network does; nothing was written."""


@dataclass(frozen=True, slots=True)
class Temperatures:
    """What the logits of each head are divided by, so that a score is how often it is right."""

    scores: float
    fer: float


def export(trained: Sequence[Path], data: Path, crops: Path | None, folder: Path) -> dict:
    """Export the network of a training run into a folder, of several runs their `averaged` one.

    Gives the card. PublicTest chooses all thresholds.
    """
    every = read_all(data)
    public = every.part(Usage.PublicTest)
    if not ferplus_majority(public.votes)[0].any():
        raise ExportError(
            f"{data} has no FER+ votes, which calibrate the scores that are served; `data --votes` adds them"
        )
    held_out = split_crops(read_crops(crops))[1] if crops else None
    network = averaged([load_trained(path) for path in trained])
    new = new_to_training(every, Usage.PublicTest)
    return export_network(network, public, held_out, folder, _origin(trained, data, crops), new)


def averaged(networks: Sequence[keras.Model]) -> keras.Model:
    """Average the weights of networks of which one began from another: a network as large as each.

    Before and after it learnt to read what else there is, a network averages to one that can do both
    (Wortsman et al. 2022, *Robust fine-tuning of zero-shot models*). Raises ExportError where they differ in
    shape.
    """
    weights = [network.get_weights() for network in networks]
    shapes = [[one.shape for one in each] for each in weights]
    if any(shape != shapes[0] for shape in shapes):
        raise ExportError(
            "the networks are of several architectures; give runs of which one began from another"
        )
    networks[0].set_weights([np.mean(alike, axis=0) for alike in zip(*weights, strict=True)])
    return networks[0]


def export_network(
    trained: keras.Model,
    public: Faces,
    held_out: Crops | None,
    folder: Path,
    origin: dict,
    new: np.ndarray | None = None,
) -> dict:
    """Export a trained network, calibrated and measured on these faces, and give its card.

    `new` says which of them show a photograph that it has not learnt from, (N,) bool, where that is known.
    Raises ExportError where LiteRT and Keras differ, or where 8 bits lose accuracy.
    """
    temperatures = calibrate(trained, public)
    network = serving_network(trained, temperatures.scores, temperatures.fer)
    with tempfile.TemporaryDirectory() as made:
        made = Path(made)
        network.save(made / KERAS)
        save_litert(network, made / "float.tflite", eight_bits=False)
        save_litert(network, made / LITERT, eight_bits=True)
        by_keras = read_with_keras(network, public.images)
        by_litert = read_with_litert(made / LITERT, public.images)
        check_same(by_keras, read_with_litert(made / "float.tflite", public.images))
        check_eight_bits(by_keras, by_litert, public)
        faces = known_faces()
        cv2.imwrite(str(made / PICTURE), as_strip(faces))
        card = {
            "name": "emotion_cnn",
            "labels": list(EMOTIONS),
            "input": {
                "shape": [SIDE, SIDE, 1],
                "dtype": "float32",
                "range": [0, 255],
                "colour": "grey",
                "preparation": "app.vision.crop: cut out and resized; the network itself centres and scales",
            },
            "outputs": {
                "scores": "softmax over labels, the head trained on the FER+ votes, contempt left out",
                "face": "probability that the crop is a face",
                "fer": "softmax over labels, the head trained on FER-2013's own labels",
            },
            "files": {"litert": _file(made / LITERT), "keras": _file(made / KERAS)},
            "parameters": network.count_params(),
            "temperature": {"scores": round(temperatures.scores, 4), "fer": round(temperatures.fer, 4)},
            **thresholds(by_litert, public, held_out, made / LITERT),
            "figures": {"PublicTest": figures(by_litert, public, new) | {"measured_on": LITERT}},
            "origin": origin,
            "self_test": {
                "picture": PICTURE,
                "shown": list(EMOTIONS),
                "scores": read_with_keras(network, faces)["scores"].astype(float).round(4).tolist(),
            },
        }
        (made / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        ExpressionClassifier.load(made)
        _move(made, folder)
    return card


def calibrate(trained: keras.Model, faces: Faces) -> Temperatures:
    """Choose the temperatures: `scores` by the FER+ majority, `fer` by FER-2013's labels."""
    outputs = read_with_keras(serving_network(trained), faces.images)
    has_majority, majority = ferplus_majority(faces.votes)
    logarithms = {name: np.log(np.maximum(outputs[name], 1e-30)) for name in ("scores", "fer")}
    return Temperatures(
        best_temperature(logarithms["scores"][has_majority], majority[has_majority]),
        best_temperature(logarithms["fer"], faces.labels),
    )


def check_same(by_keras: dict[str, np.ndarray], by_litert: dict[str, np.ndarray]) -> None:
    """Raise ExportError where LiteRT in float32 gives other outputs than Keras."""
    off = {name: float(np.abs(by_keras[name] - by_litert[name]).max()) for name in by_keras}
    name = max(off, key=off.get)
    if not off[name] <= SAME:
        raise ExportError(
            f"LiteRT's `{name}` in float32 differs from Keras's by up to {off[name]:.2g}, "
            f"expected at most {SAME}; nothing was written"
        )


def check_eight_bits(by_keras: dict[str, np.ndarray], by_litert: dict[str, np.ndarray], faces: Faces) -> None:
    """Raise ExportError where rounding to 8 bits loses accuracy, on either kind of label."""
    exact, rounded = figures(by_keras, faces), figures(by_litert, faces)
    for title, one, other in (
        ("FER-2013's labels", exact, rounded),
        ("the FER+ majority", exact["ferplus"], rounded["ferplus"]),
    ):
        if one["accuracy"] - other["accuracy"] > LOST:
            raise ExportError(
                f"8 bits lose accuracy on {title}: {one['accuracy']:.2%} became {other['accuracy']:.2%}, "
                f"at most {LOST:.1%} may go; nothing was written"
            )


def thresholds(outputs: dict[str, np.ndarray], public: Faces, held_out: Crops | None, litert: Path) -> dict:
    """Choose `uncertain_below` on PublicTest's outputs and `face_below` on crops never trained on.

    `face_below` lets FALSE_KEPT of the false proposals pass, and never what is more likely no face; that
    alone counts where there are no such crops.
    """
    below = _round_down(np.quantile(outputs["scores"].max(1), 1 - COVERAGE))
    chosen = {"uncertain_below": below, "uncertain_figures": named(outputs["scores"], public, below)}
    if held_out is None or len(np.unique(held_out.is_face)) < 2:
        return chosen | {"face_below": REFUSED_BELOW}
    face = read_with_litert(litert, held_out.images)["face"]
    below = _round_down(max(np.quantile(face[~held_out.is_face], 1 - FALSE_KEPT), REFUSED_BELOW))
    return chosen | {"face_below": below, "face_figures": _kept(face, held_out.is_face, below)}


def named(scores: np.ndarray, public: Faces, below: float) -> dict:
    """What is left when a face whose highest score, of `scores` (N, 7), lies under `below` is not named.

    `coverage` is the share of faces that are, `ferplus_accuracy` how many of these are right; 0 to 1.
    """
    sure = scores.max(1) >= below
    has_majority, majority = ferplus_majority(public.votes)
    read = scores.argmax(1)
    known = sure & has_majority
    return {
        "coverage": float(sure.mean()),
        "ferplus_coverage": float(sure[has_majority].mean()),
        "ferplus_accuracy": float((read == majority)[known].mean()),
        "confusion": confusion_of(majority[known], read[known]).tolist(),
    }


def _kept(face: np.ndarray, is_face: np.ndarray, below: float) -> dict:
    """How many true and false proposals pass the threshold, and how many would pass one half."""
    return {
        "faces": int(is_face.sum()),
        "faces_kept": int((face[is_face] >= below).sum()),
        "faces_kept_at_half": int((face[is_face] >= 0.5).sum()),
        "false": int((~is_face).sum()),
        "false_kept": int((face[~is_face] >= below).sum()),
        "false_kept_at_half": int((face[~is_face] >= 0.5).sum()),
    }


def _round_down(value: float) -> float:
    return float(np.floor(np.float64(value) * 1000) / 1000)


def _file(path: Path) -> dict:
    content = path.read_bytes()
    return {"name": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _origin(trained: Sequence[Path], data: Path, crops: Path | None) -> dict:
    """Say what the network was made of and by which commands, run folders under runs/ as .gitignore has them.

    The schedules lie beside the networks in their runs.
    """
    schedules = [(path.parent.name, *one) for path in trained for one in _schedules(path)]
    inputs = f"--data {data.name}" + (f" --crops {crops.name}" if crops else "")
    trainings = [
        f"python -m models train {inputs} --run runs/{run} {one.options()}"
        + (f"  # resumed after epoch {done}" if done else "")
        for run, done, one in schedules
    ]
    networks = " ".join(f"runs/{path.parent.name}/{path.name}" for path in trained)
    installed = {one.name.replace("_", "-"): one.version for one in distributions()}
    begun_with = {
        name for *_, one in schedules for name in (*one.teachers, one.weights, one.imagenet) if name
    }
    return {
        "data": [_file(path) for path in (data, crops) if path],
        "networks": [_file(Path(name)) for name in sorted(begun_with)],
        "schedules": [{"run": run, "after_epoch": done} | one.told() for run, done, one in schedules],
        "commands": [*trainings, f"python -m models export --network {networks} {inputs}"],
        "versions": {"python": platform.python_version()}
        | {package: installed[package] for package in PACKAGES if package in installed},
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _schedules(trained: Path) -> list[tuple[int, Schedule]]:
    schedules = noted(trained.parent)
    if not schedules:
        raise ExportError(
            f"{trained} has no schedule.json beside it; give the network.keras of a run's folder"
        )
    return schedules


def _move(made: Path, folder: Path) -> None:
    """Put the new files in place, the card last: until then the old card refuses the new weights."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (KERAS, LITERT, PICTURE, CARD):
        beside = folder / f"writing-{name}"
        shutil.copyfile(made / name, beside)
        os.replace(beside, folder / name)
