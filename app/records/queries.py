"""The SQL of users, rooms, lectures and minutes; `notes` and `catalogue` hold that of notes and lists."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from app.language import Words
from app.records.counted import CountedMinute
from app.records.tables import Lecture, Minute, Note, Pause, Room, Token, User, db
from app.vision.emotion import EMOTIONS

SPAN_COLUMNS = tuple(f"{name}_seconds" for name in (*EMOTIONS, "uncertain"))


class LectureError(Exception):
    """A lecture can't be started, changed or ended as asked; its argument is the `Words` that say why."""


# users


def any_user() -> bool:
    """Whether anybody can sign in yet."""
    return db.session.scalar(select(func.count()).select_from(User)) > 0


def find_user(name: str) -> User | None:
    """The user of that name."""
    return db.session.scalar(select(User).where(User.name == name))


def set_password(name: str, password: str, administrator: bool = False) -> User:
    """Give the user of that name this password, making the user if need be.

    The first user is an administrator, and whoever is made one with `administrator`.
    """
    user = find_user(name)
    if user is None:
        user = User(name=name, password_hash="", administrator=not any_user())
        db.session.add(user)
    user.administrator = user.administrator or administrator
    if not (user.password_hash and check_password_hash(user.password_hash, password)):
        user.password_hash = generate_password_hash(password)
    db.session.commit()
    return user


def create_token(user: User, at: datetime) -> str:
    """Make a key for programs. Only its hash is kept, so this is the one time that it can be read."""
    token = secrets.token_urlsafe(32)
    db.session.add(Token(user=user, sha256=_sha256(token), created_at=at))
    db.session.commit()
    return token


def user_of_token(token: str) -> User | None:
    """The user to whom a key for programs was given."""
    return db.session.scalar(select(User).join(Token).where(Token.sha256 == _sha256(token)))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# rooms


def room_named(name: str) -> Room:
    """The room of that name, made if it is new."""
    room = find_room(name)
    if room is None:
        try:
            db.session.add(Room(name=name))
            db.session.commit()
        except IntegrityError:  # web and monitor both start, and the other one was first
            db.session.rollback()
        room = find_room(name)
    return room


def find_room(name: str) -> Room | None:
    """The room of that name."""
    return db.session.scalar(select(Room).where(Room.name == name))


def all_rooms() -> Sequence[Room]:
    """Every room, by name."""
    return db.session.scalars(select(Room).order_by(Room.name)).all()


def change_room(room: Room, **stored) -> None:
    """Store settings of a room, named as its columns; None gives a setting its default again."""
    for name, value in stored.items():
        setattr(room, name, value)
    db.session.commit()


def pause_room(room: Room, by: str, at: datetime) -> None:
    """Have nothing looked at in a room; a pause that is there already stays as it is."""
    if room.paused_at is None:
        change_room(room, paused_at=at, paused_by=by)


def resume_room(room: Room, at: datetime) -> None:
    """End the pause of a room, and remember when it was."""
    if room.paused_at is not None:
        db.session.add(Pause(room_id=room.id, began_at=room.paused_at, ended_at=max(at, room.paused_at)))
    change_room(room, paused_at=None, paused_by=None)


def pauses(room: Room, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When the room was paused between two moments: from, to, oldest first; one that lasts ends at `end`."""
    over = db.session.scalars(
        select(Pause)
        .where(Pause.room_id == room.id, Pause.ended_at > start, Pause.began_at < end)
        .order_by(Pause.ended_at)
    )
    found = [(pause.began_at, pause.ended_at) for pause in over]
    if room.paused_at is not None and room.paused_at < end:
        found.append((room.paused_at, end))
    return found


# lectures


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


# minutes


def minutes_of_lecture(lecture: Lecture) -> Sequence[Minute]:
    """A lecture's minutes, oldest first."""
    return db.session.scalars(
        select(Minute).where(Minute.lecture_id == lecture.id).order_by(Minute.minute)
    ).all()


def minutes_between(
    start: datetime | None,
    end: datetime | None,
    room: Room | None,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> Sequence[Minute]:
    """Minutes from `start` on, before `end`, oldest first, `limit` of them, past the (minute, id) `after`."""
    query = select(Minute).order_by(Minute.minute, Minute.id).limit(limit)
    if start is not None:
        query = query.where(Minute.minute >= start)
    if end is not None:
        query = query.where(Minute.minute < end)
    if room is not None:
        query = query.where(Minute.room_id == room.id)
    if after is not None:
        minute, row = after
        query = query.where((Minute.minute > minute) | ((Minute.minute == minute) & (Minute.id > row)))
    return db.session.scalars(query).all()


def load_minute(room: Room, minute: datetime, lecture_id: int | None) -> CountedMinute | None:
    """What is stored of a minute, to be counted on."""
    row = db.session.scalar(_minute(room, minute, lecture_id))
    if row is None:
        return None
    spans = None if row.suppressed else tuple(getattr(row, column) or 0.0 for column in SPAN_COLUMNS)
    return CountedMinute(
        minute=row.minute,
        lecture_id=row.lecture_id,
        online_seconds=row.online_seconds,
        frames_analysed=row.frames_analysed,
        faces_max=row.faces_max,
        face_seconds=row.face_seconds,
        spans=spans,
    )


def save_minute(room: Room, counted: CountedMinute, minimum_group: int) -> None:
    """Write a minute over what is stored of it; the expressions of too few people are left out.

    A minute of a lecture that was deleted meanwhile goes with it.
    """
    if counted.lecture_id is not None and find_lecture(counted.lecture_id) is None:
        return
    row = db.session.scalar(_minute(room, counted.minute, counted.lecture_id))
    if row is None:
        row = Minute(room_id=room.id, lecture_id=counted.lecture_id, minute=counted.minute)
        db.session.add(row)
    row.online_seconds = counted.online_seconds
    row.frames_analysed = counted.frames_analysed
    row.faces_max = counted.faces_max
    row.face_seconds = counted.face_seconds
    row.suppressed = counted.spans is None or counted.too_few(minimum_group)
    spans = [None] * len(SPAN_COLUMNS) if row.suppressed else counted.spans
    for column, seconds in zip(SPAN_COLUMNS, spans, strict=True):
        setattr(row, column, seconds)
    db.session.commit()


def _minute(room: Room, minute: datetime, lecture_id: int | None) -> Select[tuple[Minute]]:
    return select(Minute).where(
        Minute.room_id == room.id, Minute.minute == minute, Minute.lecture_id.is_not_distinct_from(lecture_id)
    )


def delete_older_than(days: int, now: datetime) -> int:
    """Delete minutes, and ended lectures with their notes, that are older; gives how many minutes."""
    oldest = now - timedelta(days=days)
    deleted = db.session.execute(delete(Minute).where(Minute.minute < oldest)).rowcount
    db.session.execute(delete(Lecture).where(Lecture.ended_at < oldest))
    db.session.execute(delete(Pause).where(Pause.ended_at < oldest))
    db.session.commit()
    return deleted
