"""The live page."""

from datetime import timedelta

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_login import current_user

from app.store import lecture_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import configured_room, is_set_by_environment
from app.store.tables import Role
from app.web.access import may_change
from app.web.audit import record
from app.web.extensions import current_settings, current_time
from app.web.forms import LectureForm
from app.web.lecture_lookup import can_read
from app.web.pages.notice_page import is_only_local
from app.web.problems import problem

pages = Blueprint("live", __name__)

REMINDER = timedelta(days=1)  # how long the page says that a lecture ended by itself


@pages.get("/")
def live():
    """Show the class now; with `?view=picture` only its picture, for a second screen."""
    room = configured_room()
    lecture = lecture_queries.running_lecture(room)
    longest = timedelta(hours=current_app.config["SETTINGS"].lecture_hours)
    recently = current_time() - REMINDER
    is_readable = lecture is not None and can_read(lecture)
    forgotten = None if lecture else lecture_queries.newest_that_ended_by_itself(room, recently)
    template = "picture.html" if request.args.get("view") == "picture" else "live.html"
    return render_template(
        template,
        room=room,
        lecture=lecture,
        is_readable=is_readable,
        may_change=is_readable and may_change(lecture),
        ends_at=lecture.started_at + longest if lecture else None,
        forgotten=forgotten if forgotten and can_read(forgotten) else None,
        is_viewer=current_user.role == Role.VIEWER,
        in_force=current_settings(room),
        notice_is_only_local=is_only_local(),
        hide_is_fixed=is_set_by_environment("hide_faces"),
        hide_is_locked=room.hidden_by_administrator and not current_user.is_administrator,
        form=LectureForm(),
    )


@pages.post("/lectures")
def start_lecture():
    """Start a lecture from the form on the live page."""
    form = LectureForm()
    if not form.validate_on_submit():
        return problem(400, form.first_error())
    room = configured_room()
    try:
        lecture = lecture_queries.start_lecture(
            room, form.title.data, form.course.data, current_time(), current_user
        )
    except lecture_queries.LectureError as error:
        return problem(409, error)
    record(AuditAction.LECTURE_STARTED, lecture.id, room)
    return redirect(url_for("live.live"))
