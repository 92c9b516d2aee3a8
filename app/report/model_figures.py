"""The network's accuracy for the page about it, from the figures of its card."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.report.interval import Interval, wilson
from app.vision.emotion import EMOTIONS


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How well one expression is recognised, against the majority of ten people."""

    name: str
    faces: int
    """Faces that most people see so."""
    recall: float
    """The share of them that is read so."""
    interval: Interval
    """The 95 % interval of the recall."""
    read_as: tuple[tuple[int, float], ...]
    """How many of its faces are read as each of EMOTIONS, and their share."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The faces whose top scores lie in one of the equal steps from 0 to 1."""

    faces: int
    confidence: float
    """Their mean top score."""
    accuracy: float
    interval: Interval
    """The 95 % interval of the accuracy."""


def class_figures(confusion: Sequence[Sequence[int]]) -> tuple[ClassFigures, ...]:
    """How well each expression that has faces is recognised; rows are what people see, columns readings."""
    rows = zip(EMOTIONS, confusion, strict=True)
    return tuple(_class_figures(emotion.value, row) for emotion, row in rows if sum(row))


def worst_classes(classes: Sequence[ClassFigures]) -> list[ClassFigures]:
    """The two with the lowest recall, the lowest first."""
    return sorted(classes, key=lambda each: each.recall)[:2]


def commonest_mistake(classes: Sequence[ClassFigures]) -> tuple[ClassFigures, str, float] | None:
    """Which expression is most often read as which other one, and in what share of its faces."""
    mistakes = [
        (count, share, each, emotion.value)
        for each in classes
        for emotion, (count, share) in zip(EMOTIONS, each.read_as, strict=True)
        if emotion != each.name and count
    ]
    if not mistakes:
        return None
    _, share, mistaken, read_as = max(mistakes, key=lambda mistake: mistake[:2])
    return mistaken, read_as, share


def reliability_bins(figures: dict) -> list[ReliabilityBin] | None:
    """Accuracy by confidence: the bins that hold faces, the least confident first.

    None for a card of an early export, which lacks them.
    """
    bins = figures.get("reliability")
    if bins is None:
        return None
    return [
        ReliabilityBin(faces, confidence, accuracy, wilson(round(accuracy * faces), faces))
        for faces, confidence, accuracy in zip(bins["n"], bins["confidence"], bins["accuracy"], strict=True)
        if faces
    ]


def _class_figures(name: str, row: Sequence[int]) -> ClassFigures:
    faces, right = sum(row), row[EMOTIONS.index(name)]
    read_as = tuple((count, count / faces) for count in row)
    return ClassFigures(name, faces, right / faces, wilson(right, faces), read_as)
