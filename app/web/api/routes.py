"""The JSON API under /api/v1. `/api/openapi.json` describes it."""

import base64
import binascii
from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import abort, current_app
from marshmallow import RAISE

from app import __version__
from app.camera.errors import Reason
from app.camera.spec import hide_password
from app.camera.state import CameraState
from app.language import say
from app.report.exports.json_file import as_dict
from app.report.unusual import unusual_expressions
from app.store import lecture_queries, minute_queries, note_queries, room_queries
from app.store.effective_settings import CurrentPause, configured_room, effective_settings
from app.store.tables import Minute, Room
from app.web.api import schemas
from app.web.extensions import current_time, hub, relay
from app.web.pages.lecture_pages import lecture_or_404, note_or_404, report_now
from app.web.problems import problem

api = APIBlueprint("api", __name__, url_prefix="/api/v1")

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # nothing was recorded before

SECURITY = [{"token": []}, {"session": []}]


@api.get("/state")
@api.output(schemas.StateSchema)
@api.doc(security=SECURITY)
def state():
    """How the camera, the monitor and the viewers are."""
    settings = current_app.config["SETTINGS"]
    status, monitor = hub().status, hub().monitor
    camera = status.camera if status else None
    detail = camera.detail if camera else monitor.failure
    online = bool(camera and camera.is_online and not hub().pause)
    room = configured_room()
    now_in_force = effective_settings(room)
    pause = now_in_force.pause
    lecture = lecture_queries.running_lecture(room)
    return {
        "room": settings.room,
        "camera": {
            "online": online,
            "reason": None if online else _why_dark(camera, pause),
            "detail": detail and say(detail),
            "since": camera.since if camera else monitor.since,
            "source": hide_password(now_in_force.camera),
            "capture_fps": camera.capture_fps if camera else 0.0,
            "picture_age_s": hub().picture_age_seconds,
            "sender": relay().sender,
        },
        "monitor": {
            "running": monitor.is_running,
            "restarts": monitor.restarts,
            "heartbeat_age_s": hub().heartbeat_age_seconds,
            "detect_fps": settings.detect_fps,
            "analysed_fps": status.analysed_fps if status else 0.0,
            "frames_dropped": status.frames_dropped if status else 0,
        },
        "viewers": [
            {
                "fps": viewer.fps,
                "dropped": viewer.dropped,
                "frame_age_ms": viewer.frame_age_ms,
            }
            for viewer in list(hub().viewers)
        ],
        "paused": pause,
        "faces_hidden": now_in_force.hide_faces,
        "lecture": lecture,
        "version": __version__,
        "started_at": current_app.config["STARTED_AT"],
    }


@api.get("/now")
@api.output(schemas.NowSchema)
@api.doc(security=SECURITY)
def now():
    """The class at this moment. While the camera is dark or paused there is no reading: 503."""
    live = hub().status.live if hub().status and not hub().pause else None
    if live is None:
        return problem(503, "There is no reading: the camera is dark or paused. /api/v1/state says why.")
    return live


@api.get("/minutes")
@api.input(schemas.MinutesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(schemas.MinutesSchema)
@api.doc(security=SECURITY)
def minutes(query):
    """Minutes, oldest first, `from` included and `to` not; `cursor` gives the next page."""
    room = _room_or_404(query["room"]) if "room" in query else None
    limit = query["limit"]
    rows = minute_queries.minutes_between(
        query.get("start"), query.get("end"), room, limit + 1, _after(query.get("cursor"))
    )
    more = len(rows) > limit
    start, end = query.get("start", EARLIEST), query.get("end", current_time())
    pauses = room_queries.pauses_between(room or configured_room(), start, end)
    return {
        "minutes": rows[:limit],
        "cursor": _cursor(rows[limit - 1]) if more else None,
        "pauses": [{"start": since, "end": until} for since, until in pauses],
    }


@api.get("/rooms")
@api.output(schemas.RoomsSchema)
@api.doc(security=SECURITY)
def rooms():
    """Every room, by name."""
    return {"rooms": room_queries.all_rooms()}


@api.get("/lectures")
@api.input(schemas.LecturesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(schemas.LecturesSchema)
@api.doc(security=SECURITY)
def lectures(query):
    """Lectures, newest first; `cursor` gives the next page."""
    found = lecture_queries.newest_lectures(query["limit"] + 1, query.get("cursor"))
    page = found[: query["limit"]]
    return {"lectures": page, "cursor": str(page[-1].id) if len(found) > len(page) else None}


@api.post("/lectures")
@api.input(schemas.NewLectureSchema, arg_name="new")
@api.output(schemas.LectureSchema, status_code=201)
@api.doc(security=SECURITY, responses={409: "A lecture is running already"})
def start_lecture(new):
    """Start a lecture in the room."""
    try:
        return lecture_queries.start_lecture(configured_room(), new["title"], new["course"], current_time())
    except lecture_queries.LectureError as error:
        return problem(409, error)


@api.get("/lectures/<int:lecture_id>")
@api.output(schemas.LectureSchema)
@api.doc(security=SECURITY)
def lecture(lecture_id):
    """One lecture."""
    return lecture_or_404(lecture_id)


@api.patch("/lectures/<int:lecture_id>")
@api.input(schemas.LectureChangeSchema, arg_name="change")
@api.output(schemas.LectureSchema)
@api.doc(security=SECURITY, responses={409: "The lecture has ended already"})
def change_lecture(lecture_id, change):
    """Rename a lecture, or end it with `{"ended_at": "now"}`."""
    found = lecture_or_404(lecture_id)
    lecture_queries.rename_lecture(found, change.get("title"), change.get("course"))
    if "ended_at" in change:
        try:
            lecture_queries.end_lecture(found, current_time())
        except lecture_queries.LectureError as error:
            return problem(409, error)
    return found


@api.delete("/lectures/<int:lecture_id>")
@api.output({}, status_code=204)
@api.doc(security=SECURITY)
def delete_lecture(lecture_id):
    """Delete a lecture, its minutes and its notes."""
    lecture_queries.delete_lecture(lecture_or_404(lecture_id))
    return ""


@api.get("/lectures/<int:lecture_id>/minutes")
@api.output(schemas.MinutesSchema)
@api.doc(security=SECURITY)
def lecture_minutes(lecture_id):
    """All minutes of a lecture, oldest first; a minute without camera is not among them."""
    return {"minutes": minute_queries.minutes_of_lecture(lecture_or_404(lecture_id)), "cursor": None}


@api.get("/lectures/<int:lecture_id>/unusual")
@api.output(schemas.UnusualNowSchema)
@api.doc(security=SECURITY)
def lecture_unusual(lecture_id):
    """What is seen more than usual at this moment, against the lecture's own average; mostly nothing."""
    minutes = minute_queries.minutes_of_lecture(lecture_or_404(lecture_id))
    return {"unusual": unusual_expressions(minutes, current_time())}


@api.get("/lectures/<int:lecture_id>/report")
@api.doc(security=SECURITY)
def lecture_report(lecture_id):
    """A lecture's report: every minute with gaps named, and the lecture as a whole."""
    return as_dict(report_now(lecture_id), current_app.config["SETTINGS"].timezone)


@api.get("/lectures/<int:lecture_id>/notes")
@api.output(schemas.NotesSchema)
@api.doc(security=SECURITY)
def lecture_notes(lecture_id):
    """All notes of a lecture, oldest first."""
    return {"notes": note_queries.notes_of_lecture(lecture_or_404(lecture_id))}


@api.post("/lectures/<int:lecture_id>/notes")
@api.input(schemas.NewNoteSchema, arg_name="new")
@api.output(schemas.NoteSchema, status_code=201)
@api.doc(security=SECURITY, responses={409: "The moment lies outside the lecture"})
def add_note(lecture_id, new):
    """Add a note to a moment of a lecture."""
    now = current_time()
    try:
        return note_queries.add_note(lecture_or_404(lecture_id), new.get("at", now), new["text"], now)
    except note_queries.NoteError as error:
        return problem(409, error)


@api.delete("/lectures/<int:lecture_id>/notes/<int:note_id>")
@api.output({}, status_code=204)
@api.doc(security=SECURITY)
def delete_note(lecture_id, note_id):
    """Delete a note."""
    note_queries.delete_note(note_or_404(lecture_or_404(lecture_id), note_id))
    return ""


def _why_dark(camera: CameraState | None, pause: CurrentPause | None) -> str:
    if pause is not None:
        return Reason.PAUSED
    return camera.reason if camera else Reason.STARTING


def _room_or_404(name: str) -> Room:
    room = room_queries.find_room(name)
    if room is None:
        abort(404, f"There is no room {name!r}; /api/v1/rooms lists them.")
    return room


def _cursor(row: Minute) -> str:
    """Where the next page begins, as one opaque word."""
    return base64.urlsafe_b64encode(f"{row.minute.timestamp():.0f} {row.id}".encode()).decode()


def _after(cursor: str | None) -> tuple[datetime, int] | None:
    if cursor is None:
        return None
    try:
        seconds, row = base64.urlsafe_b64decode(cursor.encode()).decode().split()
        return datetime.fromtimestamp(int(seconds), UTC), int(row)
    except (binascii.Error, ValueError, OverflowError, OSError):
        abort(422, "cursor: must be the one that the page before gave.")
