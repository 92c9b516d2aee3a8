"""The weekly lines of a timetable: checked against each other, and turned into planned lectures."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

from app.language import Translatable
from app.timetable.planned_lecture import PlannedLecture

WEEKDAYS = (
    Translatable("Monday"),
    Translatable("Tuesday"),
    Translatable("Wednesday"),
    Translatable("Thursday"),
    Translatable("Friday"),
    Translatable("Saturday"),
    Translatable("Sunday"),
)
MAX_LINES = 200  # of a room; a lesson every 45 minutes, day and night, makes 224


class TimetableError(ValueError):
    """A line can't be added; its argument, `Translatable`, says why."""


class NamedUser(Protocol):
    """The teacher of a line."""

    name: str


class Line(Protocol):
    """A lecture that comes every week, in the room's own time."""

    id: int | None
    weekday: int
    """0 for Monday to 6 for Sunday."""
    begins: time
    ends: time
    title: str
    course: str
    teacher: NamedUser | None


def planned_in_week(
    lines: Iterable[Line], start: datetime, end: datetime, zone: tzinfo
) -> list[PlannedLecture]:
    """The lectures of the lines that take place between two moments, oldest first.

    A line's time is that of the clock on the wall: after a clock change it is another moment in UTC.
    """
    lines = list(lines)
    lectures = (
        _on_day(line, day, zone)
        for day in _days(start.astimezone(zone).date(), end.astimezone(zone).date())
        for line in lines
        if line.weekday == day.weekday()
    )
    return sorted(each for each in lectures if max(each.begins_at, start) < min(each.ends_at, end))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _on_day(line: Line, day: date, zone: tzinfo) -> PlannedLecture:
    begins_at, ends_at = (
        datetime.combine(day, clock_time, zone).astimezone(UTC) for clock_time in (line.begins, line.ends)
    )
    teacher = line.teacher.name if line.teacher else ""
    return PlannedLecture(begins_at, ends_at, line.title, line.course, teacher, line.id)


def check_line(line: Line, others: Iterable[Line]) -> None:
    """Raise TimetableError unless the line ends after its beginning and overlaps none of the others."""
    if line.ends <= line.begins:
        raise TimetableError(
            Translatable(
                "The lecture must end after it begins, on the same day. "
                "Enter one that runs past midnight as two."
            )
        )
    others = list(others)
    if len(others) >= MAX_LINES:
        raise TimetableError(
            Translatable("The timetable has %(count)s lectures, which is the most.", count=MAX_LINES)
        )
    for other in others:
        if other.weekday == line.weekday and other.begins < line.ends and line.begins < other.ends:
            raise TimetableError(
                Translatable(
                    "“%(title)s” takes place then: %(day)s %(begins)s–%(ends)s. "
                    "Only one lecture at a time can take place in a room.",
                    title=other.title,
                    day=WEEKDAYS[other.weekday],
                    begins=f"{other.begins:%H:%M}",
                    ends=f"{other.ends:%H:%M}",
                )
            )
