"""A lecture's minutes as a picture: stacked shares, and gaps that look like gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.report.report import ReportMinute
from app.report.wording import UNCERTAIN, clock, percent, why_unread, word
from app.store.lecture_lists import SparklineMinute
from app.vision.emotion import EMOTIONS

WIDTH, HEIGHT = 960.0, 220.0  # units of the SVG's view box
LABELS = 8  # at most so many times along the axis
SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0
SPARK_COLUMNS = 40  # narrower ones than 3 units can't be told apart


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in view box units. `kind` is an expression, "uncertain", or why there is none."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    """x, and the time there."""
    step: float
    """Width of a minute."""
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
        ((number + 0.5) * step, clock(minutes[number].minute, timezone))
        for number in range(0, len(minutes), every or 1)
    )
    return Chart(tuple(bars), labels, step)


def _column(minute: ReportMinute, x: float, step: float, timezone: ZoneInfo) -> list[Bar]:
    width = step * 0.92 if step > 4 else step
    time = clock(minute.minute, timezone)
    if minute.shares is None:
        kind = minute.seen.value.replace(" ", "-")
        return [Bar(kind, x, 0.0, width, HEIGHT, f"{time}: {why_unread(minute.seen)}")]
    bars, bottom = [], HEIGHT
    shares = [*((emotion, minute.shares[emotion]) for emotion in reversed(EMOTIONS))]
    for kind, share in [*shares, (UNCERTAIN, minute.uncertain_share)]:
        if share > 0:
            height = share * HEIGHT
            bottom -= height
            title = f"{time}: {word(kind)} {percent(share)}"
            bars.append(Bar(kind, x, bottom, width, height, title, minute.is_weak))
    return bars


def sparkline(minutes: Sequence[SparklineMinute]) -> list[tuple[str, str]]:
    """Draw a lecture the size of a word: for each expression its name and an SVG path. Gaps stay empty."""
    if not minutes:
        return []
    first, last = minutes[0].minute, minutes[-1].minute
    count = round((last - first).total_seconds() / 60) + 1
    columns = min(count, SPARK_COLUMNS)
    sums = [[0.0] * (len(EMOTIONS) + 1) for _ in range(columns)]
    for minute in minutes:
        place = round((minute.minute - first).total_seconds() / 60) * columns // count
        sums[place] = [a + b for a, b in zip(sums[place], minute.spans or [0.0] * 8, strict=True)]
    paths = dict.fromkeys((*EMOTIONS, UNCERTAIN), "")
    for number, spans in enumerate(sums):
        _spark_column(paths, spans, number * SPARK_WIDTH / columns, SPARK_WIDTH / columns)
    return [(str(kind), path) for kind, path in paths.items() if path]


def _spark_column(paths: dict[str, str], spans: Sequence[float], x: float, width: float) -> None:
    bottom, whole = SPARK_HEIGHT, sum(spans)
    order = [*reversed(EMOTIONS), UNCERTAIN]
    heights = dict(zip((*EMOTIONS, UNCERTAIN), spans, strict=True))
    for kind in order:
        if heights[kind] > 0:
            height = heights[kind] / whole * SPARK_HEIGHT
            bottom -= height
            paths[kind] += f"M{x:.1f} {bottom:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
