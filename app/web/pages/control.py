"""What every signed-in person may do to the room at once: pause it, and hide the faces."""

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user

from app.language import Translatable
from app.store import room_queries
from app.store.effective_settings import configured_room, effective_settings, is_set_by_environment
from app.web.extensions import current_time, hub
from app.web.problems import problem

pages = Blueprint("control", __name__)


@pages.post("/pause")
def pause():
    """Stop reading the camera, for everybody."""
    room_queries.pause_room(configured_room(), current_user.name, current_time())
    hub().reload_settings(effective_settings)
    return redirect(url_for("live.live"))


@pages.post("/resume")
def resume():
    """Read the camera again."""
    room_queries.resume_room(configured_room(), current_time())
    hub().reload_settings(effective_settings)
    return redirect(url_for("live.live"))


@pages.post("/hide-faces")
def hide_faces():
    """Hide the faces in the stream (`hide=on`), or show them again (`hide=off`)."""
    hide = request.form.get("hide")
    if hide not in ("on", "off"):
        return problem(400, Translatable("hide must be on or off."))
    if is_set_by_environment("hide_faces"):
        return problem(
            409, Translatable("HIDE_FACES is set in the server's environment and can only be changed there.")
        )
    room_queries.change_room(configured_room(), hide_faces=hide == "on")
    hub().reload_settings(effective_settings)
    return redirect(url_for("live.live"))
