"""A lecture the size of a word, as SVG."""

from collections.abc import Sequence

from app.report.share_stack import stacked
from app.store.minute_queries import MinuteExpressions
from app.vision.emotion import EXPRESSIONS

SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0
SPARK_COLUMNS = 40  # columns narrower than 3 units can't be told apart


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
