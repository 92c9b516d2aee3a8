"""Deletion of everything that is older than its room's retention period, wherever it is stored."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, exists, select, text

from app.store import room_queries
from app.store.effective_settings import effective_settings, first_room, is_set_by_environment
from app.store.tables import (
    AuditEntry,
    Lecture,
    Minute,
    Note,
    Pause,
    PulseMinute,
    Question,
    Room,
    db,
)


def purge(now: datetime) -> list[tuple[Room, int, int]]:
    """Delete what is too old, room by room; gives each room, its days, and how many minutes were deleted.

    RETENTION_DAYS in the environment is the first room's alone, so it is stored for that room: the servers
    of other rooms may purge the same database.
    """
    if is_set_by_environment("retention_days"):
        days = current_app.config["SETTINGS"].retention_days
        room_queries.change_room(first_room(), retention_days=days)
    days_by_room = [(room, effective_settings(room).retention_days) for room in room_queries.all_rooms()]
    if not days_by_room:
        return []
    deleted = [(room, days, delete_older_than(room, days, now)) for room, days in days_by_room]
    _delete_entries_without_room(max(days for _, days in days_by_room), now)
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))  # the log holds what was deleted, too
    return deleted


def delete_older_than(room: Room, days: int, now: datetime) -> int:
    """Delete a room's minutes, notes, questions, lectures, pauses and entries of the audit that are older.

    Gives how many minutes.

    A lecture is as old as its end. One that nobody ended is as old as its last minute, or else its start.
    """
    oldest = now - timedelta(days=days)
    lectures = select(Lecture.id).where(Lecture.room_id == room.id)
    has_minutes = exists().where(Minute.lecture_id == Lecture.id)
    is_abandoned = Lecture.ended_at.is_(None) & (Lecture.started_at < oldest) & ~has_minutes
    old_minutes = delete(Minute).where(Minute.room_id == room.id, Minute.minute < oldest)
    deleted_minutes = db.session.execute(old_minutes).rowcount
    for table, moment in ((Note, Note.at), (PulseMinute, PulseMinute.minute), (Question, Question.at)):
        db.session.execute(delete(table).where(table.lecture_id.in_(lectures), moment < oldest))
    db.session.execute(
        delete(Lecture).where(Lecture.room_id == room.id, (Lecture.ended_at < oldest) | is_abandoned)
    )
    db.session.execute(delete(Pause).where(Pause.room_id == room.id, Pause.ended_at < oldest))
    db.session.execute(delete(AuditEntry).where(AuditEntry.room_id == room.id, AuditEntry.at < oldest))
    db.session.commit()
    return deleted_minutes


def _delete_entries_without_room(days: int, now: datetime) -> None:
    """Delete entries of the audit that concern no room, after the longest time that any room keeps."""
    oldest = now - timedelta(days=days)
    db.session.execute(delete(AuditEntry).where(AuditEntry.room_id.is_(None), AuditEntry.at < oldest))
    db.session.commit()
