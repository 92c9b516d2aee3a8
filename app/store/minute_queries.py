"""Minutes: load, save, list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from app.clock import MINUTE
from app.purpose import Purpose
from app.store.counted_minute import NO_EXPRESSION_SECONDS, CountedMinute
from app.store.lecture_queries import is_visible
from app.store.minute_figures import ExpressionSeconds
from app.store.room_queries import newest_lease_numbers
from app.store.scope import Scope
from app.store.tables import EXPRESSION_COLUMNS, INCLUDE_DELETED, PRESENCE_COLUMNS, Lecture, Minute, Room, db

MAX_WRITING_TIME = timedelta(minutes=1)
"""A minute that is not marked as finished so long after its end belongs to a monitor that was killed."""
MAX_REPORTED = timedelta(days=7)
"""How much of a lecture is reported, so that no lecture fills the memory. LECTURE_HOURS ends one far earlier;
what an older version recorded may be longer."""


class LeaseSuperseded(Exception):
    """The room has a newer lease than the one under which a minute was to be written."""


def minutes_of_lecture(lecture: Lecture, now: datetime) -> Sequence[Minute]:
    """A lecture's minutes, oldest first, without expressions where they still grow.

    No more than MAX_REPORTED from its start.
    """
    return _load(select(Minute).where(_is_reported_in(lecture)).order_by(Minute.minute), now)


def minutes_of_lectures(lectures: Sequence[Lecture], now: datetime) -> dict[int, list[Minute]]:
    """The finished minutes of lectures, by lecture id, oldest first, in one query."""
    minutes = {lecture.id: [] for lecture in lectures}
    query = select(Minute).where(or_(False, *map(_is_reported_in, lectures))).order_by(Minute.minute)
    for row in _load(query, now):
        if not row.is_withheld:
            minutes[row.lecture_id].append(row)
    return minutes


def _is_reported_in(lecture: Lecture) -> ColumnElement[bool]:
    return (Minute.lecture_id == lecture.id) & (Minute.minute < lecture.started_at + MAX_REPORTED)


def count_minutes(lecture: Lecture) -> int:
    """How many minutes a lecture has."""
    return db.session.scalar(select(func.count()).select_from(Minute).where(Minute.lecture_id == lecture.id))


def minutes_between(
    scope: Scope,
    start: datetime | None,
    end: datetime | None,
    room: Room | None,
    now: datetime,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> Sequence[Minute]:
    """Minutes from `start` on, before `end`, oldest first, starting behind the (minute, id) `after`.

    Of the rooms and the lectures that may be seen, but not of recordings: a room's camera may have seen the
    same minute. Those that still grow come without expressions.
    """
    query = (
        select(Minute)
        .where(_may_be_seen(scope), ~_is_recorded())
        .order_by(Minute.minute, Minute.id)
        .limit(limit)
    )
    if start is not None:
        query = query.where(Minute.minute >= start)
    if end is not None:
        query = query.where(Minute.minute < end)
    if room is not None:
        query = query.where(Minute.room_id == room.id)
    if after is not None:
        minute, row_id = after
        query = query.where((Minute.minute > minute) | ((Minute.minute == minute) & (Minute.id > row_id)))
    return _load(query, now)


def _may_be_seen(scope: Scope) -> ColumnElement[bool]:
    """Whether a minute lies in a room that may be watched, and not in a lecture that may not be read."""
    visible = true()
    if scope.room_ids is not None:
        visible = Minute.room_id.in_(scope.room_ids)
    visible_lectures = select(Lecture.id).where(is_visible(scope))
    return visible & (Minute.lecture_id.is_(None) | Minute.lecture_id.in_(visible_lectures))


def _is_recorded() -> ColumnElement[bool]:
    """Whether a minute belongs to a recording."""
    return exists().where(Lecture.id == Minute.lecture_id, Lecture.from_recording)


def _load(query: Select[tuple[Minute]], now: datetime) -> Sequence[Minute]:
    """Load minutes, and withhold the expressions of those that can still grow.

    Whoever gets a minute twice while it grows can subtract one answer from the other.
    """
    rows = db.session.execute(query.add_columns(_is_finished(now))).all()
    for minute, is_finished in rows:
        minute.is_withheld = not is_finished
    return [minute for minute, _ in rows]


def _is_finished(now: datetime) -> ColumnElement[bool]:
    """Whether a minute can't grow any more."""
    ended_lectures = select(Lecture.id).where(Lecture.ended_at.is_not(None))
    is_over = (Minute.minute <= now - MINUTE) | Minute.lecture_id.in_(ended_lectures)
    return is_over & (Minute.is_finished | (Minute.minute <= now - MINUTE - MAX_WRITING_TIME))


@dataclass(frozen=True, slots=True)
class MinuteExpressions:
    """The expressions of a minute, without its other figures."""

    minute: datetime
    expression_seconds: ExpressionSeconds | None
    """None if suppressed."""


def expressions_of_lectures(lectures: Sequence[Lecture], now: datetime) -> dict[int, list[MinuteExpressions]]:
    """The expressions of the finished minutes of lectures, by lecture id, oldest first, in one query."""
    rows = db.session.execute(
        select(Minute.lecture_id, Minute.minute, *(getattr(Minute, name) for name in EXPRESSION_COLUMNS))
        .where(or_(False, *map(_is_reported_in, lectures)), _is_finished(now))
        .order_by(Minute.minute)
    )
    minutes = {lecture.id: [] for lecture in lectures}
    for lecture_id, minute, *seconds in rows:
        minutes[lecture_id].append(MinuteExpressions(minute, None if None in seconds else tuple(seconds)))
    return minutes


def newest_minute(room: Room) -> datetime | None:
    """The newest minute that is stored of a room; None if there is none."""
    return db.session.scalar(select(func.max(Minute.minute)).where(Minute.room_id == room.id))


def load_minute(room: Room, minute: datetime, lecture_id: int | None) -> CountedMinute | None:
    """The stored figures of a minute, to resume counting from; None if there are none."""
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
        expression_seconds=row.expression_seconds or NO_EXPRESSION_SECONDS,
        presence_seconds=row.presence_seconds,
        purpose=Purpose.PRESENCE if row.is_presence else Purpose.EXPRESSIONS,
    )


def save_minute(
    room: Room,
    counted: CountedMinute,
    minimum_group: int,
    *,
    is_finished: bool = True,
    lease_number: int | None = None,
) -> None:
    """Insert or overwrite a minute; `minimum_group` is the limit that held while it was counted.

    A minute of a lecture or a room that was deleted meanwhile is dropped. A minute in which the room's
    purpose changed keeps no expressions. Raises LeaseSuperseded if the room has a lease with a larger number;
    None, for recordings, needs no lease.
    """
    if counted.lecture_id is not None:
        # that of a deleted lecture, too: the deletion may be undone
        lecture = db.session.get(Lecture, counted.lecture_id, execution_options={INCLUDE_DELETED: True})
        if lecture is None:
            return
        if lecture.purpose == Purpose.PRESENCE:  # it began while the monitor still read expressions
            counted = replace(counted, purpose=Purpose.PRESENCE)
    may_write = Room.id == room.id
    if lease_number is not None:
        may_write &= Room.lease_number <= lease_number
    written = db.session.scalar(_upsert(_row(room.id, counted, minimum_group, is_finished), may_write))
    db.session.commit()
    if written is None and newest_lease_numbers([room.id]):
        raise LeaseSuperseded


def _row(room_id: int, counted: CountedMinute, minimum_group: int, is_finished: bool) -> dict[str, object]:
    has_expressions = counted.purpose is Purpose.EXPRESSIONS and not counted.is_suppressed
    expressions = counted.expression_seconds if has_expressions else (None,) * len(EXPRESSION_COLUMNS)
    presence = (None if counted.is_suppressed else counted.presence_seconds) or (None, None)
    return {
        "room_id": room_id,
        "lecture_id": counted.lecture_id,
        "minute": counted.minute,
        "online_seconds": counted.online_seconds,
        "frames_analysed": counted.frames_analysed,
        "faces_max": counted.faces_max,
        "face_seconds": counted.face_seconds,
        "suppressed": counted.is_suppressed,
        **dict(zip(EXPRESSION_COLUMNS, expressions, strict=True)),
        **dict(zip(PRESENCE_COLUMNS, presence, strict=True)),
        "minimum_group": minimum_group,
        "is_finished": is_finished,
    }


def _upsert(row: dict[str, object], may_write: ColumnElement[bool]) -> Insert:
    """Insert or overwrite a minute in one statement, which does nothing unless a room fulfils `may_write`.

    It gives the row's id, or nothing. The room is locked until the commit, so nobody takes a lease meanwhile.
    """
    columns = Minute.__table__.c
    values = [literal(value, columns[name].type) for name, value in row.items()]
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    statement = insert(Minute).from_select(
        list(row), select(*values).select_from(Room).where(may_write).with_for_update(read=True)
    )
    is_in_lecture = row["lecture_id"] is not None
    keys = ["room_id", "minute", *(["lecture_id"] if is_in_lecture else [])]
    return statement.on_conflict_do_update(
        index_elements=keys,
        index_where=None if is_in_lecture else Minute.lecture_id.is_(None),
        set_={name: statement.excluded[name] for name in row if name not in keys},
    ).returning(columns.id)


def _select_minute(room: Room, minute: datetime, lecture_id: int | None) -> Select[tuple[Minute]]:
    return select(Minute).where(
        Minute.room_id == room.id, Minute.minute == minute, Minute.lecture_id.is_not_distinct_from(lecture_id)
    )
