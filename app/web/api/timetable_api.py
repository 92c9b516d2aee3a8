"""The timetable of the room."""

from app.store import timetable_queries
from app.store.effective_settings import configured_room
from app.web.api import schemas
from app.web.api.blueprint import SECURITY, api
from app.web.extensions import current_time


@api.get("/timetable")
@api.output(schemas.TimetableSchema)
@api.doc(security=SECURITY)
def timetable():
    """The lectures that are planned for the next seven days, oldest first; the present one is among them."""
    room, now = configured_room(), current_time()
    return {
        "lectures": timetable_queries.planned_between(room, now, now + timetable_queries.WEEK),
        "only_in_timetable": room.only_in_timetable,
        "calendar_fetched_at": room.calendar_fetched_at,
    }
