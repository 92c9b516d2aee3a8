"""Lectures and notes that people deleted: hidden at once, and gone once that can't be undone any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from app.store.tables import Lecture, Note, db

UNDO_TIME = timedelta(seconds=10)
"""How long a deletion can be undone. The row is marked and not kept in a process: a crash loses nothing, and
what was deleted stays hidden and goes as soon as a server runs."""


HIDDEN_TIME = timedelta(minutes=2)
"""How long it stays hidden: longer than UNDO_TIME, since the clocks of two machines may differ."""


def delete_hidden(now: datetime) -> None:
    """Delete for good what was deleted HIDDEN_TIME ago."""
    for table in (Lecture, Note):
        db.session.execute(delete(table).where(table.deleted_at <= now - HIDDEN_TIME))
    db.session.commit()
