"""The page that sends this computer's camera or window, and the address of its WebSocket."""

from uuid import uuid4

from flask import Blueprint, render_template, request
from flask_login import current_user

from app.camera.jpeg import MAX_BYTES
from app.camera.spec import CameraKind
from app.language import Translatable, current_language, translate
from app.store.effective_settings import effective_settings
from app.store.tables import db
from app.web.authentication import bearer_token
from app.web.problems import problem
from app.web.rate_limiter import limiter
from app.web.recheck import Recheck
from app.web.requested_room import requested_live_room, requested_room, room_route
from app.web.sending.sending_session import OTHER_CAMERA, SendingSession
from app.web.sending.websocket import WebSocketResponse

pages = Blueprint("send", __name__)

MAX_PAGE_ID_LENGTH = 64


@room_route(pages, "/send")
def page():
    """Show the page that chooses, previews and sends."""
    refusal = _refusal()
    return render_template("send.html", refusal=refusal and translate(refusal))


@room_route(pages, "/send/frames", websocket=True)
@limiter.limit("120/minute")
def frames():
    """Take frames through a WebSocket: the server requests each one and gets a JPEG."""
    if "gunicorn.socket" not in request.environ:
        return problem(501, Translatable("Sending from a browser works only under gunicorn."))
    page_id = request.args.get("page", "")[:MAX_PAGE_ID_LENGTH] or uuid4().hex
    live_room = requested_live_room()
    session = SendingSession(
        live_room.hub,
        live_room.relay,
        name=current_user.name,
        key=f"{current_user.name} {page_id}",
        take_over=request.args.get("take-over") == "yes",
        refusal=_refusal(),
        language=current_language(),
        may_send=Recheck(live_room.room_id),
    )
    response = WebSocketResponse(session.run, MAX_BYTES, allow_no_origin=bearer_token() is not None)
    db.session.remove()  # the session may last for hours and needs no database
    return response


def _refusal() -> Translatable | None:
    """Why this server takes no frames from browsers; None if it does."""
    return None if effective_settings(requested_room()).camera == CameraKind.BROWSER else OTHER_CAMERA
