"""What an administrator sets for the room: at the first run, and on the settings page later.

`app.web.access` lets nobody else in.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from app.camera.spec import CameraKind, hide_password, kind_of
from app.language import Words
from app.report.wording import capital
from app.store import room_queries
from app.store.effective_settings import (
    ROOM_SETTINGS,
    configured_room,
    effective_settings,
    is_set_by_environment,
)
from app.store.tables import Room
from app.web.access import limiter
from app.web.extensions import current_time, hub
from app.web.forms import FirstRunForm, RoomForm
from app.web.pages.camera_trial import CameraTrial, try_camera
from app.web.problems import problem

pages = Blueprint("room_settings", __name__)

SNAPSHOT_SECONDS = 2.0


@pages.route("/settings", methods=["GET", "POST"])
def settings():
    """Change what can be changed while the server runs."""
    room = configured_room()
    form = _form_for(room)
    if form.validate_on_submit():
        _store(room, form)
        flash(gettext("Saved. It is in force within two seconds."))
        return redirect(url_for("room_settings.settings"))
    return _page(form, first=False)


@pages.route("/setup/room", methods=["GET", "POST"])
def first_run():
    """Set the room up after the first account was made."""
    room = configured_room()
    if room.told_at is not None:
        return redirect(url_for("room_settings.settings"))
    form = _form_for(room)
    if form.validate_on_submit():
        _store(room, form)
        return redirect(url_for("live.live"))
    return _page(form, first=True)


@pages.post("/settings/camera")
@limiter.limit("20/minute")
def camera():
    """Try the camera that is filled in, and give a picture of it."""
    if is_set_by_environment("camera"):
        return problem(409, Words("CAMERA is set in the server's environment and can only be changed there."))
    form = _form_for(configured_room())
    form.validate()
    errors = [error for field in (form.kind, form.device, form.address) for error in field.errors]
    if errors:
        return {"works": False, "detail": capital(" ".join(errors)), "picture": None}
    return _try(form.camera()).as_json()


def _try(spec: str) -> CameraTrial:
    """Try a camera. The one that is on is not opened a second time, which most devices refuse."""
    now = effective_settings()
    if spec == now.camera:
        shown = hub().snapshot(SNAPSHOT_SECONDS)
        if not shown.is_card:
            return CameraTrial(True, gettext("It is on now, and works."), shown.jpeg)
    return try_camera(spec, now.areas)


def _form_for(room: Room) -> RoomForm:
    """The form; it asks whether all this is allowed here until somebody has confirmed it."""
    kind = RoomForm if room.told_at else FirstRunForm
    return kind.of(effective_settings(room), [name for name in ROOM_SETTINGS if is_set_by_environment(name)])


def _page(form: RoomForm, first: bool):
    page = render_template(
        "settings.html",
        form=form,
        first=first,
        fixed=form.fixed,
        areas=effective_settings().areas,
        kept_address=hide_password(form.kept) if kind_of(form.kept) == CameraKind.NETWORK else None,
    )
    return page, 400 if form.is_submitted() else 200


def _store(room: Room, form: RoomForm) -> None:
    """Keep what was filled in, but for what the environment says."""
    stored = {name: value for name, value in form.stored().items() if not is_set_by_environment(name)}
    told_at = room.told_at or current_time()  # the form was not valid without the confirmation
    room_queries.change_room(room, **stored, told_at=told_at)
    hub().reload_settings(effective_settings)
