"""The wall of all rooms; and adding, archiving, restoring and deleting a room."""

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.camera.spec import CameraKind
from app.language import Translatable, translate
from app.store import lecture_queries, room_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import effective_settings, first_room
from app.store.room_archive import archive_obstacle, restore_obstacle
from app.store.tables import Room, db
from app.web.audit import record, record_purpose
from app.web.extensions import current_time, pulse_keeper, reload_settings, runner
from app.web.problems import problem
from app.web.request_scope import current_scope, may_see_room
from app.web.requested_room import requested_room, visible_rooms
from app.web.room_form import SAME_NAME, FirstRunForm

pages = Blueprint("rooms", __name__)


@pages.get("/rooms")
def wall():
    """Show a small picture of each room, with what is wrong first."""
    archived = room_queries.archived_rooms() if current_user.is_administrator else ()
    obstacles = {room.id: translate(restore_obstacle(room) or "") for room in archived}
    return render_template("wall.html", rooms=visible_rooms(), archived=archived, obstacles=obstacles)


@pages.route("/rooms/new", methods=["GET", "POST"])
def add():
    """Add a room."""
    if current_scope().room_ids is not None:
        abort(403, Translatable("This key is for some rooms only and adds none."))
    form = FirstRunForm(replace(effective_settings(first_room()), camera=CameraKind.DEMO.value))
    if form.validate_on_submit():
        try:
            values = form.values()
            room = room_queries.create_room(**values, told_at=current_time())
        except IntegrityError:  # another request was faster
            db.session.rollback()
            form.room.errors = [SAME_NAME]
        else:
            reload_settings(room)
            runner().wake()
            pulse_keeper().wake()
            record(AuditAction.ROOM_ADDED, room.name, room)
            record_purpose(room, values)
            return redirect(url_for("live.live", room_slug=room.slug))
    page = render_template("settings.html", form=form, room=None, first=False, in_force=form.in_force)
    return page, 400 if form.is_submitted() else 200


@pages.post("/rooms/<room_slug>/archive")
def archive():
    """Take a room out of use. Its lectures stay."""
    room = requested_room()
    if obstacle := archive_obstacle(room):
        return problem(409, obstacle)
    room_queries.change_room(room, archived_at=current_time())
    record(AuditAction.ROOM_ARCHIVED, room.name, room)
    runner().wake()
    flash(gettext("%(room)s is archived. Its lectures stay.", room=room.name))
    return redirect(url_for("rooms.wall", room_slug=None))


@pages.post("/archived-rooms/<int:archived_id>/restore")
def restore(archived_id):
    """Take an archived room into use again."""
    room = _archived_room_or_404(archived_id)
    if obstacle := restore_obstacle(room):
        return problem(409, obstacle)
    room_queries.change_room(room, archived_at=None)
    record(AuditAction.ROOM_RESTORED, room.name, room)
    runner().wake()
    return redirect(url_for("live.live", room_slug=room.slug))


@pages.route("/archived-rooms/<int:archived_id>/delete", methods=["GET", "POST"])
def delete(archived_id):
    """Ask whether to delete an archived room for good, and say what goes; then delete it."""
    room = _archived_room_or_404(archived_id)
    if request.method == "POST":
        name = room.name
        room_queries.delete_room(room)
        record(AuditAction.ROOM_DELETED, name)
        flash(gettext("%(room)s is deleted.", room=name))
        return redirect(url_for("rooms.wall"))
    return render_template(
        "delete_room.html",
        room=room,
        lectures=lecture_queries.count_lectures(room),
    )


def _archived_room_or_404(room_id: int) -> Room:
    room = room_queries.room_by_id(room_id)
    if room is None or room.archived_at is None or not may_see_room(room):
        abort(404, Translatable("There is no such room among the archived ones."))
    return room
