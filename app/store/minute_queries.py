"""Minutes: load, save, list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select

from app.store.counted_minute import CountedMinute
from app.store.lecture_queries import find_lecture
from app.store.minute_figures import ExpressionSeconds
from app.store.tables import EXPRESSION_COLUMNS, Lecture, Minute, Room, db

MAX_REPORTED = timedelta(days=7)
"""How much of a lecture is reported, so that no lecture fills the memory. LECTURE_HOURS ends one far earlier;
what an older version recorded may be longer."""


def minutes_of_lecture(lecture: Lecture) -> Sequence[Minute]:
    """A lecture's minutes, oldest first; no more than MAX_REPORTED from its start."""
    return db.session.scalars(select(Minute).where(_is_reported_in(lecture)).order_by(Minute.minute)).all()


def _is_reported_in(lecture: Lecture) -> ColumnElement[bool]:
    return (Minute.lecture_id == lecture.id) & (Minute.minute < lecture.started_at + MAX_REPORTED)


def count_minutes(lecture: Lecture) -> int:
    """How many minutes a lecture has."""
    return db.session.scalar(select(func.count()).select_from(Minute).where(Minute.lecture_id == lecture.id))


def minutes_between(
    start: datetime | None,
    end: datetime | None,
    room: Room | None,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> Sequence[Minute]:
    """Minutes from `start` on, before `end`, oldest first, starting behind the (minute, id) `after`."""
    query = select(Minute).order_by(Minute.minute, Minute.id).limit(limit)
    if start is not None:
        query = query.where(Minute.minute >= start)
    if end is not None:
        query = query.where(Minute.minute < end)
    if room is not None:
        query = query.where(Minute.room_id == room.id)
    if after is not None:
        minute, row_id = after
        query = query.where((Minute.minute > minute) | ((Minute.minute == minute) & (Minute.id > row_id)))
    return db.session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class MinuteExpressions:
    """The expressions of a minute, without its other figures."""

    minute: datetime
    expression_seconds: ExpressionSeconds | None
    """None if suppressed."""


def expressions_of_lectures(lectures: Sequence[Lecture]) -> dict[int, list[MinuteExpressions]]:
    """The expressions of the minutes of these lectures by lecture id, oldest first, in one query."""
    rows = db.session.execute(
        select(Minute.lecture_id, Minute.minute, *(getattr(Minute, name) for name in EXPRESSION_COLUMNS))
        .where(or_(False, *map(_is_reported_in, lectures)))
        .order_by(Minute.minute)
    )
    minutes = {lecture.id: [] for lecture in lectures}
    for lecture_id, minute, *seconds in rows:
        minutes[lecture_id].append(MinuteExpressions(minute, None if None in seconds else tuple(seconds)))
    return minutes


def load_minute(room: Room, minute: datetime, lecture_id: int | None) -> CountedMinute | None:
    """What is stored of a minute, so that counting can go on."""
    row = db.session.scalar(_select_minute(room, minute, lecture_id))
    if row is None:
        return None
    return CountedMinute(
        minute=row.minute,
        lecture_id=row.lecture_id,
        online_seconds=row.online_seconds,
        frames_analysed=row.frames_analysed,
        faces_max=row.faces_max,
        face_seconds=row.face_seconds,
        expression_seconds=row.expression_seconds,
    )


def save_minute(room: Room, counted: CountedMinute, minimum_group: int) -> None:
    """Insert or overwrite a minute, without expressions if fewer than `minimum_group` people were in view.

    A minute of a lecture that was deleted meanwhile is dropped.
    """
    if counted.lecture_id is not None and find_lecture(counted.lecture_id) is None:
        return
    row = db.session.scalar(_select_minute(room, counted.minute, counted.lecture_id))
    if row is None:
        row = Minute(room_id=room.id, lecture_id=counted.lecture_id, minute=counted.minute)
        db.session.add(row)
    row.online_seconds = counted.online_seconds
    row.frames_analysed = counted.frames_analysed
    row.faces_max = counted.faces_max
    row.face_seconds = counted.face_seconds
    row.expression_seconds = counted.suppressed_below(minimum_group).expression_seconds
    db.session.commit()


def _select_minute(room: Room, minute: datetime, lecture_id: int | None) -> Select[tuple[Minute]]:
    return select(Minute).where(
        Minute.room_id == room.id, Minute.minute == minute, Minute.lecture_id.is_not_distinct_from(lecture_id)
    )
