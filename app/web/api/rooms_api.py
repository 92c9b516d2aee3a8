"""The rooms."""

from app.store import room_queries
from app.web.access import may_see_room
from app.web.api import schemas
from app.web.api.blueprint import SECURITY, api


@api.get("/rooms")
@api.output(schemas.RoomsSchema)
@api.doc(security=SECURITY)
def rooms():
    """The rooms that may be seen, by name."""
    return {"rooms": [room for room in room_queries.all_rooms() if may_see_room(room)]}
