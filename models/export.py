"""From a trained network to the shipped files: float32 and 8-bit weights, their card, the self-test picture.

Nothing is written unless the files do what the card says of them.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import keras
import numpy as np

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import CARD, ExpressionClassifier
from models import CommandError
from models.calibration import (
    Calibration,
    calibrate,
    face_threshold,
    room_weights,
    uncertain_threshold,
    uncertain_threshold_by_votes,
)
from models.data.dataset import Crops, Faces, Split, read_crops, read_dataset, split_crops
from models.data.known_faces import as_strip, known_faces
from models.data.votes import ferplus_majority
from models.data.wild_faces import MEASURED_NAME, WildFaces, read_wild_faces
from models.evaluation.evaluate import measure_outputs, new_to_training
from models.evaluation.measures import calibration_error, measures
from models.network.serving import (
    load_trained,
    predict_with_keras,
    predict_with_litert,
    save_litert,
    serving_network,
)
from models.provenance import file_facts, provenance

MAX_SCORE_DIFFERENCE = 1e-3  # between Keras and LiteRT, both in float32
MAX_ACCURACY_LOSS = 0.002  # from rounding to 8 bits
LITERT, KERAS, SELF_TEST_PICTURE = "emotion_cnn.tflite", "emotion_cnn.keras", "self_test.png"


class ExportError(CommandError):
    """The exported files don't do what the trained network does; nothing was written."""


def export(
    trained: Sequence[Path], data: Path, crops: Path | None, folder: Path, wild: Path | None = None
) -> dict:
    """Export the network of a training run into a folder; of several runs, the average. Return the card.

    PublicTest and the held-out faces in the wild choose what is served, temperatures and thresholds.
    """
    dataset = read_dataset(data)
    public = dataset.faces_of(Split.PublicTest)
    if not ferplus_majority(public.votes)[0].any():
        raise ExportError(
            f"{data} has no FER+ votes, which calibrate the scores that are served; `data --votes` adds them"
        )
    held_out = split_crops(read_crops(crops))[1] if crops else None
    network = average_weights([load_trained(path) for path in trained])
    is_new = new_to_training(dataset, Split.PublicTest)
    return export_network(
        network,
        public,
        held_out,
        folder,
        provenance(trained, data, crops, wild),
        is_new,
        read_wild_faces(wild) if wild else None,
    )


def average_weights(networks: Sequence[keras.Model]) -> keras.Model:
    """Average the weights of networks of which one was trained on from another: as large as one of them.

    The average of a network before and after it learnt something new can do both (Wortsman et al. 2022,
    *Robust fine-tuning of zero-shot models*). Raises ExportError for networks of several shapes.
    """
    weights = [network.get_weights() for network in networks]
    shapes = [[weight.shape for weight in of_network] for of_network in weights]
    if any(of_network != shapes[0] for of_network in shapes):
        raise ExportError(
            "the networks are of several architectures; give runs of which one began from another"
        )
    networks[0].set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    return networks[0]


def export_network(
    trained: keras.Model,
    public: Faces,
    held_out: Crops | None,
    folder: Path,
    origin: dict,
    is_new: np.ndarray | None = None,
    wild: WildFaces | None = None,
) -> dict:
    """Export a trained network, calibrated and measured on these faces, and return its card.

    `is_new` tells which of the faces are new to training, bool (N,), where that is known. Raises ExportError
    where LiteRT and Keras differ, or where 8 bits lose accuracy.
    """
    calibration = calibrate(trained, public, wild)
    network = serving_network(trained, calibration.mixture, calibration.fer_temperature)
    with tempfile.TemporaryDirectory() as draft:
        draft = Path(draft)
        outputs = _write_networks(network, public, draft)
        faces = known_faces()
        cv2.imwrite(str(draft / SELF_TEST_PICTURE), as_strip(faces))
        card = {
            **_description(network, calibration, draft),
            **_served(draft / LITERT, outputs["scores"], public, wild),
            **_face_threshold(draft / LITERT, held_out),
            "figures": {"PublicTest": measure_outputs(outputs, public, is_new) | {"measured_on": LITERT}},
            "origin": origin,
            "self_test": {
                "picture": SELF_TEST_PICTURE,
                "scores": predict_with_keras(network, faces)["scores"].astype(float).round(4).tolist(),
            },
        }
        (draft / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        ExpressionClassifier.load(draft)
        _publish(draft, folder)
    return card


def _write_networks(network: keras.Model, public: Faces, draft: Path) -> dict[str, np.ndarray]:
    """Write both files, check that they predict what the network does, and return the 8-bit one's outputs."""
    network.save(draft / KERAS)
    save_litert(network, draft / "float.tflite", eight_bits=False)
    save_litert(network, draft / LITERT, eight_bits=True)
    by_keras = predict_with_keras(network, public.images)
    check_conversion(by_keras, predict_with_litert(draft / "float.tflite", public.images))
    by_eight_bits = predict_with_litert(draft / LITERT, public.images)
    check_quantisation(by_keras, by_eight_bits, public)
    return by_eight_bits


def check_conversion(by_keras: dict[str, np.ndarray], by_litert: dict[str, np.ndarray]) -> None:
    """Raise ExportError where LiteRT in float32 gives other outputs than Keras."""
    differences = {name: float(np.abs(by_keras[name] - by_litert[name]).max()) for name in by_keras}
    name = max(differences, key=differences.get)
    if not differences[name] <= MAX_SCORE_DIFFERENCE:
        raise ExportError(
            f"LiteRT's `{name}` in float32 differs from Keras's by up to {differences[name]:.2g}, "
            f"expected at most {MAX_SCORE_DIFFERENCE}; nothing was written"
        )


def check_quantisation(
    by_keras: dict[str, np.ndarray], by_litert: dict[str, np.ndarray], faces: Faces
) -> None:
    """Raise ExportError where rounding to 8 bits loses accuracy, on either kind of label."""
    exact, rounded = measure_outputs(by_keras, faces), measure_outputs(by_litert, faces)
    for labels, before, after in (
        ("FER-2013's labels", exact, rounded),
        ("the FER+ majority", exact["ferplus"], rounded["ferplus"]),
    ):
        if before["accuracy"] - after["accuracy"] > MAX_ACCURACY_LOSS:
            raise ExportError(
                f"8 bits lose accuracy on {labels}: {before['accuracy']:.2%} became {after['accuracy']:.2%}, "
                f"expected a loss of at most {MAX_ACCURACY_LOSS:.1%}; nothing was written"
            )


def _served(litert: Path, public_scores: np.ndarray, public: Faces, wild: WildFaces | None) -> dict:
    """How right the served scores are, and below which top score a face counts as uncertain.

    Measured on held-out faces in the wild where there are any, else by the FER+ majority of PublicTest.
    """
    if wild is None:
        has_majority, majority = ferplus_majority(public.votes)
        return {
            "served_on": "FER+",
            "served_figures": measures(public_scores[has_majority], majority[has_majority]),
            **uncertain_threshold_by_votes(public_scores, public),
        }
    images, labels = wild.held_out()
    scores = predict_with_litert(litert, images)["scores"]
    in_room = {"ece_in_room": calibration_error(scores, labels, room_weights(labels))}
    return {
        "served_on": MEASURED_NAME,
        "served_figures": measures(scores, labels) | in_room,
        **uncertain_threshold(scores, labels),
    }


def _description(network: keras.Model, calibration: Calibration, draft: Path) -> dict:
    return {
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
            "scores": "softmax over labels: the heads of `mixture`, contempt left out",
            "face": "probability that the crop is a face",
            "fer": "softmax over labels, the head trained on FER-2013's own labels",
        },
        "files": {"litert": file_facts(draft / LITERT), "keras": file_facts(draft / KERAS)},
        "parameters": network.count_params(),
        "mixture": {
            head: round(weight, 4)
            for head, weight in zip(calibration.mixture.heads, calibration.mixture.weights, strict=True)
        },
        "temperature": {"fer": round(calibration.fer_temperature, 4)},
    }


def _face_threshold(litert: Path, held_out: Crops | None) -> dict:
    crops = held_out or Crops(np.empty((0, SIDE, SIDE), np.uint8), np.empty(0, bool))
    face = predict_with_litert(litert, crops.images)["face"] if len(crops) else np.empty(0, np.float32)
    return face_threshold(face, crops)


def _publish(draft: Path, folder: Path) -> None:
    """Move the new files into place, the card last: until then the old card rejects the new weights."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (KERAS, LITERT, SELF_TEST_PICTURE, CARD):
        neighbour = folder / f"writing-{name}"
        shutil.copyfile(draft / name, neighbour)
        os.replace(neighbour, folder / name)
