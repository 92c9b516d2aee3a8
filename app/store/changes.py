"""Tells an application when it has stored something new about a room, so that its monitor need not ask."""

from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import event

from app.store.tables import CalendarLecture, Lecture, Room, TimetableLine, db

WHAT_MONITORS_KNOW = (Room, Lecture, TimetableLine, CalendarLecture)
EXTENSION = "on_room_change"


def on_room_change(app: Flask, call: Callable[[int], None]) -> None:
    """Have `call` called with the id of each room of which something new was committed."""
    app.extensions[EXTENSION] = call


def note_change(room_id: int) -> None:
    """Note that the next commit stores something new about a room; needed where no object changes."""
    db.session.info.setdefault(EXTENSION, set()).add(room_id)


@event.listens_for(db.session, "after_flush")
def _note_rooms(session, _flush_context) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, WHAT_MONITORS_KNOW):
            session.info.setdefault(EXTENSION, set()).add(row.id if isinstance(row, Room) else row.room_id)


@event.listens_for(db.session, "after_commit")
def _call_back(session) -> None:
    changed = session.info.pop(EXTENSION, ())
    call = current_app.extensions.get(EXTENSION)
    if call is not None:
        for room_id in sorted(changed):
            call(room_id)


@event.listens_for(db.session, "after_rollback")
def _forget_rooms(session) -> None:
    session.info.pop(EXTENSION, None)
