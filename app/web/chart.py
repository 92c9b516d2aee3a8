"""A lecture's minutes as a picture: stacked shares, and gaps that look like gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.records.report import ReportMinute, Seen
from app.vision.emotion import EMOTIONS

WIDTH, HEIGHT = 960.0, 220.0  # units of the SVG's view box
LABELS = 8  # at most so many times along the axis


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in view box units. `kind` is an expression, "uncertain", or why there is none."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    """x, and the time there."""
    width: float = WIDTH
    height: float = HEIGHT


def stacked_minutes(minutes: Sequence[ReportMinute], timezone: ZoneInfo) -> Chart:
    """Draw each minute as a column of its eight shares, which add up to the height."""
    step = WIDTH / max(1, len(minutes))
    bars = [
        bar for number, minute in enumerate(minutes) for bar in _column(minute, number * step, step, timezone)
    ]
    every = -(-len(minutes) // LABELS)
    labels = tuple(
        ((number + 0.5) * step, f"{minutes[number].minute.astimezone(timezone):%H:%M}")
        for number in range(0, len(minutes), every or 1)
    )
    return Chart(tuple(bars), labels)


def _column(minute: ReportMinute, x: float, step: float, timezone: ZoneInfo) -> list[Bar]:
    width = step * 0.92 if step > 4 else step
    time = f"{minute.minute.astimezone(timezone):%H:%M}"
    if minute.shares is None:
        why = "no camera" if minute.seen is Seen.GAP else minute.seen.value
        return [Bar(minute.seen.value.replace(" ", "-"), x, 0.0, width, HEIGHT, f"{time}: {why}")]
    bars, bottom = [], HEIGHT
    shares = [*((emotion.value, minute.shares[emotion]) for emotion in reversed(EMOTIONS))]
    for kind, share in [*shares, ("uncertain", minute.uncertain_share)]:
        if share > 0:
            height = share * HEIGHT
            bottom -= height
            bars.append(Bar(kind, x, bottom, width, height, f"{time}: {kind} {share:.0%}"))
    return bars
