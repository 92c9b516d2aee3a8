"""Lectures: start, end, rename, delete, find, list."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.language import Translatable
from app.store.tables import Lecture, Room, db


class LectureError(Exception):
    """A lecture can't be started or ended as asked; its argument, `Translatable`, says why."""


def find_lecture(lecture_id: int) -> Lecture | None:
    """The lecture with this id."""
    return db.session.get(Lecture, lecture_id)


def running_lecture(room: Room) -> Lecture | None:
    """The lecture that is running in a room."""
    return db.session.scalar(select(Lecture).where(Lecture.room_id == room.id, Lecture.ended_at.is_(None)))


def newest_lectures(
    limit: int, after: int | None = None, words: str = "", course: str = "", room: Room | None = None
) -> Sequence[Lecture]:
    """Lectures, newest first, starting behind the lecture with id `after`.

    With `words` only those whose title or course contains them, with `course` only those of that course, with
    `room` only those held there.
    """
    query = select(Lecture).order_by(Lecture.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Lecture.id < after)
    if words:
        query = query.where(
            Lecture.title.icontains(words, autoescape=True) | Lecture.course.icontains(words, autoescape=True)
        )
    if course:
        query = query.where(Lecture.course == course)
    if room is not None:
        query = query.where(Lecture.room_id == room.id)
    return db.session.scalars(query).all()


def other_lectures_of_course(lecture: Lecture, limit: int) -> Sequence[Lecture]:
    """The newest other lectures of a lecture's course."""
    return db.session.scalars(
        select(Lecture)
        .where(Lecture.course == lecture.course, Lecture.id != lecture.id)
        .order_by(Lecture.id.desc())
        .limit(limit)
    ).all()


def count_lectures(room: Room) -> int:
    """How many lectures a room has."""
    return db.session.scalar(select(func.count()).where(Lecture.room_id == room.id))


def all_courses() -> Sequence[str]:
    """Every course that has a lecture, by name."""
    return db.session.scalars(
        select(Lecture.course).where(Lecture.course != "").distinct().order_by(Lecture.course)
    ).all()


def start_lecture(room: Room, title: str, course: str, at: datetime) -> Lecture:
    """Start a lecture; raises LectureError if one is running in the room."""
    lecture = Lecture(room_id=room.id, title=title, course=course, started_at=at, ended_at=None)
    db.session.add(lecture)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        running = running_lecture(room)
        title = running.title if running else "?"
        raise LectureError(
            Translatable(
                "“%(title)s” is still running in %(room)s; end it first.", title=title, room=room.name
            )
        ) from None
    return lecture


def end_lecture(lecture: Lecture, at: datetime) -> None:
    """End a lecture; raises LectureError if it has ended already."""
    if lecture.ended_at is not None:
        raise LectureError(Translatable("“%(title)s” has ended already.", title=lecture.title))
    lecture.ended_at = max(at, lecture.started_at)
    db.session.commit()


def automatic_end(lecture: Lecture, hours: int) -> datetime:
    """When a lecture ends if nobody ends it: as the timetable says, else `hours` after its start."""
    return lecture.planned_end or lecture.started_at + timedelta(hours=hours)


def end_if_overdue(lecture: Lecture, hours: int, now: datetime) -> bool:
    """End a running lecture at its `automatic_end` if that time has passed; gives whether it has."""
    ended_at = automatic_end(lecture, hours)
    if now < ended_at:
        return False
    db.session.execute(
        update(Lecture)
        .where(Lecture.id == lecture.id, Lecture.ended_at.is_(None))  # nobody ended it meanwhile
        .values(ended_at=ended_at, ended_by_itself=True)
    )
    db.session.commit()
    return True


def newest_that_ended_by_itself(room: Room, since: datetime) -> Lecture | None:
    """The room's newest lecture, if it ended by itself at or after `since`."""
    newest = db.session.scalar(
        select(Lecture).where(Lecture.room_id == room.id).order_by(Lecture.id.desc()).limit(1)
    )
    if newest is None or not newest.ended_by_itself or newest.ended_at < since:
        return None
    return newest


def rename_lecture(lecture: Lecture, title: str | None, course: str | None) -> None:
    """Change a lecture's title and course; None leaves one as it is."""
    if title is not None:
        lecture.title = title
    if course is not None:
        lecture.course = course
    db.session.commit()


def delete_lecture(lecture: Lecture) -> None:
    """Delete a lecture. The database deletes its minutes and notes (ON DELETE CASCADE)."""
    db.session.delete(lecture)
    db.session.commit()
