"""Deletion of everything that is older than the retention period."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from app.store.tables import Lecture, Minute, Pause, db


def delete_older_than(days: int, now: datetime) -> int:
    """Delete minutes, ended lectures with their notes, and pauses that are older; gives how many minutes."""
    oldest = now - timedelta(days=days)
    deleted_minutes = db.session.execute(delete(Minute).where(Minute.minute < oldest)).rowcount
    db.session.execute(delete(Lecture).where(Lecture.ended_at < oldest))
    db.session.execute(delete(Pause).where(Pause.ended_at < oldest))
    db.session.commit()
    return deleted_minutes
