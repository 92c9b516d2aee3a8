"""How right a network is on faces as a camera in a room gives them: small, noisy, moving, compressed, dark.

`python -m benchmarks.degraded [NETWORK…]`, .keras or .tflite, by default the one that is served, on
PublicTest of FER-2013, as it is and degraded. By FER-2013's labels and by the FER+ majority; then the share
of the faces that are named, where a top score below the card's `uncertain_below` names none, and how many of
these are right.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from app.vision.crop import SIDE, crop_faces
from app.vision.face_analyser import MODEL_FOLDER
from app.vision.frame import Box
from app.vision.model_card import read_model_card
from benchmarks.table import show
from models.augmentation import after_jpeg
from models.dataset import Usage, read_faces
from models.evaluate import figures
from models.export import LITERT, named
from models.serving import read_with

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "fer2013" / "fer2013.npz"
NOISE = np.random.default_rng(0).standard_normal((SIDE, SIDE))


def _sized(face: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)


def _enlarged(face: np.ndarray) -> np.ndarray:
    return crop_faces(face, [Box(0, 0, len(face), len(face))])[0]


def _noisy(face: np.ndarray, deviation: float) -> np.ndarray:
    shifted = np.roll(NOISE, int(face.sum()) % SIDE**2)[: len(face), : len(face)]  # each face another
    return np.clip(face + deviation * shifted, 0, 255).astype(np.uint8)


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda face: face,
    "36 pixels wide": lambda face: _enlarged(_sized(face, 36)),
    "24 pixels wide": lambda face: _enlarged(_sized(face, 24)),
    "noise of 5 grey levels": lambda face: _noisy(face, 5),
    "noise of 10": lambda face: _noisy(face, 10),
    "moves by 5 pixels": lambda face: cv2.blur(face, (5, 1)),
    "JPEG of quality 70": lambda face: after_jpeg(face, 70),
    "JPEG of quality 40": lambda face: after_jpeg(face, 40),
    "two fifths as bright": lambda face: (0.4 * face).astype(np.uint8),
    "at the back of a room: 36 pixels, noise of 5, JPEG of quality 80": lambda face: _enlarged(
        after_jpeg(_noisy(_sized(face, 36), 5), 80)
    ),
}


def measure(networks: list[Path]) -> list[dict]:
    """One row a network and a way to degrade."""
    faces = read_faces(DATA, Usage.PublicTest)
    uncertain_below = read_model_card(MODEL_FOLDER).uncertain_below
    rows = []
    for network in networks:
        for way, degrade in WAYS.items():
            outputs = read_with(network, np.stack([degrade(face) for face in faces.images]))
            every, sure = figures(outputs, faces), named(outputs["scores"], faces, uncertain_below)
            rows.append(
                {
                    "network": network.name,
                    "faces": way,
                    "FER-2013, %": 100 * every["accuracy"],
                    "FER+, %": 100 * every["ferplus"]["accuracy"],
                    "named, %": 100 * sure["coverage"],
                    "of them right, %": 100 * sure["ferplus_accuracy"],
                }
            )
    return rows


def main() -> None:
    """Measure, or say what is missing."""
    if not DATA.is_file():
        print(f"skipped: {DATA} is missing")
        return
    show("degraded", measure([Path(name) for name in sys.argv[1:]] or [MODEL_FOLDER / LITERT]))


if __name__ == "__main__":
    main()
