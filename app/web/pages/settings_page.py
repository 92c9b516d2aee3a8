"""The settings of the room, at the first run and later. `app.web.access` lets only administrators in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from app.camera.spec import CameraKind, hide_password, kind_of
from app.language import Translatable
from app.report.wording import capital
from app.store import room_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import (
    ROOM_SETTINGS,
    configured_room,
    effective_settings,
    is_set_by_environment,
)
from app.store.tables import Room
from app.web.access import limiter
from app.web.audit import record
from app.web.extensions import current_settings, current_time, hub
from app.web.pages.camera_trial import CameraTrial, try_camera
from app.web.problems import problem
from app.web.room_form import FirstRunForm, RoomForm

pages = Blueprint("room_settings", __name__)

SNAPSHOT_SECONDS = 2.0


@pages.route("/settings", methods=["GET", "POST"])
def settings():
    """Change the settings that can be changed while the server runs."""
    room = configured_room()
    form = _form_for(room)
    if form.validate_on_submit():
        _store(room, form)
        flash(gettext("Saved. The changes take effect within two seconds."))
        return redirect(url_for("room_settings.settings"))
    return _page(form, first=False)


@pages.route("/setup/room", methods=["GET", "POST"])
def first_run():
    """Set the room up, after the first account was created."""
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
    """Try the camera that is filled in and return a picture from it."""
    if is_set_by_environment("camera"):
        return problem(
            409, Translatable("CAMERA is set in the server's environment and can only be changed there.")
        )
    form = _form_for(configured_room())
    form.validate()
    errors = [error for field in (form.kind, form.device, form.address) for error in field.errors]
    if errors:
        return {"works": False, "detail": capital(" ".join(errors)), "picture": None}
    return _try(form.camera()).as_json()


def _try(spec: str) -> CameraTrial:
    """Try a camera. The one in use is not opened a second time, which most devices refuse."""
    in_force = current_settings()
    ordered = hub().demand.overrides
    if spec == in_force.camera and not in_force.pause:
        snapshot = hub().snapshot(SNAPSHOT_SECONDS)
        if not snapshot.is_card:
            return CameraTrial(True, gettext("This camera is in use and works."), snapshot.jpeg)
    return try_camera(spec, in_force, may_go_on=lambda: hub().demand.overrides == ordered)


def _form_for(room: Room) -> RoomForm:
    """The form; until somebody has confirmed that filming is allowed here, it asks for that."""
    form_class = RoomForm if room.told_at else FirstRunForm
    return form_class(
        effective_settings(room), fixed=[name for name in ROOM_SETTINGS if is_set_by_environment(name)]
    )


def _page(form: RoomForm, first: bool):
    in_force = form.in_force
    page = render_template(
        "settings.html",
        form=form,
        first=first,
        in_force=in_force,
        camera=hide_password(in_force.camera),
        present_address=(
            hide_password(in_force.camera) if kind_of(in_force.camera) == CameraKind.NETWORK else None
        ),
    )
    return page, 400 if form.is_submitted() else 200


def _store(room: Room, form: RoomForm) -> None:
    told_at = room.told_at or current_time()  # the form was not valid without the confirmation
    values = form.values()
    if "hide_faces" in values:
        values["hidden_by_administrator"] = values["hide_faces"]
    before = effective_settings(room)
    changed = [name for name in ROOM_SETTINGS if name in values and values[name] != getattr(before, name)]
    room_queries.change_room(room, **values, told_at=told_at)
    if changed:
        record(AuditAction.SETTINGS_CHANGED, ", ".join(changed), room)
    hub().reload_settings(effective_settings)
