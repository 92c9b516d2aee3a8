"""A room at this moment: its camera, monitor and viewers, and the newest reading of the class."""

from flask import current_app

from app.camera.errors import Reason
from app.camera.spec import hide_password
from app.camera.state import CameraState
from app.language import translate
from app.project import VERSION
from app.purpose import Purpose
from app.store import lecture_queries
from app.store.effective_settings import NO_OVERRIDES, EffectiveSettings
from app.store.tables import Lecture, Room
from app.web.api import schemas
from app.web.api.blueprint import SECURITY, api
from app.web.extensions import current_settings, hub, live_rooms
from app.web.lecture_lookup import can_read
from app.web.live_rooms import LiveRoom
from app.web.problems import problem
from app.web.requested_room import requested_room
from app.web.stream.card import NO_CAMERA_DETAIL
from app.web.stream.hub import Hub


@api.get("/state")
@api.get("/rooms/<int:room_id>/state")
@api.output(schemas.StateSchema)
@api.doc(security=SECURITY)
def state():
    """How the camera, the monitor and the viewers are."""
    return state_of(requested_room())


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
        "lecture": lecture_as_seen(room),
        "version": VERSION,
        "started_at": current_app.config["STARTED_AT"],
    }


@api.get("/now")
@api.get("/rooms/<int:room_id>/now")
@api.output(schemas.NowSchema)
@api.doc(security=SECURITY)
def now():
    """The class at this moment. While the camera is dark or paused there is no reading: 503."""
    live = hub(requested_room()).live
    if live is None:
        return problem(503, "There is no reading: the camera is dark or paused. /api/v1/state says why.")
    return live


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
    detail = (camera.detail if camera else monitor.failure) if has_camera else NO_CAMERA_DETAIL
    return {
        "online": is_online,
        "reason": None if is_online else _why_dark(camera, in_force) if has_camera else Reason.NO_CAMERA,
        "detail": detail and translate(detail),
        "since": camera.since if camera else monitor.since,
        "source": hide_password(in_force.camera),
        "capture_fps": camera.capture_fps if camera else 0.0,
        "picture_age_s": hub.picture_age_seconds,
        "sender": live_room.relay.sender,
    }


def _why_dark(camera: CameraState | None, in_force: EffectiveSettings) -> str:
    if in_force.pause is not None:
        return Reason.PAUSED
    return camera.reason if camera else Reason.STARTING


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
