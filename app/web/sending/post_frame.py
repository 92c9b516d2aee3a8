"""Frames that scripts and small devices post, one a request."""

import threading

from apiflask import APIBlueprint
from flask import request
from flask_login import current_user
from marshmallow import RAISE
from werkzeug.exceptions import RequestEntityTooLarge

from app.camera.jpeg import MAX_BYTES, TOO_LARGE, InvalidJpeg, check_jpeg
from app.camera.spec import CameraKind
from app.language import Translatable
from app.store.room_queries import zone_of
from app.store.tables import Room
from app.web.api.blueprint import SECURITY, room_or_404
from app.web.api.picture_schemas import AcceptedFrameSchema, FramesQuerySchema
from app.web.extensions import current_settings, relay
from app.web.problems import problem
from app.web.rate_limiter import limiter
from app.web.request_body import drop_body, time_limit
from app.web.requested_room import requested_room
from app.web.retry import RETRY_AFTER
from app.web.sending.relay import AlreadySending

api = APIBlueprint("frames", __name__, url_prefix="/api/v1", tag="Pictures")

MAX_DISCARDED_BYTES = 4 * MAX_BYTES
UPLOAD_SECONDS = 60.0  # for one picture, on the slowest connection
MAX_UPLOADS = 8  # at once, fewer than gunicorn's spare threads: each holds one while the picture arrives

_uploads = threading.BoundedSemaphore(MAX_UPLOADS)


@api.post("/frames")
@api.post("/rooms/<int:room_id>/frames")
@limiter.limit("30/second")
@api.input(FramesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(AcceptedFrameSchema, status_code=202)
@api.doc(
    security=SECURITY,
    responses={
        404: "There is no such room",
        409: "The room uses another camera, is paused, or somebody else is sending",
        413: "More than 4 MB",
        422: "Not a JPEG, cut off, or too many or too few pixels",
        429: "More than 30 pictures a second",
        503: "The camera process is not ready yet, or too many pictures are on their way",
    },
)
def post_frame(query):
    """Take one JPEG as what the room's camera sees now; CAMERA must be `browser`.

    Only the newest picture counts: send as often as useful, and wait for each answer.
    """
    if not _uploads.acquire(blocking=False):
        return problem(503, "Too many pictures are on their way.", RETRY_AFTER)
    try:
        jpeg = _read_body()
    except RequestEntityTooLarge:
        return problem(413, str(TOO_LARGE))
    finally:
        _uploads.release()
    room = room_or_404(query["room"]) if "room" in query else requested_room()
    if refusal := _refusal(room):
        return problem(409, refusal)
    try:
        check_jpeg(jpeg)
    except InvalidJpeg as error:
        return problem(422, str(error))
    return _relay(room, jpeg)


def _read_body() -> bytes:
    """The body; cut off after UPLOAD_SECONDS. Raises RequestEntityTooLarge."""
    request.max_content_length = MAX_BYTES
    with time_limit(UPLOAD_SECONDS):
        try:
            return request.get_data(cache=False)
        except RequestEntityTooLarge:
            drop_body(MAX_DISCARDED_BYTES)
            raise


def _refusal(room: Room) -> Translatable | str | None:
    """Why no frame is accepted for this room; None if it is."""
    if room.archived_at is not None:
        return f"{room.name} is archived."
    settings = current_settings(room)
    if settings.camera != CameraKind.BROWSER:
        return "The room uses another camera; CAMERA must be browser."
    if settings.pause:
        return f"Paused by {settings.pause.by}: no picture is accepted."
    if settings.outside:
        return "No lecture is running, and outside the timetable no picture is accepted."
    return None


def _relay(room: Room, jpeg: bytes):
    """Pass the frame to the room's monitor."""
    room_relay = relay(room)
    if not room_relay.is_polled:
        return problem(503, "The camera process is starting.", RETRY_AFTER)
    key = f"{current_user.name} {request.remote_addr}"
    try:
        sender = room_relay.connect(current_user.name, key, is_script=True)
    except AlreadySending as other:
        since = other.sender.since.astimezone(zone_of(room))
        return problem(409, f"{other.sender.name} has been sending pictures since {since:%H:%M}.")
    room_relay.put_frame(sender, jpeg)
    return {"bytes": len(jpeg)}
