"""The list of lectures."""

from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, abort, render_template, request

from app.language import Translatable
from app.store import lecture_queries, minute_queries, note_queries
from app.web.extensions import current_time, current_zone
from app.web.pages.recordings_page import recordings_for_page
from app.web.pages.sparkline import sparkline
from app.web.request_checks import row_id
from app.web.request_scope import current_scope

pages = Blueprint("lectures", __name__)

PAGE_SIZE = 25


@pages.get("/lectures")
def listing():
    """List the lectures that match, newest first; without a search, all of them."""
    search = {name: request.args.get(name, "").strip() for name in ("q", "course", "owner", "from", "to")}
    text, course, owner = search["q"], search["course"], search["owner"]
    after = request.args.get("after", type=row_id)
    if after is None and "after" in request.args:
        abort(404, Translatable("after must be the number of a lecture."))
    matches = lecture_queries.newest_lectures(
        current_scope(),
        PAGE_SIZE + 1,
        after,
        text,
        course,
        owner=owner,
        start=_midnight(search["from"]),
        end=_midnight(search["to"], timedelta(days=1)),
    )
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
        search={name: value for name, value in search.items() if value},
        courses=lecture_queries.all_courses(current_scope()),
        owners=lecture_queries.all_owners(current_scope()),
        now=now,
        **recordings_for_page(),
    )


def _midnight(day: str, later: timedelta = timedelta()) -> datetime | None:
    """When a day begins here, or a time `later`; None without a day, and 422 for what is none."""
    if not day:
        return None
    try:
        begin = datetime.combine(date.fromisoformat(day) + later, time(), current_zone())
        return begin.astimezone(UTC)
    except (ValueError, OverflowError):
        abort(422, Translatable("%(day)s is no day such as 2026-11-20.", day=day))
