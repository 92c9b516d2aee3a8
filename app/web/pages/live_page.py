"""The live page."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user

from app.store import lecture_queries
from app.store.effective_settings import configured_room, is_set_by_environment
from app.web.extensions import current_settings, current_time
from app.web.forms import LectureForm
from app.web.pages.notice_page import is_only_local
from app.web.problems import problem

pages = Blueprint("live", __name__)


@pages.get("/")
def live():
    """Show the class now; with `?view=picture` only its picture, for a second screen."""
    room = configured_room()
    template = "picture.html" if request.args.get("view") == "picture" else "live.html"
    return render_template(
        template,
        room=room,
        lecture=lecture_queries.running_lecture(room),
        in_force=current_settings(room),
        notice_is_only_local=is_only_local(),
        hide_is_fixed=is_set_by_environment("hide_faces"),
        hide_is_locked=room.hidden_by_administrator and not current_user.administrator,
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
