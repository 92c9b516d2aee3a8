"""What students said, as SVG: the four shares of each minute, stacked, and where *lost* began to rise."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.clock import MINUTE
from app.language import translate
from app.pulse.choice import CHOICE_NAMES, Choice
from app.report.pulse_report import PulseReport
from app.report.wording import clock, percent

HEIGHT = 120.0  # pixels; across, everything is in per cent of the width, so that words keep their size
WIDTH = 100.0
MAX_LABELS = 8  # times along the axis


@dataclass(frozen=True, slots=True)
class PulseBar:
    """A rectangle: `x` and `width` in per cent of the chart, `y` and `height` in pixels."""

    choice: Choice
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class PulseChart:
    """Everything that the template draws."""

    bars: tuple[PulseBar, ...]
    marks: tuple[float, ...]
    """x of each minute in which *lost* began to rise, in per cent."""
    labels: tuple[tuple[float, str], ...]
    """x in per cent, and the time there."""
    height: float = HEIGHT


def pulse_chart(pulse: PulseReport, timezone: ZoneInfo) -> PulseChart:
    """A column a minute; a minute in which too few answered, or that was not counted, is empty."""
    first, last = pulse.minutes[0].minute, pulse.minutes[-1].minute
    count = round((last - first) / MINUTE) + 1
    step = WIDTH / count
    bars, marks = [], []
    width = step * (0.92 if count < 240 else 1)
    for minute in pulse.minutes:
        x, y = round((minute.minute - first) / MINUTE) * step, HEIGHT
        time = clock(minute.minute, timezone)
        for choice, share in (minute.shares or {}).items():
            y -= share * HEIGHT
            title = f"{time}: {translate(CHOICE_NAMES[choice])} {minute.counts[choice]} ({percent(share)})"
            if share:
                bars.append(PulseBar(choice, x, y, width, share * HEIGHT, title))
        if minute.lost_rises:
            marks.append(x)
    every = -(-count // MAX_LABELS)
    labels = [
        ((each + 0.5) * step, clock(first + each * MINUTE, timezone)) for each in range(0, count, every)
    ]
    return PulseChart(tuple(bars), tuple(marks), tuple(labels))
