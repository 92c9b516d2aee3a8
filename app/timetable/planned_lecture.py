"""A planned lecture, and which one a lecture that somebody starts by hand stands for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

EARLY = timedelta(minutes=10)  # a teacher who starts by hand is often there before the bell


@dataclass(frozen=True, slots=True, order=True)
class PlannedLecture:
    """A lecture of the timetable at one date. Its times are UTC."""

    begins_at: datetime
    ends_at: datetime
    title: str
    course: str = ""
    teacher: str = ""
    """Their name; empty if the timetable doesn't say."""
    line_id: int | None = field(default=None, compare=False)
    """The weekly line that it comes from; None if it comes from the calendar."""

    def is_at(self, moment: datetime) -> bool:
        """Whether it takes place then."""
        return self.begins_at <= moment < self.ends_at


def planned_lecture_at(planned: Iterable[PlannedLecture], started_at: datetime) -> PlannedLecture | None:
    """The planned lecture that one started by hand at `started_at` stands for; None if there is none.

    It is the one that begins within EARLY, else the one that takes place.
    """
    lectures = sorted(planned)
    beginning = (each for each in lectures if started_at <= each.begins_at <= started_at + EARLY)
    taking_place = (each for each in lectures if each.is_at(started_at))
    return next(beginning, None) or next(taking_place, None)
