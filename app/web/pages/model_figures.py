"""The figures of the network's card, as the page about it draws them.

A card that an older export wrote lacks some of them: these come back as None, and the page says so.
"""

from dataclasses import dataclass

from app.vision.emotion import EMOTIONS
from models.evaluation.measures import wilson

WIDTH, HEIGHT = 400.0, 260.0  # units of the charts' view box
LARGEST_POINT, SMALLEST_POINT = 11.0, 2.5
LOWEST_TICK = 0.1  # steps of the axis of the curve


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How well one expression is read, against the majority of ten people."""

    name: str
    faces: int
    """That most people say look so."""
    right: float
    """The share of these that is read so (recall)."""
    interval: tuple[float, float]
    """Its 95 % interval."""
    read_as: tuple[tuple[int, float], ...]
    """How many of its faces are read as each of EMOTIONS, and their share."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Faces of about the same certainty, in view box units."""

    x: float
    y: float
    radius: float
    low: float
    high: float
    """The ends of the 95 % interval, as y."""
    faces: int
    sure: float
    right: float


@dataclass(frozen=True, slots=True)
class Curve:
    """How right the network is on the faces that it is surest of, in view box units."""

    line: str
    """Points of an SVG polyline."""
    ticks: tuple[tuple[float, float], ...]
    """y of a grid line, and the share there."""
    served: tuple[float, float] | None
    """Where the network stands as it is served."""


def part_of(card: dict) -> str:
    """The part of the data that chose nothing, where the card has it; else the one that chose thresholds."""
    return "PrivateTest" if "PrivateTest" in card["figures"] else "PublicTest"


def classes(measured: dict) -> tuple[ClassFigures, ...]:
    """How well each expression that has faces is read; `measured` is one of the card's figures."""
    return tuple(
        _class(name.value, row) for name, row in zip(EMOTIONS, measured["confusion"], strict=True) if sum(row)
    )


def worst(found: tuple[ClassFigures, ...]) -> tuple[ClassFigures, ...]:
    """The two that are read worst, the worst first."""
    return tuple(sorted(found, key=lambda one: one.right)[:2])


def commonest_mistake(found: tuple[ClassFigures, ...]) -> tuple[ClassFigures, str, float] | None:
    """Whose faces are most often taken for what, and what share of them."""
    mistakes = [
        (count, share, one, name.value)
        for one in found
        for name, (count, share) in zip(EMOTIONS, one.read_as, strict=True)
        if name != one.name and count
    ]
    if not mistakes:
        return None
    _, share, one, taken_for = max(mistakes, key=lambda mistake: mistake[:2])
    return one, taken_for, share


def reliability(measured: dict) -> tuple[CurvePoint, ...] | None:
    """How often it is right where it is so sure: a point for each bin of certainty that has faces."""
    bins = measured.get("reliability")
    if bins is None:
        return None
    most = max(bins["n"])
    return tuple(
        _point(faces, most, sure, right)
        for faces, sure, right in zip(bins["n"], bins["confidence"], bins["accuracy"], strict=True)
        if faces
    )


def coverage(measured: dict, named: dict | None) -> Curve | None:
    """The curve of the card, and where the network stands: `named` is what the card says of its threshold."""
    curve = measured.get("coverage")
    if curve is None:
        return None
    floor = min(curve["accuracy"]) // LOWEST_TICK * LOWEST_TICK
    points = [
        _place(share, right, floor) for share, right in zip(curve["share"], curve["accuracy"], strict=True)
    ]
    steps = range(round(floor / LOWEST_TICK), round(1 / LOWEST_TICK) + 1)
    return Curve(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        tuple((_place(0, step * LOWEST_TICK, floor)[1], step * LOWEST_TICK) for step in steps),
        _place(named["ferplus_coverage"], named["ferplus_accuracy"], floor) if named else None,
    )


def _class(name: str, row: list[int]) -> ClassFigures:
    faces, right = sum(row), row[EMOTIONS.index(name)]
    read_as = tuple((count, count / faces) for count in row)
    return ClassFigures(name, faces, right / faces, wilson(right, faces), read_as)


def _point(faces: int, most: int, sure: float, right: float) -> CurvePoint:
    x, y = _place(sure, right)
    low, high = (_place(sure, end)[1] for end in wilson(round(right * faces), faces))
    radius = max(SMALLEST_POINT, LARGEST_POINT * (faces / most) ** 0.5)
    return CurvePoint(x, y, radius, low, high, faces, sure, right)


def _place(across: float, up: float, floor: float = 0.0) -> tuple[float, float]:
    """Two shares in view box units, the upper one measured from `floor`."""
    return across * WIDTH, HEIGHT * (1 - (up - floor) / (1 - floor))
