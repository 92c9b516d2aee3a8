"""The weekly lines of a timetable become planned lectures, whatever the clocks do."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.timetable.planned_lecture import PlannedLecture, planned_lecture_at
from app.timetable.week import MAX_LINES, TimetableError, check_line, planned_in_week
from app.timetable.wording import nothing_is_read

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY, SUNDAY = 0, 6


@dataclass
class Weekly:
    """A line as the database gives it."""

    weekday: int
    begins: time
    ends: time
    title: str = "Algebra"
    course: str = "6a"
    teacher: None = None
    id: int = 1


ALGEBRA = Weekly(MONDAY, time(8), time(8, 45))


def begins_of(lines, start: datetime, days: int) -> list[str]:
    planned = planned_in_week(lines, start, start + timedelta(days=days), BERLIN)
    return [f"{each.begins_at:%Y-%m-%d %H:%M}" for each in planned]


def test_a_line_comes_every_week_at_the_clock_s_time_over_both_clock_changes():
    spring = datetime(2026, 3, 23, tzinfo=UTC)
    assert begins_of([ALGEBRA], spring, 8) == ["2026-03-23 07:00", "2026-03-30 06:00"]
    autumn = datetime(2026, 10, 19, tzinfo=UTC)
    assert begins_of([ALGEBRA], autumn, 8) == ["2026-10-19 06:00", "2026-10-26 07:00"]


def test_a_line_in_the_night_of_a_clock_change_is_never_shorter_than_nothing():
    night = [Weekly(SUNDAY, time(hour, 30), time(hour + 1, 15)) for hour in range(4)]
    for change in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        planned = planned_in_week(night, change, change + timedelta(days=1), BERLIN)
        assert all(each.begins_at < each.ends_at for each in planned)
        assert len(planned) >= 3


def test_a_day_is_that_of_the_room_not_of_utc():
    early = Weekly(MONDAY, time(0, 30), time(1))
    assert begins_of([early], datetime(2026, 11, 29, 23, 0, tzinfo=UTC), 1) == ["2026-11-29 23:30"]


def test_what_takes_place_at_the_edge_of_the_span_is_in_it():
    start = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
    assert begins_of([ALGEBRA], start, 1) == ["2026-11-30 07:00"]
    assert begins_of([ALGEBRA], start + timedelta(minutes=15), 1) == [], "it ends at that moment"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (Weekly(MONDAY, time(9), time(9)), "must end after it begins"),
        (Weekly(MONDAY, time(23), time(1)), "runs past midnight"),
        (Weekly(MONDAY, time(8, 44), time(9)), "“Algebra” takes place then: Monday 08:00–08:45"),
        (Weekly(MONDAY, time(7), time(10)), "Only one lecture at a time"),
    ],
)
def test_a_line_that_can_not_be_is_refused_with_a_sentence(line, said):
    with pytest.raises(TimetableError) as refused:
        check_line(line, [ALGEBRA])
    assert said in str(refused.value.args[0])


def test_lectures_may_follow_each_other_at_once():
    check_line(Weekly(MONDAY, time(8, 45), time(9, 30)), [ALGEBRA])
    check_line(Weekly(MONDAY + 1, time(8), time(8, 45)), [ALGEBRA])


def test_a_timetable_has_an_end():
    with pytest.raises(TimetableError):
        check_line(Weekly(SUNDAY, time(8), time(9)), [ALGEBRA] * MAX_LINES)


EIGHT = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
FIRST = PlannedLecture(EIGHT, EIGHT + timedelta(minutes=45), "Algebra")
SECOND = PlannedLecture(EIGHT + timedelta(minutes=45), EIGHT + timedelta(minutes=90), "Biology")


@pytest.mark.parametrize(
    ("minutes", "stands_for"),
    [(-30, None), (-10, FIRST), (0, FIRST), (20, FIRST), (36, SECOND), (45, SECOND), (90, None)],
)
def test_a_lecture_started_by_hand_stands_for_the_one_that_begins_soon_or_takes_place(minutes, stands_for):
    assert planned_lecture_at([SECOND, FIRST], EIGHT + timedelta(minutes=minutes)) == stands_for


@pytest.mark.parametrize(
    ("next_at", "said"),
    [
        (EIGHT, "Nothing is read outside the timetable; next lecture Monday 08:00."),
        (
            EIGHT - timedelta(days=2, hours=-6),
            "Nothing is read outside the timetable; next lecture today 14:00.",
        ),
        (EIGHT + timedelta(days=7), "Nothing is read outside the timetable; next lecture 2026-12-07 08:00."),
        (None, "Nothing is read outside the timetable; no lecture is planned."),
    ],
)
def test_a_closed_camera_says_when_it_opens(next_at, said):
    saturday = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    assert str(nothing_is_read(next_at, saturday, BERLIN)) == said
