"""The served network: face crops in, scores out. Weights that don't do what their card says are refused."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from app.vision.model_card import CARD, RESTORE, ModelCard, WeightsError, read_model_card

INPUT_SHAPE = [SIDE, SIDE, 1]
SELF_TEST_TOLERANCE = 0.1
"""How far a score may lie from the one that the card gives for a known face. Rounding to 8 bits moves a
score by some hundredths; another scale of pixels or another order of labels moves most scores by far
more."""


BATCH = 4
"""Faces that are classified at once; a last batch is filled up. The network then keeps its memory: a first
search proposes a hundred faces and more, which would hold 60 MB for good."""


class ExpressionClassifier:
    """Classifies face crops, with the thresholds of the weights' card. Not thread-safe, as LiteRT isn't."""

    def __init__(self, network: "ExpressionNetwork", card: ModelCard) -> None:
        self._network = network
        self.uncertain_below = card.uncertain_below
        """A face whose top score is below this has no named expression."""
        self.face_below = card.face_below
        """A proposal whose face probability is below this is not a face."""

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> "ExpressionClassifier":
        """Load a folder's weights; WeightsError if they don't match their card or misread the known faces."""
        card = read_model_card(folder)
        _check_card(card, folder / CARD)
        path = folder / card.weights.name
        classifier = cls(ExpressionNetwork(_read_weights(path, card), path, threads), card)
        _check_known_faces(classifier, folder, card)
        return classifier

    def classify(self, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classify uint8 crops (N, 48, 48).

        Gives the scores, float32 (N, 7), in the order of EMOTIONS and adding up to 1, and the probability
        that each crop is a face at all, float32 (N,).
        """
        pixels = as_input(faces)
        scores = np.empty((len(faces), len(EMOTIONS)), np.float32)
        probabilities = np.empty(len(faces), np.float32)
        batch = np.zeros((BATCH, *pixels.shape[1:]), np.float32)
        for begin in range(0, len(faces), BATCH):
            part = slice(begin, min(begin + BATCH, len(faces)))
            count = part.stop - begin
            batch[:count] = pixels[part]
            outputs = self._network.run(batch)
            scores[part], probabilities[part] = outputs["scores"][:count], outputs["face"][:count]
        return scores, probabilities


class ExpressionNetwork:
    """A LiteRT file on its own, without a card: float32 (N, 48, 48, 1) in, named outputs out."""

    def __init__(self, weights: bytes, path: Path, threads: int = 1) -> None:
        try:
            self._interpreter = Interpreter(model_content=weights, num_threads=threads)
            signature = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(f"{path} is no LiteRT network ({error}); {RESTORE}") from None
        self._input = self._interpreter.get_input_details()[0]["index"]
        shape = self._interpreter.get_input_details()[0]["shape"][1:].tolist()
        if shape != INPUT_SHAPE:
            raise WeightsError(f"{path} takes faces of {shape}, expected {INPUT_SHAPE}; {RESTORE}")
        outputs = signature.get_output_details()
        if missing := {"scores", "face"} - set(outputs):
            raise WeightsError(f"{path} gives {sorted(outputs)}, {sorted(missing)} is missing; {RESTORE}")
        self._outputs = {name: output["index"] for name, output in outputs.items()}
        self._shapes = {name: output["shape"][1:] for name, output in outputs.items()}
        self._count = 0

    def run(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Give every output for float32 (N, 48, 48, 1); N may be 0."""
        if not len(pixels):
            return {name: np.zeros((0, *shape), np.float32) for name, shape in self._shapes.items()}
        if len(pixels) != self._count:
            self._interpreter.resize_tensor_input(self._input, pixels.shape)
            self._interpreter.allocate_tensors()
            self._count = len(pixels)
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


def _check_card(card: ModelCard, path: Path) -> None:
    """Raise WeightsError unless the card speaks of the labels and the input that the program uses."""
    if card.labels != list(EMOTIONS):
        raise WeightsError(
            f"{path} names the labels {' '.join(map(str, card.labels))}, expected {' '.join(EMOTIONS)} "
            "in this order; use weights that were exported with these"
        )
    shape = card.input_shape
    if shape != INPUT_SHAPE:
        raise WeightsError(f"{path} says that the network takes {shape}, expected {INPUT_SHAPE}; {RESTORE}")


def _read_weights(path: Path, card: ModelCard) -> bytes:
    weights = _read(path)
    found, expected = hashlib.sha256(weights).hexdigest(), card.sha256
    if found != expected:
        raise WeightsError(
            f"{path} has the sha256 {found[:12]}…, its card expects {expected[:12]}…: it was altered or cut; "
            f"{RESTORE}"
        )
    return weights


def _check_known_faces(classifier: ExpressionClassifier, folder: Path, card: ModelCard) -> None:
    """Classify the drawn faces that come with the weights, and compare the scores with the card's."""
    path = folder / card.self_test.picture
    strip = cv2.imdecode(np.frombuffer(_read(path), np.uint8), cv2.IMREAD_GRAYSCALE)
    expected = np.array(card.self_test.scores, np.float32)
    if strip is None or strip.shape != (SIDE, SIDE * len(expected)):
        found = "no picture" if strip is None else f"{strip.shape[1]}×{strip.shape[0]} pixels"
        raise WeightsError(
            f"{path} is {found}, expected {len(expected)} faces of {SIDE}×{SIDE} in a row; {RESTORE}"
        )
    faces = strip.reshape(SIDE, len(expected), SIDE).swapaxes(0, 1)
    scores, _ = classifier.classify(faces)
    off = float(np.abs(scores - expected).max())
    if not off <= SELF_TEST_TOLERANCE:
        raise WeightsError(
            f"{path}: the network's scores for these known faces are off by {off:.2f}, expected at most "
            f"{SELF_TEST_TOLERANCE}: it doesn't read faces as its card says; {RESTORE}"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{path} is missing; {RESTORE}") from None
