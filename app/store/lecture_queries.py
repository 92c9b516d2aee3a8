"""Lectures: start, end, rename, delete, find."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.language import Words
from app.store.tables import Lecture, Minute, Note, Room, db


class LectureError(Exception):
    """A lecture can't be started, changed or ended as asked; its argument is the `Words` that say why."""


def running_lecture(room: Room) -> Lecture | None:
    """The lecture that runs in a room."""
    return db.session.scalar(select(Lecture).where(Lecture.room_id == room.id, Lecture.ended_at.is_(None)))


def start_lecture(room: Room, title: str, course: str, at: datetime) -> Lecture:
    """Start a lecture; raises LectureError where one runs already."""
    lecture = Lecture(room_id=room.id, title=title, course=course, started_at=at, ended_at=None)
    db.session.add(lecture)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        running = running_lecture(room)
        title = running.title if running else "?"
        raise LectureError(
            Words("“%(title)s” is still running in %(room)s; end it first.", title=title, room=room.name)
        ) from None
    return lecture


def end_lecture(lecture: Lecture, at: datetime) -> None:
    """End a lecture; raises LectureError where it has ended already."""
    if lecture.ended_at is not None:
        raise LectureError(Words("“%(title)s” has ended already.", title=lecture.title))
    lecture.ended_at = max(at, lecture.started_at)
    db.session.commit()


def rename_lecture(lecture: Lecture, title: str | None, course: str | None) -> None:
    """Change what is given of a lecture's title and course."""
    if title is not None:
        lecture.title = title
    if course is not None:
        lecture.course = course
    db.session.commit()


def delete_lecture(lecture: Lecture) -> None:
    """Delete a lecture, its minutes and its notes."""
    db.session.execute(delete(Note).where(Note.lecture_id == lecture.id))
    db.session.execute(delete(Minute).where(Minute.lecture_id == lecture.id))
    db.session.delete(lecture)
    db.session.commit()


def find_lecture(lecture_id: int) -> Lecture | None:
    """The lecture of that id."""
    return db.session.get(Lecture, lecture_id)


def lectures(limit: int, after: int | None = None) -> Sequence[Lecture]:
    """Lectures, newest first, `limit` of them, from the one after the lecture with id `after`."""
    query = select(Lecture).order_by(Lecture.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Lecture.id < after)
    return db.session.scalars(query).all()
