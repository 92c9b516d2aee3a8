"""The rooms."""

from app.store import room_queries
from app.web.api import schemas
from app.web.api.blueprint import SECURITY, api


@api.get("/rooms")
@api.output(schemas.RoomsSchema)
@api.doc(security=SECURITY)
def rooms():
    """Every room, by name."""
    return {"rooms": room_queries.all_rooms()}
