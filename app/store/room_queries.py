"""Rooms, their stored settings and their pauses."""

from collections.abc import Collection
from datetime import datetime
from itertools import chain, count
from zoneinfo import ZoneInfo

from flask import current_app
from slugify import slugify
from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.store.tables import Lecture, Minute, Pause, Room, db

RESERVED_SLUG = "new"  # /rooms/new adds a room


def find_room(name: str) -> Room | None:
    """The room of this name."""
    return db.session.scalar(select(Room).where(Room.name == name))


def get_or_create_room(name: str) -> Room:
    """The room of this name; creates it if it is new."""
    room = find_room(name)
    if room is None:
        try:
            create_room(name)
        except IntegrityError:  # web and monitor start together, and the other one was first
            db.session.rollback()
        room = find_room(name)
    return room


def create_room(name: str, **columns) -> Room:
    """Create a room. Raises IntegrityError if there is one of this name."""
    room = Room(name=name, slug=_free_slug(name), **columns)
    db.session.add(room)
    db.session.commit()
    return room


def _free_slug(name: str) -> str:
    """The part of an address for a room of this name, which no other room has."""
    slug = slugify(name, max_length=70) or "room"
    taken = {RESERVED_SLUG, *db.session.scalars(select(Room.slug).where(Room.slug.startswith(slug)))}
    numbered = (f"{slug}-{number}" for number in count(2))
    return next(each for each in chain([slug], numbered) if each not in taken)


def room_by_id(room_id: int) -> Room | None:
    """The room with this id."""
    return db.session.get(Room, room_id)


def room_by_slug(slug: str) -> Room | None:
    """The room whose address is /rooms/SLUG."""
    return db.session.scalar(select(Room).where(Room.slug == slug))


def all_rooms() -> list[Room]:
    """Every room, by name, archived ones too."""
    return _by_name(select(Room))


def rooms_in_use() -> list[Room]:
    """The rooms that are not archived, by name."""
    return _by_name(select(Room).where(Room.archived_at.is_(None)))


def archived_rooms() -> list[Room]:
    """The rooms that are archived, by name."""
    return _by_name(select(Room).where(Room.archived_at.is_not(None)))


def _by_name(rooms: Select[tuple[Room]]) -> list[Room]:
    return sorted(db.session.scalars(rooms), key=lambda room: room.sort_key)


def zone_of(room: Room) -> ZoneInfo:
    """The room's time zone: its own, else TIMEZONE."""
    return ZoneInfo(room.timezone) if room.timezone else current_app.config["SETTINGS"].timezone


def language_of(room: Room) -> str:
    """The language of the room's picture and messages: its own, else LANGUAGE."""
    return room.language or current_app.config["SETTINGS"].language


def oldest_room_in_use() -> Room | None:
    """The first room that was made, of those that are not archived."""
    return db.session.scalar(select(Room).where(Room.archived_at.is_(None)).order_by(Room.id).limit(1))


def take_lease_number(room_id: int) -> int | None:
    """The number of a new lease of a room, larger than all before; None if the room is gone."""
    number = db.session.scalar(
        update(Room)
        .where(Room.id == room_id)
        .values(lease_number=Room.lease_number + 1)
        .returning(Room.lease_number)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return number


def newest_lease_numbers(room_ids: Collection[int]) -> dict[int, int]:
    """The number of the newest lease of each of these rooms; a room that is gone is not among them."""
    rows = db.session.execute(select(Room.id, Room.lease_number).where(Room.id.in_(room_ids)))
    return dict(rows.all())


def delete_room(room: Room) -> None:
    """Delete a room with its lectures, minutes, notes and pauses."""
    for table in (Minute, Lecture, Pause):  # the database deletes notes with their lecture
        db.session.execute(delete(table).where(table.room_id == room.id))
    db.session.delete(room)
    db.session.commit()


def change_room(room: Room, **columns) -> None:
    """Store settings of a room; the names are columns of `Room`, and None restores a setting's default."""
    for name, value in columns.items():
        setattr(room, name, value)
    db.session.commit()


def pause_room(room: Room, by: str, at: datetime) -> None:
    """Pause a room; if it is paused already, nothing changes."""
    if room.paused_at is None:
        change_room(room, paused_at=at, paused_by=by)


def resume_room(room: Room, at: datetime) -> None:
    """End the pause of a room and record it."""
    if room.paused_at is not None:
        db.session.add(Pause(room_id=room.id, began_at=room.paused_at, ended_at=max(at, room.paused_at)))
    change_room(room, paused_at=None, paused_by=None)


def pauses_between(room: Room, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When the room was paused between two moments, as (from, to), oldest first.

    A pause that still lasts ends at `end`.
    """
    ended = db.session.scalars(
        select(Pause)
        .where(Pause.room_id == room.id, Pause.ended_at > start, Pause.began_at < end)
        .order_by(Pause.ended_at)
    )
    pauses = [(pause.began_at, pause.ended_at) for pause in ended]
    if room.paused_at is not None and room.paused_at < end:
        pauses.append((room.paused_at, end))
    return pauses
