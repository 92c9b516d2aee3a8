"""Reads the card of the served network, models/emotion_cnn.json.

The monitor checks the weights against it, reports take the confusions from it, the page /model shows it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.project import PROJECT

MODELS = PROJECT / "models"
CARD = "emotion_cnn.json"
RESTORE = "restore the folder models/ from the release, or export the network again"


class WeightsError(ValueError):
    """The weights can't be used: one sentence with the file, what was found, and what to do."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """The LiteRT file that is served."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Known faces, by which the monitor checks the weights when it loads them."""

    picture: str
    """Name of a file with the faces in a row."""
    scores: list[list[float]]
    """What the network gave for each of them."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card's fields; its figures are dictionaries as `models.evaluation.measures` gives them."""

    labels: list[str]
    input_shape: list[int]
    weights: WeightsFile
    parameters: int
    uncertain_below: float
    """A top score below this says too little to name an expression."""
    face_below: float
    """A proposal whose face score lies below this is not a face."""
    self_test: SelfTest
    served_on: str
    """The set whose faces, never trained on, measured what is served. They also chose the thresholds."""
    served_figures: dict[str, Any]
    """How right the served scores are there."""
    publictest_figures: dict[str, Any]
    """How right the network is on PublicTest of FER-2013: what benchmarks compare."""
    uncertain_figures: dict[str, Any]
    """What remains there if faces under `uncertain_below` are not named."""
    named_confusion: tuple[tuple[int, ...], ...]
    """Named faces by what most people saw (rows) and what the network read (columns), as EMOTIONS."""
    face_figures: dict[str, Any] | None
    """What `face_below` keeps of faces and of false proposals; None if it was exported without crops."""
    origin: dict[str, Any]
    """The data, commands and versions that made the network."""

    @property
    def sha256(self) -> str:
        """The checksum of the served weights, which identifies the network."""
        return self.weights.sha256


def read_model_card(folder: Path = MODELS) -> ModelCard:
    """The card in a folder, as it is now; raises WeightsError if it is missing, damaged or incomplete."""
    path = folder / CARD
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise WeightsError(
            f"{path} is missing, and the weights can't be used without it; {RESTORE}"
        ) from None
    except ValueError as error:
        raise WeightsError(f"{path} is no JSON ({error}); {RESTORE}") from None
    except (KeyError, TypeError) as error:
        raise WeightsError(f"{path} is no card of a network, or lacks a part ({error}); {RESTORE}") from None


def _parsed(card: dict[str, Any]) -> ModelCard:
    weights, self_test = card["files"]["litert"], card["self_test"]
    return ModelCard(
        labels=card["labels"],
        input_shape=card["input"]["shape"],
        weights=WeightsFile(weights["name"], weights["sha256"], weights["bytes"]),
        parameters=card["parameters"],
        uncertain_below=card["uncertain_below"],
        face_below=card["face_below"],
        self_test=SelfTest(self_test["picture"], self_test["scores"]),
        served_on=card["served_on"],
        served_figures=card["served_figures"],
        publictest_figures=card["figures"]["PublicTest"],
        uncertain_figures=card["uncertain_figures"],
        named_confusion=tuple(map(tuple, card["uncertain_figures"]["confusion"])),
        face_figures=card.get("face_figures"),
        origin=card["origin"],
    )
