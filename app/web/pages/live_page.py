"""The live page."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup

from app.camera.spec import CameraKind, kind_of
from app.language import Translatable, translate
from app.purpose import Purpose
from app.report.wording import clock, day_in_words, untitled
from app.role import Role
from app.store import lecture_queries, pulse_queries, timetable_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import is_set_by_environment
from app.store.room_queries import zone_of
from app.store.tables import Room, User
from app.timetable.wording import day_and_clock
from app.vision.palette import STACK_ORDER
from app.web.advice import advice_for
from app.web.audit import record
from app.web.extensions import current_settings, current_time, hub, pulse_keeper
from app.web.forms import StartForm
from app.web.lecture_lookup import can_read
from app.web.pages.control import shown_advice
from app.web.pages.notice_page import is_only_local
from app.web.request_scope import current_scope, may_change
from app.web.requested_room import requested_room, room_route, visible_rooms

pages = Blueprint("live", __name__)

LAST_ROOM = "room"
REMINDER = timedelta(days=1)  # how long the page says that a lecture ended by itself


NOTE_TAGS = (
    Translatable("question"),
    Translatable("group work"),
    Translatable("exercise"),
    Translatable("joke"),
)
"""The notes that one tap takes, for somebody who chose none of their own."""


@room_route(pages, "/screen")
def screen():
    """Show the picture alone, for a second screen, and the code with which students answer."""
    return _screen(requested_room(), "picture.html")


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
    if request.args.get("view") == "screen":
        return _screen(requested_room(), "screen.html")
    return _page(requested_room())


def _screen(room: Room, template: str) -> str:
    """A page without controls for all to see: the picture, or without a camera the pulse, and its code."""
    in_force, pulse = current_settings(room), pulse_queries.pulse_of_room(room)
    address = pulse and url_for("pulse.page", code=pulse.code, _external=True)
    code = address and segno.make(address, error="m").svg_inline(light="white", border=3, omitsize=True)
    return render_template(
        "pulse_screen.html" if in_force.purpose is Purpose.PULSE else template,
        room=room,
        in_force=in_force,
        stack_order=STACK_ORDER,
        has_pulse=in_force.pulse,
        pulse=pulse,
        address=address and address.partition("//")[2],
        qr_code=code and Markup(code),
    )


def _page(room: Room, form: StartForm | None = None) -> str:
    g.room_slug = room.slug  # what this page sends is for the room that it shows, whichever is the first then
    g.zone = zone = zone_of(room)
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
        resumable=None if lecture else lecture_queries.newest_to_resume(room, current_user, now),
        is_viewer=current_user.role == Role.VIEWER,
        upcoming=upcoming,
        upcoming_when=upcoming and translate(day_and_clock(upcoming.begins_at, now, zone)),
        in_force=in_force,
        is_drawn=in_force.camera is not None and kind_of(in_force.camera) == CameraKind.DEMO,
        notice_is_only_local=is_only_local(),
        shown_advice=shown_advice(),
        advice=advice_for(in_force, hub(room).status),
        hide_is_fixed=is_set_by_environment("hide_faces", room),
        hide_is_locked=room.hidden_by_administrator and not current_user.is_administrator,
        stack_order=STACK_ORDER,
        note_tags=note_tags(current_user),
        courses=() if lecture else lecture_queries.all_courses(current_scope()),
        today=day_in_words(now, zone),
        form=form or _proposed_start(room, now, zone),
    )


def _proposed_start(room: Room, now: datetime, zone: ZoneInfo) -> StartForm:
    return StartForm(formdata=None, course=lecture_queries.usual_course(room, current_user, now, zone))


def note_tags(user: User) -> list[str]:
    """The notes that one tap of this user takes."""
    return [translate(tag) for tag in NOTE_TAGS] if user.note_tags is None else user.note_tags


@room_route(pages, "/lectures", methods=["POST"])
def start_lecture():
    """Start a lecture from the form on the live page; whoever was slower joins the one that runs."""
    form, room, now = StartForm(), requested_room(), current_time()
    if not form.validate_on_submit():
        return _page(room, form), 400
    course = form.course.data
    try:
        lecture = lecture_queries.start_lecture(
            room,
            form.title.data or untitled(course, now, zone_of(room)),
            course,
            now,
            current_user,
            current_settings(room).purpose,
        )
    except lecture_queries.LectureError as error:
        flash(_who_was_faster(room) or translate(error))
    else:
        record(AuditAction.LECTURE_STARTED, lecture.id, room)
        pulse_keeper().wake()
    return redirect(url_for("live.live"))


def _who_was_faster(room: Room) -> str:
    """Ask somebody who could not start a lecture to join the one that runs."""
    running = lecture_queries.running_lecture(room)
    if running is None:
        return ""
    values = {"time": clock(running.started_at, zone_of(room)), "name": running.owner and running.owner.name}
    if can_read(running):
        return gettext("This lecture is running since %(time)s already: join it here.", **values)
    if running.owner is None:
        return gettext("A lecture is running here since %(time)s: join it. What you typed is kept.", **values)
    return gettext(
        "%(name)s started a lecture here at %(time)s: join it. You see the class, and %(name)s can share the "
        "report with you. What you typed is kept.",
        **values,
    )
