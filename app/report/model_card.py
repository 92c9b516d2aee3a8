"""What a report wants to know of the network: which one it is, and what it confuses with what."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import PROJECT
from app.report.interval import Confusion

CARD = PROJECT / "models" / "emotion_cnn.json"


@dataclass(frozen=True)
class ModelCard:
    """The network as its card describes it."""

    sha256: str
    """Of the weights that are served."""
    confusion: Confusion


@cache
def model_card(card: Path = CARD) -> ModelCard:
    """Read a card, once: a server that is given other weights is started again."""
    facts = json.loads(card.read_text())
    return ModelCard(facts["files"]["litert"]["sha256"], Confusion(_counts(facts)))


def _counts(facts: dict) -> tuple[tuple[int, ...], ...]:
    """The confusions of the faces that it names; an older card only has those of all faces, some more.

    Against the majority of ten people (FER+), and on the part of the data that chose nothing, where the card
    has it.
    """
    figures = facts["figures"]
    part = figures.get("PrivateTest") or figures["PublicTest"]
    counts = facts.get("uncertain_figures", {}).get("confusion") or part["ferplus"]["confusion"]
    return tuple(tuple(row) for row in counts)
