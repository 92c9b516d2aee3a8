"""The list of lectures."""

from flask import Blueprint, abort, render_template, request

from app.language import Translatable
from app.store import lecture_queries, minute_queries, note_queries
from app.web.access import current_scope
from app.web.extensions import current_time
from app.web.pages.recordings_page import recordings_for_page
from app.web.pages.sparkline import sparkline
from app.web.request_checks import row_id

pages = Blueprint("lectures", __name__)

PAGE_SIZE = 25


@pages.get("/lectures")
def listing():
    """List the lectures that match, newest first; without a search, all of them."""
    text, course = (request.args.get(name, "").strip() for name in ("q", "course"))
    after = request.args.get("after", type=row_id)
    if after is None and "after" in request.args:
        abort(404, Translatable("after must be the number of a lecture."))
    matches = lecture_queries.newest_lectures(current_scope(), PAGE_SIZE + 1, after, text, course)
    lectures = matches[:PAGE_SIZE]
    now = current_time()
    expressions = minute_queries.expressions_of_lectures(lectures, now)
    sparklines = {lecture_id: sparkline(minutes) for lecture_id, minutes in expressions.items()}
    return render_template(
        "lectures.html",
        lectures=lectures,
        sparklines=sparklines,
        notes=note_queries.notes_with(text, lectures) if text else {},
        older_than=lectures[-1].id if len(matches) > PAGE_SIZE else None,
        text=text,
        course=course,
        courses=lecture_queries.all_courses(current_scope()),
        now=now,
        **recordings_for_page(),
    )
