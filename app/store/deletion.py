"""Lectures and notes that people deleted: hidden at once, and gone once that can't be undone any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from app.store.tables import Lecture, Note, db

UNDO_TIME = timedelta(seconds=10)
"""How long a deletion can be undone. The row is marked and not kept in a process: a crash loses nothing, and
what was deleted stays hidden and goes as soon as a server runs."""


def delete_hidden(now: datetime) -> None:
    """Delete for good what was deleted UNDO_TIME ago."""
    for table in (Lecture, Note):
        db.session.execute(delete(table).where(table.deleted_at <= now - UNDO_TIME))
    db.session.commit()
