"""A lecture as a stepped stack, for page, print and PDF: x in minutes from its beginning, y from the bottom.

Nothing is smoothed: each column is a minute, or several where there is no room for every one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from app.clock import MINUTE
from app.report.lecture_report import ReportNote
from app.report.report_minute import MinuteStatus, ReportMinute, merge_minutes
from app.report.share_stack import kinds_of_presence
from app.report.wording import clock
from app.vision import palette
from app.vision.emotion import UNCERTAIN

MAX_COLUMNS = 300  # about as many as the pixels of a telephone
MAX_TICKS = 7  # times along the axis, on a telephone too
TICK_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440)  # minutes
NAMED_HEIGHT, NAMED_WIDTH = 0.14, 0.14  # of the chart: a smaller band has no room for its name
ROW_TOPS = (0.1, 0.25, 0.5, 1.0)  # of one expression by itself; below the first, every row would show noise
FLAG_WIDTH = 0.05  # of the chart, on a telephone; closer flags stand in several rows
FLAG_ROWS = 3

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A stepped polygon."""

    kind: str
    """An expression, or how faces are turned."""
    corners: tuple[Corner, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring columns that have something in common: from, to, in minutes."""

    start: float
    end: float
    status: MinuteStatus


@dataclass(frozen=True, slots=True)
class BandName:
    """The middle of a band that is large enough for its name."""

    kind: str
    x: float
    y: float
    width: float
    """Of the band there, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A note's number at its moment; the rows, 0 at the bottom, keep flags apart."""

    number: int
    x: float
    row: int
    note: ReportNote


@dataclass(frozen=True, slots=True)
class ExpressionRow:
    """One expression by itself, on a scale of its own: what a stack hides."""

    kind: str
    top: float
    """The share at its upper edge, 0 to 1."""
    areas: tuple[tuple[Corner, ...], ...]
    intervals: tuple[tuple[Corner, ...], ...]


@dataclass(frozen=True, slots=True)
class StackChart:
    """Everything that a drawing needs."""

    columns: tuple[ReportMinute, ...]
    step: int
    """Minutes a column."""
    minutes: int
    """The width."""
    top: float
    """The value at the upper edge: 1 for shares, a number of faces for presence."""
    kinds: tuple[str, ...]
    """What is stacked, from the bottom up."""
    areas: tuple[Area, ...]
    names: tuple[BandName, ...]
    read: tuple[Span, ...]
    """Where there is a stack; what lies above it is unknown."""
    weak: tuple[Span, ...]
    unread: tuple[Span, ...]
    """Where there is none, and why."""
    ticks: tuple[tuple[int, str], ...]
    """Whole minutes, with their time."""
    faces: tuple[tuple[Corner, ...], ...]
    """How many were in view."""
    faces_top: float
    flags: tuple[Flag, ...]
    timezone: tzinfo
    """Of the ticks."""
    is_presence: bool

    @property
    def begins_at(self) -> datetime:
        """The first minute."""
        return self.columns[0].minute

    @property
    def statuses(self) -> list[MinuteStatus]:
        """Why columns have no stack, each reason once."""
        return list(dict.fromkeys(span.status for span in self.unread))

    @property
    def rows(self) -> tuple[ExpressionRow, ...]:
        """Each expression by itself, in the order of the stack, the uncertain last."""
        return tuple(_expression_row(self.columns, self.step, kind) for kind in (*self.kinds, UNCERTAIN))


def minutes_per_column(minutes: Sequence[ReportMinute], max_columns: int = MAX_COLUMNS) -> int:
    """How many minutes share a column, so that there are at most `max_columns`."""
    return max(1, -(-len(minutes) // max_columns))


def row_top(largest: float) -> float:
    """The share at the upper edge of an expression's row whose largest share this is."""
    return next((top for top in ROW_TOPS if largest <= top), ROW_TOPS[-1])


def stack_chart(
    minutes: Sequence[ReportMinute],
    notes: Sequence[ReportNote],
    timezone: tzinfo,
    is_presence: bool = False,
    time: Callable[[datetime, tzinfo], str] = clock,
) -> StackChart:
    """The chart of consecutive minutes; `time` says how the axis names a minute."""
    step = minutes_per_column(minutes)
    columns = tuple(merge_minutes(minutes, step))
    kinds = tuple(kinds_of_presence(columns)) if is_presence else palette.STACK_ORDER
    values = [_values(column, is_presence) for column in columns]
    faces_top = max([1.0, *(column.faces_mean or 0.0 for column in columns)])
    top = faces_top if is_presence else 1.0
    return StackChart(
        columns=columns,
        step=step,
        minutes=len(columns) * step,
        top=top,
        kinds=kinds,
        areas=tuple(_areas(values, kinds, step)),
        names=tuple(_names(values, kinds, step, top)),
        read=_spans(columns, step, lambda column: column.status if _values(column, is_presence) else None),
        weak=_spans(
            columns, step, lambda column: column.status if column.shares and column.is_weak else None
        ),
        unread=_spans(columns, step, lambda column: None if _values(column, is_presence) else column.status),
        ticks=_ticks(minutes[0].minute, len(minutes), timezone, time),
        faces=tuple(_steps([column.faces_mean for column in columns], step)),
        faces_top=faces_top,
        flags=_flags(notes, minutes[0].minute, len(minutes)),
        timezone=timezone,
        is_presence=is_presence,
    )


def _values(column: ReportMinute, is_presence: bool) -> Mapping[str, float] | None:
    if not is_presence:
        return column.all_shares
    return column.faces_by_turn if column.face_seconds is not None else None


def _runs(flags: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Neighbouring true values, as (first, behind the last)."""
    place = 0
    for is_true, run in groupby(map(bool, flags)):
        length = len(list(run))
        if is_true:
            yield place, place + length
        place += length


def _areas(values: Sequence[Mapping[str, float] | None], kinds: Sequence[str], step: int) -> Iterator[Area]:
    for first, end in _runs(values):
        lower = [0.0] * (end - first)
        for kind in kinds:
            upper = [y + each.get(kind, 0.0) for y, each in zip(lower, values[first:end], strict=True)]
            if upper != lower:
                yield Area(kind, _between(lower, upper, first, step))
            lower = upper


def _between(lower: Sequence[float], upper: Sequence[float], first: int, step: int) -> tuple[Corner, ...]:
    """The stepped polygon between two edges, whose first column is the `first`."""

    def edge(heights: Sequence[float]) -> list[Corner]:
        return [
            (float((first + place + side) * step), y) for place, y in enumerate(heights) for side in (0, 1)
        ]

    return (*edge(upper), *reversed(edge(lower)))


def _steps(heights: Sequence[float | None], step: int) -> Iterator[tuple[Corner, ...]]:
    """The stepped areas below heights, with gaps for None."""
    for first, end in _runs([height is not None for height in heights]):
        yield _between([0.0] * (end - first), heights[first:end], first, step)


def _names(
    values: Sequence[Mapping[str, float] | None], kinds: Sequence[str], step: int, top: float
) -> Iterator[BandName]:
    """Where each band is high enough for longest, if that is long enough."""
    for place, kind in enumerate(kinds):
        high = [each is not None and each.get(kind, 0.0) >= NAMED_HEIGHT * top for each in values]
        first, end = max(_runs(high), key=lambda run: run[1] - run[0], default=(0, 0))
        if end - first < NAMED_WIDTH * len(values):
            continue
        middle = values[(first + end) // 2]
        below = sum(middle.get(each, 0.0) for each in kinds[:place])
        yield BandName(
            kind, ((first + end) // 2 + 0.5) * step, below + middle[kind] / 2, (end - first) / len(values)
        )


def _spans(
    columns: Sequence[ReportMinute], step: int, status: Callable[[ReportMinute], MinuteStatus | None]
) -> tuple[Span, ...]:
    spans, place = [], 0
    for each, run in groupby(columns, status):
        length = len(list(run))
        if each is not None:
            spans.append(Span(place * step, (place + length) * step, each))
        place += length
    return tuple(spans)


def _ticks(
    first: datetime, count: int, timezone: tzinfo, time: Callable[[datetime, tzinfo], str]
) -> tuple[tuple[int, str], ...]:
    step = next((step for step in TICK_STEPS if count / step <= MAX_TICKS), TICK_STEPS[-1])
    local = first.astimezone(timezone)
    begin = -(local.hour * 60 + local.minute) % step
    return tuple((x, time(first + x * MINUTE, timezone)) for x in range(begin, count, step))


def _flags(notes: Sequence[ReportNote], first: datetime, count: int) -> tuple[Flag, ...]:
    """Number the notes; a flag stands in the first row in which it touches none."""
    flags, last = [], [float("-inf")] * FLAG_ROWS
    for number, note in enumerate(notes, start=1):
        x = min(max((note.at - first) / MINUTE, 0.0), count)
        free = (row for row in range(FLAG_ROWS) if x - last[row] >= FLAG_WIDTH * count)
        row = next(free, number % FLAG_ROWS)
        last[row] = x
        flags.append(Flag(number, x, row, note))
    return tuple(flags)


def _expression_row(columns: Sequence[ReportMinute], step: int, kind: str) -> ExpressionRow:
    shares = [column.all_shares and column.all_shares[kind] for column in columns]
    ends = [(column.share_intervals or {}).get(kind) for column in columns]
    most = max([0.0, *(share for share in shares if share is not None), *(each[1] for each in ends if each)])
    return ExpressionRow(
        kind,
        row_top(most),
        tuple(_steps(shares, step)),
        tuple(
            _between([low for low, _ in ends[first:end]], [high for _, high in ends[first:end]], first, step)
            for first, end in _runs(ends)
        ),
    )
