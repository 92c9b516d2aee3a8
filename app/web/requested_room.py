"""The room that a request is about: the one that its address names, else the first that may be seen.

A page of a room is written once, with `room_route`, and served for the first room and below `/rooms/SLUG`.
The view asks `requested_room`; links to the same room need no mention of it.
"""

from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, abort, current_app, g
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.language import Translatable
from app.store import room_queries
from app.store.effective_settings import any_room_reads_expressions, first_room
from app.store.room_queries import zone_of
from app.store.tables import Room, db
from app.web.live_rooms import LiveRoom
from app.web.request_scope import current_scope, may_see_room

SLUG, ROOM_ID = "room_slug", "room_id"


def init_app(app: Flask) -> None:
    """Take the room out of each address, and put it into each link."""
    app.url_value_preprocessor(_take_room)
    app.url_defaults(_name_room)


def room_route(pages: Blueprint, path: str, **options) -> Callable:
    """Serve a page of a room below `/rooms/SLUG`, and for the first room without."""

    def register(view: Callable) -> Callable:
        pages.route(path, **options)(view)
        return pages.route(f"/rooms/<{SLUG}>{path.rstrip('/')}", **options)(view)

    return register


def _take_room(_endpoint: str | None, values: dict | None) -> None:
    g.room_slug = (values or {}).pop(SLUG, None)
    g.room_id = (values or {}).pop(ROOM_ID, None)


def _name_room(endpoint: str, values: dict) -> None:
    """Let links on a page of `/rooms/SLUG` lead to the same room."""
    slug = g.get("room_slug")
    if slug is not None and SLUG not in values and current_app.url_map.is_endpoint_expecting(endpoint, SLUG):
        values[SLUG] = slug


def requested_room() -> Room:
    """The room of the request. Queries the database; answers 404 for one that is not in use or not given."""
    if "room" not in g:
        g.room = _find_room()
        g.zone = zone_of(g.room)
    return g.room


def requested_live_room() -> LiveRoom:
    """The state of the requested room; for one that was requested before, also while the database is away."""
    rooms, room_ids = current_app.extensions["rooms"], current_scope().room_ids
    try:
        room = requested_room()
    except SQLAlchemyError:
        db.session.rollback()
        known = rooms.known(g.room_slug) if g.room_id is None else rooms.known_by_id(g.room_id)
        if known is None or (room_ids is not None and known.room_id not in room_ids):
            raise
        return known
    if g.room_id is not None or g.room_slug is not None or room_ids is not None:
        return rooms.get(room)  # for those with some rooms, no name may mean another room than for others
    return rooms.get(room, None)


def visible_rooms() -> Sequence[Room]:
    """The rooms in use that the person signed in may see, by name."""
    if "rooms" not in g:
        scope = current_scope()
        is_asked = current_user.is_authenticated
        g.rooms = [room for room in _rooms_in_use() if scope.has_room(room)] if is_asked else ()
    return g.rooms


def reads_expressions() -> bool:
    """Whether a room in use is for expressions, so that pages mention them; True without a database."""
    if "reads_expressions" not in g:
        try:
            g.reads_expressions = any_room_reads_expressions()
        except SQLAlchemyError:
            db.session.rollback()
            g.reads_expressions = True
    return g.reads_expressions


def _rooms_in_use() -> Sequence[Room]:
    return room_queries.rooms_in_use() or [first_room()]  # which is made now


def _find_room() -> Room:
    if g.room_slug is not None:
        room = room_queries.room_by_slug(g.room_slug)
    elif g.room_id is not None:
        room = room_queries.room_by_id(g.room_id)
    else:
        room = first_room()
        if not may_see_room(room):
            room = next(iter(visible_rooms()), None)
    if room is None or room.archived_at is not None or not may_see_room(room):
        abort(404, Translatable("There is no such room. All rooms are under /rooms."))
    return room
