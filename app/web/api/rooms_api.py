"""The rooms."""

from app.store.tables import Room
from app.web.api.blueprint import SECURITY, api
from app.web.api.room_schemas import RoomsSchema
from app.web.api.state_api import state_of
from app.web.extensions import hub
from app.web.requested_room import visible_rooms


@api.get("/rooms")
@api.output(RoomsSchema)
@api.doc(tags=["Rooms"], security=SECURITY)
def rooms():
    """The rooms in use, by name, and how each is now."""
    return {"rooms": [_overview(room) for room in visible_rooms()]}


def _overview(room: Room) -> dict:
    live, state = hub(room).live, state_of(room)
    return {
        "id": room.id,
        "name": room.name,
        "slug": room.slug,
        "faces": live and live.faces,
        **{name: state[name] for name in ("camera", "paused", "lecture")},
    }
