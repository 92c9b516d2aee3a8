"""The minutes of a room, in pages, and those of a lecture."""

import base64
from datetime import UTC, datetime

from flask import abort
from marshmallow import RAISE

from app.store import lecture_queries, minute_queries, pulse_queries, room_queries
from app.store.tables import Minute
from app.web.api.blueprint import SECURITY, api, room_or_404
from app.web.api.minute_schemas import MinutesQuerySchema, MinutesSchema
from app.web.api.pulse_api import minutes_said
from app.web.extensions import current_time
from app.web.lecture_lookup import lecture_or_404
from app.web.request_checks import row_id
from app.web.request_scope import current_scope
from app.web.requested_room import requested_room

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # no row is older


@api.get("/minutes")
@api.get("/rooms/<int:room_id>/minutes")
@api.input(MinutesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(MinutesSchema)
@api.doc(tags=["Minutes"], security=SECURITY)
def minutes(query):
    """Minutes, oldest first, `from` included and `to` not; `cursor` gives the next page."""
    room = room_or_404(query["room"]) if "room" in query else requested_room()
    limit = query["limit"]
    rows = minute_queries.minutes_between(
        current_scope(),
        query.get("start"),
        query.get("end"),
        room,
        current_time(),
        limit + 1,
        _position(query.get("cursor")),
    )
    has_more = len(rows) > limit
    start, end = query.get("start", EARLIEST), query.get("end", current_time())
    pauses = room_queries.pauses_between(room, start, end)
    hidden = lecture_queries.hidden_between(current_scope(), room, start, end)
    return {
        "minutes": rows[:limit],
        "cursor": _cursor(rows[limit - 1]) if has_more else None,
        "pauses": [{"start": since, "end": until} for since, until in pauses],
        "lectures_of_others": [{"start": since, "end": until} for since, until in hidden],
    }


@api.get("/lectures/<int:lecture_id>/minutes")
@api.output(MinutesSchema)
@api.doc(tags=["Minutes"], security=SECURITY)
def lecture_minutes(lecture_id):
    """All minutes of a lecture, oldest first; a minute without camera is not among them."""
    lecture = lecture_or_404(lecture_id)
    minutes = minute_queries.minutes_of_lecture(lecture, current_time())
    said = minutes_said(pulse_queries.minutes_of_pulse(lecture.id))
    return {"minutes": minutes, "cursor": None, "pulse": said}


def _cursor(row: Minute) -> str:
    """The position of the page's last row as one opaque word: its minute and its id."""
    return base64.urlsafe_b64encode(f"{row.minute.timestamp():.0f} {row.id}".encode()).decode()


def _position(cursor: str | None) -> tuple[datetime, int] | None:
    """The minute and id that a cursor stands for; answers 422 if no page gave it."""
    if cursor is None:
        return None
    try:
        seconds, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().split()
        return datetime.fromtimestamp(int(seconds), UTC), row_id(last_id)
    except (ValueError, OverflowError, OSError):  # not base64, not two numbers, no moment
        abort(422, "cursor: must be the one that the page before gave.")
