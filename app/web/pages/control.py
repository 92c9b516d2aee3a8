"""What every signed-in person may do to the room at once: pause it, and hide the faces."""

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user

from app.language import Words
from app.store import room_queries
from app.store.effective_settings import effective_settings, is_fixed, our_room
from app.web.access import hub
from app.web.problems import problem

pages = Blueprint("control", __name__)


@pages.post("/pause")
def pause():
    """Stop reading the camera, for everybody."""
    room_queries.pause_room(our_room(), current_user.name, hub().clock.now())
    hub().obey(effective_settings)
    return redirect(url_for("live.live"))


@pages.post("/resume")
def resume():
    """Read the camera again."""
    room_queries.resume_room(our_room(), hub().clock.now())
    hub().obey(effective_settings)
    return redirect(url_for("live.live"))


@pages.post("/hide-faces")
def hide_faces():
    """Hide the faces in the stream (`hide=on`), or show them again (`hide=off`)."""
    hide = request.form.get("hide")
    if hide not in ("on", "off"):
        return problem(400, Words("hide must be on or off."))
    if is_fixed("hide_faces"):
        return problem(
            409, Words("HIDE_FACES is set in the server's environment and can only be changed there.")
        )
    room_queries.change_room(our_room(), hide_faces=hide == "on")
    hub().obey(effective_settings)
    return redirect(url_for("live.live"))
