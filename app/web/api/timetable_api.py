"""The timetable of the room."""

from app.store import timetable_queries
from app.web.api.blueprint import SECURITY, api
from app.web.api.timetable_schemas import TimetableSchema
from app.web.extensions import current_time
from app.web.requested_room import requested_room


@api.get("/timetable")
@api.get("/rooms/<int:room_id>/timetable")
@api.output(TimetableSchema)
@api.doc(tags=["Timetable"], security=SECURITY)
def timetable():
    """The lectures that are planned for the next seven days, oldest first; the present one is among them."""
    room, now = requested_room(), current_time()
    return {
        "lectures": timetable_queries.planned_between(room, now, now + timetable_queries.WEEK),
        "only_in_timetable": room.only_in_timetable,
        "calendar_fetched_at": room.calendar_fetched_at,
    }
