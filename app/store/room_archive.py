"""Why a room can't be archived, or taken into use again. Each answer queries the database."""

from app.language import Translatable
from app.store import lecture_queries, room_queries
from app.store.effective_settings import (
    ROOM_SETTINGS,
    effective_settings,
    first_room,
    is_set_by_environment,
    other_room_with,
)
from app.store.tables import Room

SET_IN_ENVIRONMENT = Translatable(
    "The server's environment describes the first room, for example with CAMERA. "
    "Change it there before another room becomes the first."
)


def archive_obstacle(room: Room) -> Translatable | None:
    """Why `room` can't be archived; None if it can."""
    if len(room_queries.rooms_in_use()) == 1:
        return Translatable("This is the only room in use. Add another one first.")
    if any(is_set_by_environment(name, room) for name in ("room", *ROOM_SETTINGS)):
        return SET_IN_ENVIRONMENT
    if lecture_queries.running_lecture(room):
        return Translatable("A lecture is running in this room. End it first.")
    return None


def restore_obstacle(room: Room) -> Translatable | None:
    """Why the archived `room` can't be taken into use again; None if it can."""
    would_be_first = room.id < first_room().id and not is_set_by_environment("room")
    if would_be_first and any(map(is_set_by_environment, ROOM_SETTINGS)):
        return SET_IN_ENVIRONMENT
    if other := other_room_with(effective_settings(room).camera, room.id):
        return Translatable("%(room)s uses this room's camera now.", room=other.name)
    return None
