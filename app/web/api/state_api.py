"""A room at this moment: its camera, monitor and viewers, and the newest reading of the class."""

from collections.abc import Sequence
from dataclasses import replace

from flask import current_app
from flask_babel import gettext
from flask_login import current_user

from app.bus.live_reading import recent_shares
from app.camera.errors import Reason
from app.camera.spec import hide_password
from app.camera.state import CameraState
from app.language import Translatable, translate
from app.project import VERSION
from app.purpose import Purpose
from app.role import Role
from app.store import lecture_queries, minute_queries
from app.store.effective_settings import NO_OVERRIDES, CurrentPause, EffectiveSettings
from app.store.tables import Lecture, Minute, Room
from app.web.advice import advice_for
from app.web.api.blueprint import SECURITY, api
from app.web.api.state_schemas import NowSchema, StateSchema
from app.web.extensions import current_settings, current_time, hub, live_rooms
from app.web.lecture_lookup import can_read
from app.web.live_rooms import LiveRoom
from app.web.live_sentence import CHANGE_TIME, live_sentence
from app.web.problems import problem
from app.web.request_scope import current_scope
from app.web.requested_room import requested_room
from app.web.stream.card import NO_CAMERA_DETAIL
from app.web.stream.hub import Hub


@api.get("/state")
@api.get("/rooms/<int:room_id>/state")
@api.output(StateSchema)
@api.doc(tags=["Rooms"], security=SECURITY)
def state():
    """How the camera, the monitor and the viewers are."""
    room = requested_room()
    return state_of(room) | {"sentence": room_sentence(room, recent_minutes(room))}


def state_of(room: Room) -> dict:
    """What `GET /state` gives."""
    in_force = current_settings(room)
    live_room = live_rooms().get(room)
    return {
        "room": room.name,
        "purpose": in_force.purpose,
        "camera": _camera(live_room, in_force),
        "monitor": _monitor(live_room.hub),
        "viewers": _viewers(live_room.hub),
        "paused": in_force.pause,
        "faces_hidden": in_force.hide_faces,
        "stored": live_room.hub.overrides == NO_OVERRIDES,
        "recent": recent_shares(readings) if (readings := live_room.hub.recent_readings) else None,
        "advice": advice_for(in_force, live_room.hub.status),
        "lecture": lecture_as_seen(room),
        "version": VERSION,
        "started_at": current_app.config["STARTED_AT"],
    }


@api.get("/now")
@api.get("/rooms/<int:room_id>/now")
@api.output(NowSchema)
@api.doc(tags=["Rooms"], security=SECURITY)
def now():
    """The class at this moment. While the camera is dark or paused there is no reading: 503."""
    live = hub(requested_room()).live
    if live is None:
        return problem(503, "There is no reading: the camera is dark or paused. /api/v1/state says why.")
    return live


def recent_minutes(room: Room) -> Sequence[Minute]:
    """The room's last minutes that this request may read, oldest first."""
    scope, now = current_scope(), current_time()
    if current_user.role == Role.VIEWER:  # who may watch and not read minutes
        return ()
    return minute_queries.minutes_between(scope, now - CHANGE_TIME, None, room, now, limit=100)


def room_sentence(room: Room, minutes: Sequence[Minute]) -> str:
    """The room in one sentence: what is seen and whether it is changing, else why nothing is."""
    room_hub = hub(room)
    readings = room_hub.recent_readings
    if readings:
        return live_sentence(readings, minutes, current_time())
    if room_hub.status and room_hub.status.camera.is_online and not room_hub.pause:
        return gettext("Looking for faces …")
    return translate(room_hub.card_text().title)


def lecture_as_seen(room: Room) -> Lecture | dict | None:
    """The running lecture; without its title and course for those who may not read it."""
    lecture = lecture_queries.running_lecture(room)
    if lecture is None or can_read(lecture):
        return lecture
    names = ("id", "room", "owner", "started_at", "ended_at", "ended_by_itself", "purpose")
    return {name: getattr(lecture, name) for name in names} | {"title": None, "course": None}


def _camera(live_room: LiveRoom, in_force: EffectiveSettings) -> dict:
    hub, monitor = live_room.hub, live_room.hub.monitor
    camera = hub.status.camera if hub.status else None
    is_online = bool(camera and camera.is_online and not hub.pause)
    has_camera = in_force.purpose is not Purpose.PULSE
    if camera and camera.reason == Reason.PAUSED and not hub.pause:  # the monitor lags behind
        camera = replace(camera, reason=Reason.STARTING, detail=None)
    detail = (camera.detail if camera else monitor.failure) if has_camera else NO_CAMERA_DETAIL
    why_dark = _why_dark(camera, monitor.failure, in_force.pause) if has_camera else Reason.NO_CAMERA
    return {
        "online": is_online,
        "reason": None if is_online else why_dark,
        "detail": detail and translate(detail),
        "since": camera.since if camera else monitor.since,
        "source": hide_password(in_force.camera),
        "capture_fps": camera.capture_fps if camera else 0.0,
        "picture_age_s": hub.picture_age_seconds,
        "sender": live_room.relay.sender,
    }


def _why_dark(
    camera: CameraState | None, failure: Translatable | str | None, pause: CurrentPause | None
) -> str:
    if pause is not None:
        return Reason.PAUSED
    if camera is None:
        return Reason.STARTING if failure is None else Reason.STOPPED
    return camera.reason


def _monitor(hub: Hub) -> dict:
    monitor, status = hub.monitor, hub.status
    return {
        "running": monitor.is_running,
        "restarts": monitor.restarts,
        "heartbeat_age_s": hub.heartbeat_age_seconds,
        "detect_fps": current_app.config["SETTINGS"].detect_fps,
        "analysed_fps": status.analysed_fps if status else 0.0,
        "frames_dropped": status.frames_dropped if status else 0,
    }


def _viewers(hub: Hub) -> list[dict]:
    return [
        {
            "fps": viewer.fps,
            "dropped": viewer.dropped,
            "frame_age_ms": viewer.frame_age_ms,
        }
        for viewer in list(hub.viewers)  # a copy: viewers come and go in other threads
    ]
