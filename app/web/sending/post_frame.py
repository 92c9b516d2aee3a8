"""Pictures that scripts and small devices post, one a request."""

from typing import BinaryIO

from apiflask import APIBlueprint, APIFlask
from flask import abort, current_app, request
from flask_login import current_user
from marshmallow import RAISE
from werkzeug.exceptions import RequestEntityTooLarge

from app.camera.jpeg import MOST_BYTES, TOO_LARGE, InvalidJpeg, check_jpeg
from app.camera.spec import NO_BROWSER, CameraKind
from app.store import room_queries
from app.store.effective_settings import effective_settings, our_room
from app.web.access import hub, limiter, relay
from app.web.api import schemas
from app.web.api.blueprint import SECURITY
from app.web.problems import problem
from app.web.sending.relay import AlreadySending

api = APIBlueprint("frames", __name__, url_prefix="/api/v1", tag="Api")

RETRY_SECONDS = 5
CHUNK = 2**16
MOST_DISCARDED = 4 * MOST_BYTES


@api.post("/frames")
@limiter.limit("30/second")
@api.input(schemas.FramesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(schemas.TakenSchema, status_code=202)
@api.doc(
    security=SECURITY,
    responses={
        404: "There is no such room",
        409: "The camera is another one, paused, or somebody else sends",
        413: "More than 4 MB",
        422: "Not a JPEG, cut off, or of an unbearable size",
        429: "More than 30 pictures a second",
        503: "The camera process is not ready yet",
    },
)
def take_frame(query):
    """Take one JPEG as what the room's camera sees now; CAMERA must be `browser`.

    Only the newest picture counts: send as often as it is of use, and wait for each answer.
    """
    request.max_content_length = MOST_BYTES
    try:
        jpeg = request.get_data(cache=False)
    except RequestEntityTooLarge:
        _discard(request.environ["wsgi.input"])
        return problem(413, str(TOO_LARGE))
    room = our_room()
    if query.get("room", room.name) != room.name:
        if room_queries.find_room(query["room"]) is None:
            abort(404, f"There is no room {query['room']!r}; /api/v1/rooms lists them.")
        return problem(
            409, f"This server reads the camera of {room.name}; post to the one of {query['room']}."
        )
    if current_app.config["SETTINGS"].redis_url is not None:
        return problem(409, NO_BROWSER)
    now = effective_settings(room)
    if now.camera != CameraKind.BROWSER:
        return problem(409, "The room looks through another camera. CAMERA must be browser.")
    if now.pause:
        return problem(409, f"Paused by {now.pause.by}: no picture is taken.")
    try:
        check_jpeg(jpeg)
    except InvalidJpeg as error:
        return problem(422, str(error))
    return _pass_on(jpeg)


def _pass_on(jpeg: bytes):
    if not relay().is_read:
        return problem(503, "The camera process is starting.", {"Retry-After": str(RETRY_SECONDS)})
    key = f"{current_user.name} {request.remote_addr}"
    try:
        sender = relay().enter(current_user.name, key, is_script=True)
    except AlreadySending as taken:
        since = taken.sender.since.astimezone(hub().timezone)
        return problem(409, f"{taken.sender.name} sends pictures since {since:%H:%M}.")
    relay().give(sender, jpeg, hub().clock.monotonic())
    return {"bytes": len(jpeg)}


def _discard(body: BinaryIO) -> None:
    """Read on, as far as is bearable: a client that is still sending would not hear the answer."""
    for _ in range(MOST_DISCARDED // CHUNK):
        if not body.read(CHUNK):
            return


def describe(app: APIFlask) -> None:
    """Say in the API's description that the body is a picture, which no schema can."""

    @app.spec_processor
    def add_body(spec: dict) -> dict:
        spec["paths"]["/api/v1/frames"]["post"]["requestBody"] = {
            "required": True,
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
        return spec
