"""A lecture's minutes as SVG: stacked shares, and gaps that look like gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from app.expression_names import expression_name
from app.report.report_minute import ReportMinute, merge_minutes
from app.report.share_stack import stacked, stacked_faces
from app.report.wording import clock, decimal, percent, why_no_shares
from app.store.minute_queries import MinuteExpressions
from app.vision.emotion import EXPRESSIONS

WIDTH, HEIGHT = 960.0, 220.0  # units of the SVG's view box
MAX_COLUMNS = 300  # a column has up to eight rectangles
MAX_LABELS = 8  # times along the axis
SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0
SPARK_COLUMNS = 40  # columns narrower than 3 units can't be told apart


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in view box units."""

    name: str
    """An expression, "uncertain", or why there is none: the `is-NAME` class of the style sheet."""
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


def minutes_a_column(minutes: Sequence[ReportMinute]) -> int:
    """How many minutes share a column of the chart, so that it has no more than MAX_COLUMNS."""
    return max(1, -(-len(minutes) // MAX_COLUMNS))


def stacked_minutes(minutes: Sequence[ReportMinute], timezone: ZoneInfo) -> Chart:
    """A chart whose columns are a minute each, or several; eight shares add up to the height."""
    step, count = WIDTH / max(1, len(minutes)), minutes_a_column(minutes)
    bars = [
        bar
        for number, minute in enumerate(merge_minutes(minutes, count))
        for bar in _column(minute, number * count * step, count * step, timezone)
    ]
    every = -(-len(minutes) // MAX_LABELS)
    labels = tuple(
        ((number + 0.5) * step, clock(minutes[number].minute, timezone))
        for number in range(0, len(minutes), every or 1)
    )
    return Chart(tuple(bars), labels, step)


def stacked_faces_by_minute(minutes: Sequence[ReportMinute], timezone: ZoneInfo) -> Chart:
    """The same for presence: a column is as high as there were faces in view."""
    merged = merge_minutes(minutes, minutes_a_column(minutes))
    empty = stacked_minutes(minutes, timezone)
    step = WIDTH / max(1, len(merged))
    width = step * 0.92 if step > 4 else step
    bars = [bar for bar in empty.bars if bar.name in ("gap", "paused")]
    for number, minute in enumerate(merged):
        time = clock(minute.minute, timezone)
        bars += [
            Bar(kind, number * step, top, width, height, f"{time}: {expression_name(kind)} {decimal(faces)}")
            for kind, faces, top, height in stacked_faces(minute, merged, HEIGHT, HEIGHT)
        ]
    return replace(empty, bars=tuple(bars))


def _column(minute: ReportMinute, x: float, step: float, timezone: ZoneInfo) -> list[Bar]:
    width = step * 0.92 if step > 4 else step
    time = clock(minute.minute, timezone)
    if minute.all_shares is None:
        name = minute.status.value.replace(" ", "-")
        return [Bar(name, x, 0.0, width, HEIGHT, f"{time}: {why_no_shares(minute.status)}")]
    bars = []
    for expression, share, top, height in stacked(minute.all_shares, HEIGHT, HEIGHT):
        title = f"{time}: {expression_name(expression)} {percent(share)}"
        bars.append(Bar(expression, x, top, width, height, title, minute.is_weak))
    return bars


def sparkline(minutes: Sequence[MinuteExpressions]) -> list[tuple[str, str]]:
    """A lecture the size of a word: the name of each expression and its SVG path. Gaps stay empty."""
    if not minutes:
        return []
    first, last = minutes[0].minute, minutes[-1].minute
    count = round((last - first).total_seconds() / 60) + 1
    columns = min(count, SPARK_COLUMNS)
    sums = [[0.0] * len(EXPRESSIONS) for _ in range(columns)]
    for minute in minutes:
        column = round((minute.minute - first).total_seconds() / 60) * columns // count
        for index, seconds in enumerate(minute.expression_seconds or ()):
            sums[column][index] += seconds
    paths = dict.fromkeys(EXPRESSIONS, "")
    for number, seconds in enumerate(sums):
        _draw_spark_column(paths, seconds, number * SPARK_WIDTH / columns, SPARK_WIDTH / columns)
    return [(str(expression), path) for expression, path in paths.items() if path]


def _draw_spark_column(paths: dict[str, str], seconds: Sequence[float], x: float, width: float) -> None:
    """Add the rectangles of a column to the paths; none if no face was in view."""
    total = sum(seconds)
    if not total:
        return
    shares = {expression: each / total for expression, each in zip(EXPRESSIONS, seconds, strict=True)}
    for expression, _, top, height in stacked(shares, SPARK_HEIGHT, SPARK_HEIGHT):
        paths[expression] += f"M{x:.1f} {top:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
