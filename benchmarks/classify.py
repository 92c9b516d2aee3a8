"""Milliseconds a face in batches of 1 to 64, beside one Keras `predict` a face where Keras is installed."""

import sys
import time
from collections.abc import Callable

import numpy as np

from app.vision.crop import SIDE, as_input
from app.vision.expression_network import ExpressionClassifier
from app.vision.model_card import MODELS
from benchmarks.table import show

BATCHES = (1, 2, 4, 8, 16, 32, 64)
ROUNDS = 20


def measure() -> list[dict]:
    """One row a batch size; both numbers of threads in turn."""
    ways = {f"{threads} thread": ExpressionClassifier.load(MODELS, threads).classify for threads in (1, 2)}
    plain = _plain()
    rows = []
    for batch in BATCHES:
        faces = np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE), np.uint8)
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, classify in ways.items():
                times[name].append(_milliseconds(classify, faces) / batch)
        row = {"batch": batch, **{f"{name}, ms a face": _median(times[name]) for name in ways}}
        row["Keras predict"] = _median([_milliseconds(plain, faces[:1]) for _ in range(5)]) if plain else None
        rows.append(row)
    return rows


def _plain() -> Callable[[np.ndarray], object] | None:
    try:
        import keras
    except ImportError:
        print("without predict: keras is not installed", file=sys.stderr)
        return None
    model = keras.models.load_model(MODELS / "emotion_cnn.keras", compile=False)
    return lambda faces: model.predict(as_input(faces), verbose=0)


def _milliseconds(work: Callable, argument: np.ndarray) -> float:
    start = time.perf_counter()
    work(argument)
    return 1e3 * (time.perf_counter() - start)


def _median(times: list[float]) -> float:
    return float(np.median(times))


if __name__ == "__main__":
    show("classify", measure())
