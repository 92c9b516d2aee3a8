"""The blueprint that the resources of the API add their routes to."""

from apiflask import APIBlueprint
from flask import abort

from app.store import room_queries
from app.store.tables import Room
from app.web.request_scope import may_see_room

api = APIBlueprint("api", __name__, url_prefix="/api/v1")

SECURITY = [{"token": []}, {"session": []}]
"""How a request signs in, for the OpenAPI document: with a token or with a page's session."""


def room_or_404(name: str) -> Room:
    """The room of that name; answers 404 if there is none, or none that may be seen."""
    room = room_queries.find_room(name)
    if room is None or not may_see_room(room):
        abort(404, f"There is no room {name!r}; /api/v1/rooms lists them.")
    return room
