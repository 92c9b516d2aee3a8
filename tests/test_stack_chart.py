"""The chart of minutes, for page and PDF: steps, gaps, whole minutes, flags."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.report.lecture_report import ReportNote
from app.report.report_minute import MinuteStatus, ReportMinute
from app.report.stack_chart import MAX_COLUMNS, MAX_TICKS, stack_chart
from app.vision.palette import STACK_ORDER

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 20, 9, 41, tzinfo=UTC)  # 10:41 in Berlin


def minute(number: int, happy: float = 0.2) -> ReportMinute:
    """A minute of ten faces: happy, a tenth uncertain, the others neutral."""
    spans = tuple(600 * share for share in (0, 0, 0, happy, 0, 0, 0.9 - happy, 0.1))
    return ReportMinute(
        START + timedelta(minutes=number), MinuteStatus.READ, 60, 300, 10, 600, expression_seconds=spans
    )


def chart(minutes, notes=()):
    return stack_chart(minutes, notes, BERLIN)


def test_the_stack_has_steps_and_neutral_at_its_bottom():
    drawn = chart([minute(0, 0.2), minute(1, 0.6)])
    assert [area.kind for area in drawn.areas] == ["neutral", "happy"]
    assert drawn.kinds == STACK_ORDER
    neutral = [(x, round(y, 6)) for x, y in drawn.areas[0].corners]
    assert neutral[:4] == [(0, 0.7), (1, 0.7), (1, 0.3), (2, 0.3)], "no slope between two minutes"


def test_what_is_uncertain_lies_above_the_stack():
    drawn = chart([minute(0)])
    assert max(y for area in drawn.areas for _, y in area.corners) == pytest.approx(0.9)


def test_a_minute_without_camera_parts_the_stack_and_says_why():
    gap = ReportMinute(START + timedelta(minutes=1), MinuteStatus.GAP)
    drawn = chart([minute(0), gap, minute(2)])
    assert [(span.start, span.end, span.status) for span in drawn.unread] == [(1, 2, MinuteStatus.GAP)]
    assert len([area for area in drawn.areas if area.kind == "happy"]) == 2
    assert len(drawn.faces) == 2, "a gap is a gap, never a zero"


@pytest.mark.parametrize("count", [1, 3, 45, 90, 299, 1500])
def test_ticks_are_whole_round_minutes_that_never_repeat(count):
    drawn = chart([minute(number) for number in range(count)])
    names = [name for _, name in drawn.ticks]
    assert len(set(names)) == len(names) <= MAX_TICKS + 1
    assert all(isinstance(x, int) for x, _ in drawn.ticks)
    if count == 45:
        assert names == ["10:50", "11:00", "11:10", "11:20"]


def test_a_long_lecture_has_as_many_columns_as_a_screen_shows():
    assert len(chart([minute(number) for number in range(1500)]).columns) <= MAX_COLUMNS


def test_flags_are_numbered_and_close_ones_stand_above_each_other():
    moments = (timedelta(minutes=5), timedelta(minutes=5, seconds=20), timedelta(minutes=30))
    notes = [ReportNote(place, START + after, "note") for place, after in enumerate(moments)]
    flags = chart([minute(number) for number in range(45)], notes).flags
    assert [(flag.number, flag.row) for flag in flags] == [(1, 0), (2, 1), (3, 0)]


def test_only_a_large_band_carries_its_name():
    drawn = chart([minute(number, 0.5 if number > 10 else 0.05) for number in range(30)])
    assert [name.kind for name in drawn.names] == ["neutral", "happy"]
    assert [name.kind for name in chart([minute(number, 0.05) for number in range(30)]).names] == ["neutral"]


def test_an_expression_by_itself_has_a_scale_that_shows_it():
    rows = {row.kind: row for row in chart([minute(0, 0.06), minute(1, 0.2)]).rows}
    assert rows["happy"].top == 0.25
    assert rows["neutral"].top == 1.0
    assert rows["fear"].top == 0.1
    assert list(rows)[-1] == "uncertain"
