"""Begins and ends the lectures of a room at their time. What somebody does by hand takes precedence."""

import logging
from datetime import datetime, timedelta

from app.clock import Clock
from app.store import lecture_queries, timetable_queries
from app.store.effective_settings import effective_settings
from app.store.tables import Lecture, Room
from app.timetable.planned_lecture import PlannedLecture, planned_lecture_at

log = logging.getLogger(__name__)

AROUND = timedelta(days=1)  # no planned lecture is longer


class LectureKeeper:
    """Knows which lecture runs, having begun or ended it if its time had come."""

    def __init__(self, clock: Clock, lecture_hours: int) -> None:
        """A lecture that nobody ends, and that has no planned end, ends after `lecture_hours`."""
        self._clock = clock
        self._lecture_hours = lecture_hours
        self._planned: list[PlannedLecture] = []
        """The planned lectures around now."""
        self._due_at: datetime | None = None

    def running_lecture(self, room: Room) -> Lecture | None:
        """The lecture that runs from now on; begins and ends lectures.

        Call it when something about the room has changed, and when `is_due` says so.
        """
        now = self._clock.now()
        self._planned = timetable_queries.planned_between(room, now - AROUND, now + AROUND)
        lecture = lecture_queries.running_lecture(room)
        if lecture is not None:
            self._plan_end(lecture, now)
        if lecture is not None and lecture_queries.end_if_overdue(lecture, self._lecture_hours, now):
            self._log_end(lecture)
            lecture = None
        lecture = self._begin_due(room, now) or lecture
        self._due_at = self._next_change(lecture, now)
        return lecture

    def is_due(self) -> bool:
        """Whether a lecture is to begin or to end by now."""
        return self._due_at is not None and self._clock.now() >= self._due_at

    def _next_change(self, lecture: Lecture | None, now: datetime) -> datetime | None:
        moments = [planned.begins_at for planned in self._planned if planned.begins_at > now]
        if lecture is not None:
            moments.append(lecture_queries.automatic_end(lecture, self._lecture_hours))
        return min(moments, default=None)

    def _plan_end(self, lecture: Lecture, now: datetime) -> None:
        """Give a lecture that somebody started by hand the end of the planned one that it stands for."""
        planned = planned_lecture_at(self._planned, lecture.started_at)
        if lecture.planned_end is None and planned is not None and planned.ends_at > now:
            timetable_queries.plan_end(lecture, planned.ends_at)

    def _log_end(self, lecture: Lecture) -> None:
        if lecture.planned_end is not None:
            log.info("lecture %d ended as planned", lecture.id)
        else:
            log.info("lecture %d ended by itself after %d hours", lecture.id, self._lecture_hours)

    def _begin_due(self, room: Room, now: datetime) -> Lecture | None:
        """Begin the planned lecture that is due, unless it was begun before or another takes its place."""
        begun = None
        for planned in self._planned:
            if planned.is_at(now) and not _was_due_before(room, planned, now):
                purpose = effective_settings(room, now).purpose
                begun = timetable_queries.begin_planned_lecture(room, planned, now, purpose) or begun
        if begun is not None:
            log.info("lecture %d began as planned", begun.id)
        return begun


def _was_due_before(room: Room, planned: PlannedLecture, now: datetime) -> bool:
    # a `planned_until` in the future was stored while the clock was wrong: ignore it
    return room.planned_until is not None and planned.begins_at <= room.planned_until <= now
