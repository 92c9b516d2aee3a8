"""What a teacher may do on the live page at once: pause the room, hide the faces, hide advice."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.language import Translatable
from app.role import Role
from app.store.audit_queries import AuditAction
from app.store.effective_settings import is_set_by_environment
from app.web.access import is_page
from app.web.advice import Advice
from app.web.audit import record
from app.web.problems import problem
from app.web.requested_room import requested_live_room, requested_room, room_route
from app.web.retry import RETRY_AFTER

pages = Blueprint("control", __name__)

HIDDEN_SECONDS = 365 * 24 * 3600  # how long a browser hides advice

HIDDEN_BY_ADMINISTRATOR = Translatable(
    "An administrator hid the faces under Settings; only an administrator can show them again."
)
SET_IN_ENVIRONMENT = Translatable(
    "HIDE_FACES is set in the server's environment and can only be changed there."
)
NOT_CHANGED = Translatable("The database takes no changes now: nothing was changed. Try again in a moment.")


@room_route(pages, "/pause", methods=["POST"])
def pause():
    """Stop reading the camera, for everybody."""
    return _applied(AuditAction.ROOM_PAUSED, requested_live_room().control.pause(current_user.name))


@room_route(pages, "/resume", methods=["POST"])
def resume():
    """Read the camera again."""
    try:
        requested_live_room().control.resume()
    except SQLAlchemyError:
        return _not_changed()
    record(AuditAction.ROOM_RESUMED, room=requested_room())
    return redirect(url_for("live.live"))


@room_route(pages, "/hide-faces", methods=["POST"])
def hide_faces():
    """Hide the faces in the stream (`hide=on`), or show them again (`hide=off`)."""
    hide = request.form.get("hide")
    if hide not in ("on", "off"):
        return problem(400, Translatable("hide must be on or off."))
    if hide == "on":
        return _applied(AuditAction.FACES_HIDDEN, requested_live_room().control.hide_faces())
    try:
        room = requested_room()
        if is_set_by_environment("hide_faces", room):
            return problem(409, SET_IN_ENVIRONMENT)
        if room.hidden_by_administrator and not current_user.is_administrator:
            return problem(403, HIDDEN_BY_ADMINISTRATOR)
        requested_live_room().control.show_faces()
    except SQLAlchemyError:
        return _not_changed()
    record(AuditAction.FACES_SHOWN, room=requested_room())
    return redirect(url_for("live.live"))


@room_route(pages, "/hide-advice", methods=["POST"])
def hide_advice():
    """Show this advice (`advice=…`) no more in this browser."""
    if (advice := request.form.get("advice")) not in set(Advice):
        return problem(400, Translatable("advice must be one of %(names)s.", names=", ".join(Advice)))
    response = redirect(url_for("live.live"))
    response.set_cookie(
        _cookie(advice), "yes", HIDDEN_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response


def shown_advice() -> list[Advice]:
    """The advice that the live page gives to whoever is signed in, where it applies."""
    useful = set()
    if current_user.role != Role.VIEWER:
        useful.add(Advice.LARGER_FACES)
    if current_user.is_administrator:
        useful.add(Advice.BETTER_DETECTOR)
    return [advice for advice in Advice if advice in useful and _cookie(advice) not in request.cookies]


def _cookie(advice: str) -> str:
    return f"hide-{advice}"


def _applied(action: AuditAction, is_stored: bool) -> Response | tuple:
    """Back to the live page; where the order is not stored yet, say so, with status 202."""
    record(action, room=requested_room() if is_stored else None, is_storable=is_stored)
    if is_stored:
        return redirect(url_for("live.live"))
    detail = gettext("This applies from now on. It could not be stored yet: the server keeps trying.")
    if not requested_live_room().control.is_kept:
        detail += " " + gettext("A restart before then would forget it.")
    if is_page():
        return render_template("error.html", title=gettext("Done, but not stored yet"), detail=detail), 202
    return {"detail": detail}, 202


def _not_changed() -> Response:
    return problem(503, NOT_CHANGED, RETRY_AFTER)
