"""The two charts of the page about the network, in the units of their SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.report.model_figures import ReliabilityBin

WIDTH, HEIGHT = 400.0, 260.0  # units of the charts' view box
MAX_RADIUS, MIN_RADIUS = 11.0, 2.5  # of a point
TICK = 0.1  # share between two grid lines of the coverage curve


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """A bin of faces at its mean confidence and accuracy."""

    x: float
    y: float
    radius: float
    low: float
    high: float
    """The ends of the 95 % interval, as y."""
    bin: ReliabilityBin


@dataclass(frozen=True, slots=True)
class CoverageCurve:
    """Accuracy over the share of the faces that are named, the most confident first."""

    line: str
    """Points of an SVG polyline."""
    ticks: tuple[tuple[float, float], ...]
    """y of a grid line, and the share there."""
    served: tuple[float, float]
    """The point at which the network is served."""


def reliability_points(bins: Sequence[ReliabilityBin]) -> list[ReliabilityPoint]:
    """A point for each bin; its area grows with the number of faces."""
    most = max(each.faces for each in bins)
    return [_reliability_point(each, most) for each in bins]


def coverage_curve(figures: dict, served: dict) -> CoverageCurve | None:
    """The curve of the card's figures; `served` is what the card says of its threshold.

    None for a card of an early export, which lacks the curve.
    """
    curve = figures.get("coverage")
    if curve is None:
        return None
    floor = min(curve["accuracy"]) // TICK * TICK
    points = [
        _point(share, accuracy, floor)
        for share, accuracy in zip(curve["share"], curve["accuracy"], strict=True)
    ]
    steps = range(round(floor / TICK), round(1 / TICK) + 1)
    return CoverageCurve(
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        tuple((_point(0, step * TICK, floor)[1], step * TICK) for step in steps),
        _point(served["coverage"], served["accuracy"], floor),
    )


def _reliability_point(each: ReliabilityBin, most_faces: int) -> ReliabilityPoint:
    x, y = _point(each.confidence, each.accuracy)
    low, high = (_point(each.confidence, end)[1] for end in each.interval)
    radius = max(MIN_RADIUS, MAX_RADIUS * (each.faces / most_faces) ** 0.5)
    return ReliabilityPoint(x, y, radius, low, high, each)


def _point(across: float, up: float, floor: float = 0.0) -> tuple[float, float]:
    """Two shares in view box units; the vertical axis starts at `floor`."""
    return across * WIDTH, HEIGHT * (1 - (up - floor) / (1 - floor))
