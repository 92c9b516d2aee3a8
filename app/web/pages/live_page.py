"""The live page."""

from datetime import timedelta

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_login import current_user

from app.language import translate
from app.store import lecture_queries, timetable_queries
from app.store.effective_settings import configured_room, is_set_by_environment
from app.timetable.wording import day_and_clock
from app.web.extensions import current_settings, current_time
from app.web.forms import LectureForm
from app.web.pages.notice_page import is_only_local
from app.web.problems import problem

pages = Blueprint("live", __name__)

REMINDER = timedelta(days=1)  # how long the page says that a lecture ended by itself


@pages.get("/")
def live():
    """Show the class now; with `?view=picture` only its picture, for a second screen."""
    room = configured_room()
    lecture = lecture_queries.running_lecture(room)
    hours = current_app.config["SETTINGS"].lecture_hours
    now = current_time()
    upcoming = None if lecture else timetable_queries.next_planned(room, now)
    template = "picture.html" if request.args.get("view") == "picture" else "live.html"
    return render_template(
        template,
        room=room,
        lecture=lecture,
        ends_at=lecture_queries.automatic_end(lecture, hours) if lecture else None,
        forgotten=None if lecture else lecture_queries.newest_that_ended_by_itself(room, now - REMINDER),
        upcoming=upcoming,
        upcoming_when=upcoming
        and translate(day_and_clock(upcoming.begins_at, now, timetable_queries.zone_of(room))),
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
        lecture_queries.start_lecture(room, form.title.data, form.course.data, current_time())
    except lecture_queries.LectureError as error:
        return problem(409, error)
    return redirect(url_for("live.live"))
