"""The live page."""

from datetime import timedelta

import segno
from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask_login import current_user
from markupsafe import Markup

from app.camera.spec import CameraKind, kind_of
from app.language import translate
from app.purpose import Purpose
from app.role import Role
from app.store import lecture_queries, pulse_queries, timetable_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import is_set_by_environment
from app.store.room_queries import zone_of
from app.timetable.wording import day_and_clock
from app.web.access import may_change
from app.web.audit import record
from app.web.extensions import current_settings, current_time, pulse_keeper
from app.web.forms import LectureForm
from app.web.lecture_lookup import can_read
from app.web.pages.notice_page import is_only_local
from app.web.problems import problem
from app.web.requested_room import requested_room, room_route, visible_rooms

pages = Blueprint("live", __name__)

LAST_ROOM = "room"
REMINDER = timedelta(days=1)  # how long the page says that a lecture ended by itself


@room_route(pages, "/screen")
def screen():
    """Show the picture alone, for a second screen, and the code with which students answer."""
    room = requested_room()
    in_force, pulse = current_settings(room), pulse_queries.pulse_of_room(room)
    address = pulse and url_for("pulse.page", code=pulse.code, _external=True)
    code = address and segno.make(address, error="m").svg_inline(light="white", border=3, omitsize=True)
    return render_template(
        "pulse_screen.html" if in_force.purpose is Purpose.PULSE else "picture.html",
        room=room,
        has_pulse=in_force.pulse,
        pulse=pulse,
        address=address and address.partition("//")[2],
        qr_code=code and Markup(code),
    )


@room_route(pages, "/")
def live():
    """Show the class now. Without a room's name: in the only room, in the one last seen, or the wall."""
    if request.args.get("view") == "picture":  # the address of earlier versions
        return redirect(url_for("live.screen"))
    slugs = [room.slug for room in visible_rooms()]
    if len(slugs) != 1 and g.room_slug is None:
        seen = session.get(LAST_ROOM)
        return redirect(url_for("live.live", room_slug=seen) if seen in slugs else url_for("rooms.wall"))
    if len(slugs) > 1:
        session[LAST_ROOM] = g.room_slug
    room = requested_room()
    g.room_slug = room.slug  # what this page sends is for the room that it shows, whichever is the first then
    lecture = lecture_queries.running_lecture(room)
    hours = current_app.config["SETTINGS"].lecture_hours
    now = current_time()
    upcoming = None if lecture else timetable_queries.next_planned(room, now)
    is_readable = lecture is not None and can_read(lecture)
    forgotten = None if lecture else lecture_queries.newest_that_ended_by_itself(room, now - REMINDER)
    in_force = current_settings(room)
    return render_template(
        "pulse_live.html" if in_force.purpose is Purpose.PULSE else "live.html",
        room=room,
        lecture=lecture,
        is_readable=is_readable,
        may_change=is_readable and may_change(lecture),
        ends_at=lecture_queries.automatic_end(lecture, hours) if lecture else None,
        forgotten=forgotten if forgotten and can_read(forgotten) else None,
        is_viewer=current_user.role == Role.VIEWER,
        upcoming=upcoming,
        upcoming_when=upcoming and translate(day_and_clock(upcoming.begins_at, now, zone_of(room))),
        in_force=in_force,
        is_drawn=in_force.camera is not None and kind_of(in_force.camera) == CameraKind.DEMO,
        notice_is_only_local=is_only_local(),
        hide_is_fixed=is_set_by_environment("hide_faces", room),
        hide_is_locked=room.hidden_by_administrator and not current_user.is_administrator,
        form=LectureForm(),
    )


@room_route(pages, "/lectures", methods=["POST"])
def start_lecture():
    """Start a lecture from the form on the live page."""
    form = LectureForm()
    if not form.validate_on_submit():
        return problem(400, form.first_error())
    room = requested_room()
    try:
        lecture = lecture_queries.start_lecture(
            room,
            form.title.data,
            form.course.data,
            current_time(),
            current_user,
            current_settings(room).purpose,
        )
    except lecture_queries.LectureError as error:
        return problem(409, error)
    record(AuditAction.LECTURE_STARTED, lecture.id, room)
    pulse_keeper().wake()
    return redirect(url_for("live.live"))
