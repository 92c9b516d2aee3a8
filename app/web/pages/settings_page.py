"""The settings of a room, at the first run and later. `app.web.access` lets only administrators in."""

from concurrent.futures import ThreadPoolExecutor

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.camera.spec import CameraKind, hide_password, kind_of
from app.language import Translatable, current_language, translate
from app.notify import post
from app.notify.address import redacted
from app.notify.alert import Alert, AlertKind
from app.notify.post import Notification, NotSent
from app.report.wording import capital
from app.store import room_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import (
    ROOM_SETTINGS,
    effective_settings,
    is_set_by_environment,
)
from app.store.room_archive import archive_obstacle
from app.store.tables import Room
from app.vision.model_card import WeightsError, read_model_card
from app.web.audit import record, record_purpose
from app.web.extensions import current_settings, current_time, hub, pulse_keeper, reload_settings
from app.web.pages.camera_trial import CameraTrial, has_left, refusal_to_try, try_camera
from app.web.problems import problem
from app.web.rate_limiter import limiter
from app.web.requested_room import requested_room, room_route
from app.web.room_form import FirstRunForm, RoomForm

pages = Blueprint("room_settings", __name__)

PURPOSE = {"purpose", "ground"}
NOT_NAMED = PURPOSE | {"hidden_by_administrator"}
"""Settings whose change has an entry of its own in the audit."""
SNAPSHOT_SECONDS = 2.0
SENT_AT_ONCE = 3  # each takes 60 MB of memory for a second
SENT = Translatable("Sent. Look whether it has arrived.")


@room_route(pages, "/settings", methods=["GET", "POST"])
def settings():
    """Change the room's settings that can be changed while the server runs."""
    room = requested_room()
    form = _form_for(room)
    if form.validate_on_submit():
        _store(room, form)
        flash(gettext("Saved. The changes take effect within two seconds."))
        return redirect(url_for("room_settings.settings"))
    return _page(room, form, first=False)


@room_route(pages, "/setup/room", methods=["GET", "POST"])
def first_run():
    """Set the room up, after the first account was created."""
    room = requested_room()
    if room.told_at is not None:
        return redirect(url_for("room_settings.settings"))
    form = _form_for(room)
    if form.validate_on_submit():
        _store(room, form)
        return redirect(url_for("live.live"))
    return _page(room, form, first=True)


@room_route(pages, "/settings/camera", methods=["POST"])
@limiter.limit("20/minute")
def camera():
    """Try the camera that is filled in and return a picture from it.

    A browser that is to be the camera is asked to try its own (`is_here`).
    """
    if is_set_by_environment("camera", requested_room()):
        return problem(
            409, Translatable("CAMERA is set in the server's environment and can only be changed there.")
        )
    form = _form_for(requested_room())
    form.validate()
    errors = [error for field in (form.kind, form.device, form.address) for error in field.errors]
    if errors:
        return {"works": False, "detail": capital(" ".join(errors)), "picture": None}
    return _try(form.camera())


@room_route(pages, "/settings/notify", methods=["POST"])
@limiter.limit("10/minute")
def notify():
    """Send a test message to the addresses that are filled in and those of NOTIFY, and say what happened."""
    room = requested_room()
    form = _form_for(room)
    form.validate()
    if form.notify.errors:
        return {"detail": capital(" ".join(form.notify.errors)), "sent": []}
    addresses = tuple(dict.fromkeys((*_addresses_for_all(), *form.addresses())))
    if not addresses:
        return {"detail": gettext("Enter an address first."), "sent": []}
    message = Notification((_test_alert(room),), room_queries.language_of(room))
    language = current_language()
    with ThreadPoolExecutor(SENT_AT_ONCE) as threads:
        sent = list(threads.map(lambda address: _send_test(address, message, language), addresses))
    return {"detail": None, "sent": sent}


def _send_test(address: str, message: Notification, language: str) -> dict:
    try:
        post.post(address, message)
    except NotSent as problem:
        return {"address": redacted(address), "works": False, "detail": translate(problem, language)}
    return {"address": redacted(address), "works": True, "detail": translate(SENT, language)}


def _test_alert(room: Room) -> Alert:
    return Alert(
        AlertKind.TEST,
        current_time(),
        Translatable("%(room)s: test message from Aula", room=room.name),
        (Translatable("Aula writes to you here when something is wrong with this room."),),
        room.id,
        room.name,
    )


def _addresses_for_all() -> tuple[str, ...]:
    return current_app.config["SETTINGS"].notify or ()


def _try(spec: str) -> dict:
    """Try a camera; most devices refuse to be opened twice, so the one in use gives its snapshot."""
    room = requested_room()
    in_force, room_hub = current_settings(room), hub(room)
    ordered = room_hub.demand.overrides
    if spec == in_force.camera and not in_force.pause:
        snapshot = room_hub.snapshot(SNAPSHOT_SECONDS)
        if not snapshot.is_card:
            return CameraTrial(True, gettext("This camera is in use and works."), snapshot.jpeg).as_json()
    if spec == CameraKind.BROWSER:
        refusal = refusal_to_try(in_force)
        return refusal.as_json() if refusal else {"is_here": True, "hides_faces": in_force.hide_faces}
    connection = request.environ.get("gunicorn.socket")

    def may_go_on() -> bool:
        return room_hub.demand.overrides == ordered and not has_left(connection)

    return try_camera(spec, in_force, may_go_on).as_json()


def _form_for(room: Room) -> RoomForm:
    """The form; until somebody has confirmed that filming is allowed here, it asks for that."""
    form_class = RoomForm if room.told_at else FirstRunForm
    fixed = [name for name in ("room", *ROOM_SETTINGS) if is_set_by_environment(name, room)]
    return form_class(effective_settings(room), room, fixed)


def _page(room: Room, form: RoomForm, first: bool):
    in_force = form.in_force
    page = render_template(
        "settings.html",
        form=form,
        room=room,
        first=first,
        uncertain_below=_uncertain_below(),
        archive_obstacle=translate(archive_obstacle(room) or ""),
        told_of_all_rooms=[redacted(address) for address in _addresses_for_all()],
        in_force=in_force,
        camera=hide_password(in_force.camera),
        present_address=(
            hide_password(in_force.camera) if kind_of(in_force.camera) == CameraKind.NETWORK else None
        ),
    )
    return page, 400 if form.is_submitted() else 200


def _uncertain_below() -> float | None:
    """The score below which a face is uncertain; None where the card can't be read, which `/model` says."""
    try:
        return read_model_card(current_app.config["SETTINGS"].network).uncertain_below
    except WeightsError:
        return None


def _store(room: Room, form: RoomForm) -> None:
    told_at = room.told_at or current_time()  # the form was not valid without the confirmation
    values = form.values()
    if "hide_faces" in values:
        values["hidden_by_administrator"] = values["hide_faces"]
    in_force = effective_settings(room)
    before = {name: getattr(in_force if name in ROOM_SETTINGS else room, name) for name in values}
    changed = [name for name, value in values.items() if value != before[name] and name not in NOT_NAMED]
    is_confirmed = room.told_at is None or any(
        before[name] != values[name] for name in PURPOSE & values.keys()
    )
    room_queries.change_room(room, **values, told_at=told_at)
    if changed:
        record(AuditAction.SETTINGS_CHANGED, ", ".join(changed), room)
    if is_confirmed:
        record_purpose(room, values)
    reload_settings(room)
    pulse_keeper().wake()
