"""What happens in a room, as server-sent events: the same data that the routes of those names give."""

import json
import time
from collections.abc import Callable, Iterator, Sequence

from apiflask import APIBlueprint
from flask import Response, stream_with_context
from sqlalchemy.exc import SQLAlchemyError

from app.language import current_language
from app.store import room_queries
from app.store.tables import Minute, Room, db
from app.web.api.blueprint import SECURITY
from app.web.api.lecture_schemas import LectureSchema
from app.web.api.pulse_api import pulse_of
from app.web.api.pulse_schemas import PulseSchema
from app.web.api.state_api import recent_minutes, room_sentence, state_of
from app.web.api.state_schemas import NowSchema, StateSchema
from app.web.extensions import database_health
from app.web.problems import problem
from app.web.recheck import Recheck
from app.web.requested_room import requested_live_room
from app.web.retry import RETRY_AFTER
from app.web.stream.hub import Hub
from app.web.stream.viewer import TooManyStreams

api = APIBlueprint("events", __name__, url_prefix="/api/v1", tag="Rooms")

MINUTES_SECONDS = 10.0  # between two looks for new minutes
REPEAT_SECONDS = 1.0  # ages in the state grow meanwhile, and a dead client is noticed


@api.get("/rooms/<int:room_id>/events")
@api.doc(
    security=SECURITY,
    responses={
        200: {
            "description": "`state` about twice a second, `now` with each new reading, `lecture` when one "
            "begins, ends or is renamed, `pulse` when what students say changes: each has the data of the "
            "GET of that name, or null. `alert` when something goes wrong with the room or the server, or "
            "works again, as in a webhook.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        503: "Too many streams are open",
    },
)
def events():
    """Follow a room: server-sent events until the client leaves. Counts as a stream towards MAX_VIEWERS."""
    live_room = requested_live_room()
    try:
        live_room.hub.slots.acquire()
    except TooManyStreams as error:
        return problem(503, error, RETRY_AFTER)
    body = _EventBody(live_room.hub, live_room.room_id, Recheck(live_room.room_id))
    return Response(body, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


class _EventBody:
    """The body of the response; when the server closes it, the slot is free again."""

    def __init__(self, hub: Hub, room_id: int, may_see: Callable[[], bool]) -> None:
        self._hub = hub
        self._events = stream_with_context(_events(hub, room_id, may_see))

    def __iter__(self) -> Iterator[str]:
        return self._events

    def close(self) -> None:
        """Called by the server at the end, even when nothing was sent."""
        self._events.close()
        self._hub.slots.release()


def _events(hub: Hub, room_id: int, may_see: Callable[[], bool]) -> Iterator[str]:
    """Yield each event whose data is new, until the server ends, the room is gone or the database fails."""
    sent = {"alert": _alert(hub), "pulse": None}  # what happened before is no news
    recent = _RecentMinutes()
    while not hub.is_ending() and may_see():
        known = hub.news
        try:
            current = _current(hub, room_id, recent)
        except SQLAlchemyError as error:
            database_health().begin_outage(error)
            current = None
        finally:
            db.session.remove()  # each look is new, and holds a connection no longer than that
        if current is None:
            return
        for name, data in current.items():
            if name not in sent or data != sent[name]:
                yield f"event: {name}\ndata: {json.dumps(data)}\n\n"
        sent = current
        hub.wait_for_news(known, REPEAT_SECONDS)


class _RecentMinutes:
    """The last minutes of a room as their reader may see them, loaded again every MINUTES_SECONDS."""

    def __init__(self) -> None:
        self._minutes: Sequence[Minute] = ()
        self._loaded_at = float("-inf")

    def of(self, room: Room) -> Sequence[Minute]:
        """Those of `room`, oldest first."""
        if time.monotonic() - self._loaded_at >= MINUTES_SECONDS:
            self._minutes, self._loaded_at = recent_minutes(room), time.monotonic()
        return self._minutes


def _current(hub: Hub, room_id: int, recent: _RecentMinutes) -> dict[str, object] | None:
    """The data of each event; None if the room is deleted. Raises SQLAlchemyError."""
    room = room_queries.room_by_id(room_id)
    if room is None:
        return None
    state = state_of(room) | {"sentence": room_sentence(room, recent.of(room))}
    lecture = state["lecture"]
    return {
        "state": StateSchema().dump(state),
        "now": hub.live and NowSchema().dump(hub.live),
        "lecture": lecture and LectureSchema().dump(lecture),
        "pulse": _pulse(room) if lecture else None,
        "alert": _alert(hub),
    }


def _pulse(room: Room) -> dict | None:
    pulse = pulse_of(room)
    return pulse and PulseSchema().dump(pulse)


def _alert(hub: Hub) -> dict | None:
    return hub.alert and hub.alert.as_json(current_language())
