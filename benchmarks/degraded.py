"""Accuracy on faces as a camera in a room gives them: small, noisy, moving, compressed, dark.

`python -m benchmarks.degraded [NETWORK…]`, .keras or .tflite, by default the shipped one, on PublicTest of
FER-2013, unaltered and degraded. Columns: accuracy by FER-2013's labels and by the FER+ majority, then the
share of the faces that are named, where a top score below the card's `uncertain_below` is no name, and the
share of the names that are right.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from app.vision.crop import SIDE, crop_faces
from app.vision.frame import Box
from app.vision.model_card import MODELS, read_model_card
from benchmarks.table import show
from models.data.dataset import Split, read_split
from models.data.votes import ferplus_majority
from models.evaluation.evaluate import measure_outputs, selective_accuracy
from models.export import LITERT
from models.network.serving import predict
from models.training.augmentation import jpeg_compressed

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "fer2013" / "fer2013.npz"
NOISE = np.random.default_rng(0).standard_normal((SIDE, SIDE))


def _resized(face: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)


def _enlarged(face: np.ndarray) -> np.ndarray:
    return crop_faces(face, [Box(0, 0, len(face), len(face))])[0]


def _noisy(face: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.roll(NOISE, int(face.sum()) % SIDE**2)[: len(face), : len(face)]  # another for each face
    return np.clip(face + deviation * noise, 0, 255).astype(np.uint8)


DEGRADATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda face: face,
    "36 pixels wide": lambda face: _enlarged(_resized(face, 36)),
    "24 pixels wide": lambda face: _enlarged(_resized(face, 24)),
    "noise of 5 grey levels": lambda face: _noisy(face, 5),
    "noise of 10": lambda face: _noisy(face, 10),
    "moves by 5 pixels": lambda face: cv2.blur(face, (5, 1)),
    "JPEG of quality 70": lambda face: jpeg_compressed(face, 70),
    "JPEG of quality 40": lambda face: jpeg_compressed(face, 40),
    "two fifths as bright": lambda face: (0.4 * face).astype(np.uint8),
    "at the back of a room: 36 pixels, noise of 5, JPEG of quality 80": lambda face: _enlarged(
        jpeg_compressed(_noisy(_resized(face, 36), 5), 80)
    ),
}


def measure(networks: list[Path]) -> list[dict]:
    """Return one row for each network and degradation."""
    faces = read_split(DATA, Split.PublicTest)
    has_majority, majority = ferplus_majority(faces.votes)
    uncertain_below = read_model_card(MODELS).uncertain_below
    rows = []
    for network in networks:
        for name, degrade in DEGRADATIONS.items():
            outputs = predict(network, np.stack([degrade(face) for face in faces.images]))
            measured = measure_outputs(outputs, faces)
            named = selective_accuracy(
                outputs["scores"][has_majority], majority[has_majority], uncertain_below
            )
            rows.append(
                {
                    "network": network.name,
                    "faces": name,
                    "FER-2013, %": 100 * measured["accuracy"],
                    "FER+, %": 100 * measured["ferplus"]["accuracy"],
                    "named, %": 100 * named["coverage"],
                    "of them right, %": 100 * named["accuracy"],
                }
            )
    return rows


def main() -> None:
    """Measure, or name the missing file."""
    if not DATA.is_file():
        print(f"skipped: {DATA} is missing")
        return
    show("degraded", measure([Path(name) for name in sys.argv[1:]] or [MODELS / LITERT]))


if __name__ == "__main__":
    main()
