"""Lectures: start, end, rename, delete, find, list."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from app.language import Translatable
from app.purpose import Purpose
from app.store import pulse_queries
from app.store.changes import note_change
from app.store.deletion import UNDO_TIME
from app.store.scope import Scope
from app.store.tables import INCLUDE_DELETED, Lecture, Note, Room, User, db, lecture_share

USUAL_WEEKS = timedelta(weeks=10)
USUAL_DEVIATION = timedelta(minutes=40)
"""A lesson begins about so much earlier or later than a week before."""
MAX_OF_COURSE = 100  # lectures of a course that its page shows: a year with three a week
RESUME_TIME = timedelta(minutes=10)
"""How long after its end a lecture can go on."""


class LectureError(Exception):
    """A lecture can't be started or ended as asked; its argument, `Translatable`, says why."""


def find_lecture(lecture_id: int) -> Lecture | None:
    """The lecture with this id."""
    return db.session.get(Lecture, lecture_id)


def running_lecture(room: Room) -> Lecture | None:
    """The lecture that is running in a room."""
    return db.session.scalar(select(Lecture).where(Lecture.room_id == room.id, Lecture.ended_at.is_(None)))


def find_visible_lecture(scope: Scope, lecture_id: int) -> Lecture | None:
    """The lecture with this id, if it may be seen."""
    return db.session.scalar(select(Lecture).where(Lecture.id == lecture_id, is_visible(scope)))


def is_visible(scope: Scope) -> ColumnElement[bool]:
    """Whether a lecture may be seen: one's own, or shared with one; for administrators each."""
    visible = true()
    if scope.lecture_room_ids is not None:
        visible = Lecture.room_id.in_(scope.lecture_room_ids)
    if scope.is_administrator:
        return visible
    shared = select(lecture_share.c.lecture_id).where(lecture_share.c.user_id == scope.user_id)
    return visible & ((Lecture.owner_id == scope.user_id) | Lecture.id.in_(shared))


def newest_lectures(
    scope: Scope,
    limit: int,
    after: int | None = None,
    words: str = "",
    course: str = "",
    room: Room | None = None,
    owner: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Sequence[Lecture]:
    """Lectures, newest first, starting behind the lecture with id `after`.

    With `words` only those whose title, course or notes contain them, with `course` only those of that
    course, with `room` only those held there, with `owner` only those of the user with that name. Only those
    that began at `start` or later, and before `end`.
    """
    query = (
        select(Lecture)
        .where(is_visible(scope))
        .options(joinedload(Lecture.owner), selectinload(Lecture.shared_with))
        .order_by(Lecture.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(Lecture.id < after)
    if words:
        in_title = Lecture.title.icontains(words, autoescape=True)
        in_course = Lecture.course.icontains(words, autoescape=True)
        in_notes = select(Note.lecture_id).where(Note.text.icontains(words, autoescape=True))
        query = query.where(in_title | in_course | Lecture.id.in_(in_notes))
    if course:
        query = query.where(Lecture.course == course)
    if room is not None:
        query = query.where(Lecture.room_id == room.id)
    if owner:
        query = query.where(Lecture.owner.has(User.name == owner))
    if start is not None:
        query = query.where(Lecture.started_at >= start)
    if end is not None:
        query = query.where(Lecture.started_at < end)
    return db.session.scalars(query).all()


def hidden_between(
    scope: Scope, room: Room, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """When lectures that may not be seen took place in a room, as (from, to), oldest first.

    One that is running ends at `end`.
    """
    hidden = db.session.scalars(
        select(Lecture)
        .where(Lecture.room_id == room.id, Lecture.started_at < end, ~is_visible(scope))
        .where(~Lecture.from_recording)
        .where(Lecture.ended_at.is_(None) | (Lecture.ended_at > start))
        .order_by(Lecture.started_at)
    )
    return [(lecture.started_at, lecture.ended_at or end) for lecture in hidden]


def other_lectures_of_course(scope: Scope, lecture: Lecture, limit: int) -> Sequence[Lecture]:
    """The newest other lectures of a lecture's course."""
    return db.session.scalars(
        select(Lecture)
        .where(Lecture.course == lecture.course, Lecture.id != lecture.id, is_visible(scope))
        .order_by(Lecture.id.desc())
        .limit(limit)
    ).all()


def lectures_of_course(scope: Scope, course: str) -> list[Lecture]:
    """The newest MAX_OF_COURSE lectures of a course that may be seen, oldest first."""
    newest = db.session.scalars(
        select(Lecture)
        .where(Lecture.course == course, is_visible(scope))
        .order_by(Lecture.started_at.desc())
        .limit(MAX_OF_COURSE)
    )
    return list(reversed(newest.all()))


def count_lectures(room: Room) -> int:
    """How many lectures a room has."""
    return db.session.scalar(select(func.count()).where(Lecture.room_id == room.id))


def all_courses(scope: Scope) -> Sequence[str]:
    """Every course that has a lecture, by name."""
    return db.session.scalars(
        select(Lecture.course)
        .where(Lecture.course != "", is_visible(scope))
        .distinct()
        .order_by(Lecture.course)
    ).all()


def all_owners(scope: Scope) -> Sequence[str]:
    """Everybody who has a lecture that may be seen, by name."""
    return db.session.scalars(
        select(User.name)
        .where(User.id.in_(select(Lecture.owner_id).where(is_visible(scope))))
        .order_by(User.name)
    ).all()


def usual_course(room: Room, owner: User, now: datetime, zone: ZoneInfo) -> str:
    """The course of the owner's newest lecture in a room at about this hour of this weekday, or ""."""
    local = now.astimezone(zone)
    earlier = db.session.scalars(
        select(Lecture)
        .where(Lecture.room_id == room.id, Lecture.owner_id == owner.id, Lecture.course != "")
        .where(Lecture.started_at > now - USUAL_WEEKS, ~Lecture.from_recording)
        .order_by(Lecture.started_at.desc())
    )
    for lecture in earlier:
        start = lecture.started_at.astimezone(zone)
        same_time_today = datetime.combine(local.date(), start.time(), zone)
        if start.weekday() == local.weekday() and abs(same_time_today - local) <= USUAL_DEVIATION:
            return lecture.course
    return ""


def start_lecture(
    room: Room,
    title: str,
    course: str,
    at: datetime,
    owner: User | None = None,
    purpose: Purpose = Purpose.EXPRESSIONS,
) -> Lecture:
    """Start a lecture of `owner`, by default of the administrators; LectureError if one is running there.

    `purpose` is the room's.
    """
    owner_id = owner.id if owner else None
    lecture = Lecture(
        room_id=room.id,
        title=title,
        course=course,
        started_at=at,
        ended_at=None,
        owner_id=owner_id,
        purpose=purpose,
    )
    db.session.add(lecture)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise LectureError(_why_not_started(room, owner_id)) from None
    return lecture


def _why_not_started(room: Room, owner_id: int | None) -> Translatable:
    """Which lecture is running in the room; of somebody else's lecture only whose it is."""
    running = running_lecture(room)
    if running is None:
        return Translatable("A lecture was running in %(room)s until just now. Try again.", room=room.name)
    if running.owner_id == owner_id:
        return Translatable(
            "“%(title)s” is still running in %(room)s; end it first.", title=running.title, room=room.name
        )
    if running.owner is None:
        return Translatable("A lecture is still running in %(room)s; end it first.", room=room.name)
    return Translatable(
        "A lecture of %(name)s is still running in %(room)s; end it first.",
        name=running.owner.name,
        room=room.name,
    )


def end_lecture(lecture: Lecture, at: datetime) -> None:
    """End a lecture; raises LectureError if it has ended already."""
    if lecture.ended_at is not None:
        raise LectureError(Translatable("“%(title)s” has ended already.", title=lecture.title))
    lecture.ended_at = max(at, lecture.started_at)
    pulse_queries.close_pulse(lecture.id, lecture.ended_at)
    db.session.commit()


def can_resume(lecture: Lecture, now: datetime) -> bool:
    """Whether a lecture can be resumed: it ended at most RESUME_TIME ago, and is no recording."""
    has_just_ended = lecture.ended_at is not None and now - lecture.ended_at <= RESUME_TIME
    return has_just_ended and not lecture.from_recording


def newest_to_resume(room: Room, owner: User, now: datetime) -> Lecture | None:
    """The room's last lecture, if it is this owner's and can still be resumed."""
    newest = db.session.scalar(
        select(Lecture)
        .where(Lecture.room_id == room.id, ~Lecture.from_recording)
        .order_by(Lecture.ended_at.desc())
        .limit(1)
    )
    if newest is None or newest.owner_id != owner.id:
        return None
    return newest if can_resume(newest, now) else None


def resume_lecture(lecture: Lecture, now: datetime) -> None:
    """Resume a lecture that has just ended; LectureError if it is too late, or another one is running.

    A planned end that has passed no longer holds.
    """
    if not can_resume(lecture, now):
        raise LectureError(
            Translatable(
                "A lecture can go on for %(minutes)s minutes after its end.",
                minutes=RESUME_TIME.seconds // 60,
            )
        )
    room, owner_id = lecture.room, lecture.owner_id
    lecture.ended_at, lecture.ended_by_itself = None, False
    if lecture.planned_end is not None and lecture.planned_end <= now:
        lecture.planned_end = None
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise LectureError(_why_not_started(room, owner_id)) from None


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
    note_change(lecture.room_id)
    pulse_queries.close_pulse(lecture.id, ended_at)
    db.session.commit()
    return True


def newest_that_ended_by_itself(room: Room, since: datetime) -> Lecture | None:
    """The room's newest lecture, if it ended by itself at or after `since`."""
    newest = db.session.scalar(
        select(Lecture)
        .where(Lecture.room_id == room.id, ~Lecture.from_recording)
        .order_by(Lecture.id.desc())
        .limit(1)
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


def share_lecture(lecture: Lecture, users: Sequence[User]) -> None:
    """Let these users read a lecture, and nobody else besides its owner and the administrators."""
    lecture.shared_with = list(users)
    db.session.commit()


def count_lectures_of(user: User) -> int:
    """How many lectures somebody has."""
    return db.session.scalar(select(func.count()).select_from(Lecture).where(Lecture.owner_id == user.id))


def hide_lecture(lecture: Lecture, now: datetime) -> None:
    """Delete a lecture so that it can be restored for UNDO_TIME; one that is running ends."""
    lecture.deleted_at = now
    if lecture.ended_at is None:
        lecture.ended_at = max(now, lecture.started_at)
        pulse_queries.close_pulse(lecture.id, lecture.ended_at)
    db.session.commit()


def find_hidden_lecture(scope: Scope, lecture_id: int, now: datetime) -> Lecture | None:
    """The lecture with this id, if it was deleted, may be seen and can still be restored."""
    return db.session.scalar(
        select(Lecture)
        .where(Lecture.id == lecture_id, Lecture.deleted_at > now - UNDO_TIME, is_visible(scope))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def restore_lecture(lecture: Lecture) -> None:
    """Undo the deletion of a lecture."""
    lecture.deleted_at = None
    db.session.commit()


def delete_lecture(lecture: Lecture) -> None:
    """Delete a lecture for good. The database deletes its minutes and notes (ON DELETE CASCADE)."""
    db.session.delete(lecture)
    db.session.commit()
