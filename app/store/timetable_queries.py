"""The timetable of a room: its lines, its subscribed calendar, and the lectures that they plan."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.language import Translatable
from app.purpose import Purpose
from app.role import Role
from app.store.room_queries import zone_of
from app.store.tables import CalendarLecture, Lecture, Room, TimetableLine, User, db
from app.timetable.planned_lecture import PlannedLecture
from app.timetable.week import check_line, planned_in_week

WEEK = timedelta(days=7)
MAX_VALUE = 100  # characters of a host or an address in a sentence: the column holds 500


def lines_of(room: Room) -> Sequence[TimetableLine]:
    """The room's lines, from Monday morning on."""
    return db.session.scalars(
        select(TimetableLine)
        .where(TimetableLine.room_id == room.id)
        .order_by(TimetableLine.weekday, TimetableLine.begins)
        .options(joinedload(TimetableLine.teacher))
    ).all()


def find_line(room: Room, line_id: int) -> TimetableLine | None:
    """The room's line with this id."""
    return db.session.scalar(
        select(TimetableLine).where(TimetableLine.id == line_id, TimetableLine.room_id == room.id)
    )


def store_line(room: Room, line_id: int | None, **columns) -> None:
    """Change the line with this id, or add one without; raises TimetableError where it can't be.

    A line that was removed meanwhile is added again.
    """
    check_line(TimetableLine(**columns), (line for line in lines_of(room) if line.id != line_id))
    line = find_line(room, line_id) if line_id is not None else None
    if line is None:
        line = TimetableLine(room_id=room.id)
        db.session.add(line)
    for name, value in columns.items():
        setattr(line, name, value)
    db.session.commit()


def remove_line(room: Room, line_id: int) -> None:
    """Remove the line with this id, if it is there."""
    line = find_line(room, line_id)
    if line is not None:
        db.session.delete(line)
        db.session.commit()


def possible_teachers() -> Sequence[User]:
    """Everybody who can have lectures, by name."""
    return db.session.scalars(select(User).where(User.role != Role.VIEWER).order_by(User.name)).all()


def planned_between(room: Room, start: datetime, end: datetime) -> list[PlannedLecture]:
    """The lectures that the room's lines and its calendar plan between two moments, oldest first."""
    in_week = planned_in_week(lines_of(room), start, end, zone_of(room))
    if room.calendar_url is None:
        return sorted(in_week)
    in_calendar = db.session.scalars(
        select(CalendarLecture).where(
            CalendarLecture.room_id == room.id,
            CalendarLecture.begins_at < end,
            CalendarLecture.ends_at > start,
        )
    )
    return sorted([*in_week, *(_planned(row) for row in in_calendar)])


def next_planned(room: Room, now: datetime) -> PlannedLecture | None:
    """The next lecture that is planned to begin; None if none is."""
    in_week = planned_in_week(lines_of(room), now, now + WEEK + timedelta(days=1), zone_of(room))
    in_calendar = db.session.scalar(
        select(CalendarLecture)
        .where(CalendarLecture.room_id == room.id, CalendarLecture.begins_at > now)
        .order_by(CalendarLecture.begins_at)
        .limit(1)
    )
    upcoming = [each for each in in_week if each.begins_at > now]
    if in_calendar is not None:
        upcoming.append(_planned(in_calendar))
    return min(upcoming, default=None)


def _planned(row: CalendarLecture) -> PlannedLecture:
    return PlannedLecture(row.begins_at, row.ends_at, row.title, row.course, row.teacher)


def store_calendar(room: Room, address: str, lectures: Iterable[PlannedLecture], at: datetime) -> None:
    """Store what the calendar at this address plans, in place of what was stored."""
    _forget_calendar(room)
    db.session.add_all(
        CalendarLecture(
            room_id=room.id,
            begins_at=each.begins_at,
            ends_at=each.ends_at,
            title=each.title,
            course=each.course,
            teacher=each.teacher,
        )
        for each in lectures
    )
    room.calendar_url, room.calendar_fetched_at, room.calendar_problem = address, at, None
    db.session.commit()


def remove_calendar(room: Room) -> None:
    """End the subscription of the room's calendar."""
    _forget_calendar(room)
    room.calendar_url = room.calendar_fetched_at = room.calendar_problem = None
    db.session.commit()


def _forget_calendar(room: Room) -> None:
    db.session.execute(delete(CalendarLecture).where(CalendarLecture.room_id == room.id))


def store_calendar_problem(room: Room, problem: Translatable) -> None:
    """Store why the calendar could not be read; what it planned before stays."""
    room.calendar_problem = json.dumps(problem.as_json(MAX_VALUE), ensure_ascii=False)
    db.session.commit()


def calendar_problem(room: Room) -> Translatable | None:
    """Why the newest try to read the calendar failed; None if it did not."""
    if room.calendar_problem is None:
        return None
    return Translatable.from_json(json.loads(room.calendar_problem))


def begin_planned_lecture(
    room: Room, planned: PlannedLecture, now: datetime, purpose: Purpose = Purpose.EXPRESSIONS
) -> Lecture | None:
    """Begin a planned lecture, and note that it was; None if another lecture goes before.

    `purpose` is the room's.
    That is one of this room that took place between the planned start and now, whoever started or ended it.
    A recording is none.
    """
    room.planned_until = planned.begins_at
    others = select(Lecture.id).where(
        Lecture.room_id == room.id,
        ~Lecture.from_recording,
        Lecture.started_at <= now,
        or_(Lecture.ended_at.is_(None), Lecture.ended_at > planned.begins_at),
    )
    lecture = None
    if db.session.scalar(others.limit(1)) is None:
        lecture = Lecture(
            room_id=room.id,
            title=planned.title,
            course=planned.course,
            started_at=now,
            planned_end=planned.ends_at,
            owner_id=_teacher_id(planned),
            purpose=purpose,
        )
        db.session.add(lecture)
    try:
        db.session.commit()
    except IntegrityError:  # somebody started one at this moment; the next call sees it
        db.session.rollback()
        return None
    return lecture


def _teacher_id(planned: PlannedLecture) -> int | None:
    return db.session.scalar(select(User.id).where(User.name == planned.teacher)) if planned.teacher else None


def plan_end(lecture: Lecture, ends_at: datetime) -> None:
    """Let a lecture that somebody started by hand end when the timetable says."""
    lecture.planned_end = ends_at
    db.session.commit()
