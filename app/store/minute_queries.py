"""Minutes: load, save, list."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select

from app.store.counted_minute import CountedMinute
from app.store.lecture_queries import find_lecture
from app.store.tables import Lecture, Minute, Room, db
from app.vision.emotion import EMOTIONS

SPAN_COLUMNS = tuple(f"{name}_seconds" for name in (*EMOTIONS, "uncertain"))


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
