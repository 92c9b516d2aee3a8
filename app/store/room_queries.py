"""Rooms, their stored settings and their pauses."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.store.tables import Pause, Room, db


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
