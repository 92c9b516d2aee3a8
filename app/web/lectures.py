"""The list of lectures, and the report of each."""

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for

from app.records import export, notes, queries
from app.records.network import network
from app.records.report import Conditions, Report, report_of
from app.records.tables import Lecture, Note
from app.web.access import hub
from app.web.chart import stacked_minutes
from app.web.problems import problem

pages = Blueprint("lectures", __name__)

PAGE = 50


def lecture_or_404(lecture_id: int) -> Lecture:
    """The lecture of that id, or an answer that says that there is none."""
    lecture = queries.find_lecture(lecture_id)
    if lecture is None:
        abort(404, f"There is no lecture {lecture_id}.")
    return lecture


def note_or_404(lecture: Lecture, note_id: int) -> Note:
    """The note of that id in this lecture, or an answer that says that there is none."""
    note = notes.find_note(lecture, note_id)
    if note is None:
        abort(404, f"There is no note {note_id} in this lecture.")
    return note


def report_now(lecture_id: int) -> Report:
    """The report of a lecture as far as it got, or an answer that says that there is no such lecture."""
    conditions = Conditions(current_app.config["SETTINGS"].minimum_group, network())
    return report_of(lecture_or_404(lecture_id), hub().clock.now(), conditions)


@pages.get("/lectures")
def listing():
    """List lectures, newest first."""
    after = request.args.get("after", type=int)
    found = queries.lectures(PAGE + 1, after)
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template("lectures.html", lectures=found[:PAGE], older=older, now=hub().clock.now())


@pages.get("/lectures/<int:lecture_id>")
def report(lecture_id: int):
    """Show a lecture's report."""
    made = report_now(lecture_id)
    chart = stacked_minutes(made.minutes, current_app.config["SETTINGS"].timezone)
    return render_template("report.html", report=made, chart=chart)


@pages.get("/lectures/<int:lecture_id>/report.<extension>")
def download(lecture_id: int, extension: str):
    """Give a lecture's report as a file."""
    if extension not in export.FORMATS:
        return problem(404, f"Reports come as {', '.join(export.FORMATS)}; {extension!r} is none of them.")
    made = report_now(lecture_id)
    mimetype, write = export.FORMATS[extension]
    timezone = current_app.config["SETTINGS"].timezone
    response = Response(write(made, timezone), content_type=mimetype)
    response.headers.set(
        "Content-Disposition", "attachment", filename=export.filename(made, extension, timezone)
    )
    return response


@pages.post("/lectures/<int:lecture_id>/end")
def end(lecture_id: int):
    """End a lecture and go to its report."""
    try:
        queries.end_lecture(lecture_or_404(lecture_id), hub().clock.now())
    except queries.LectureError as error:
        return problem(409, str(error))
    return redirect(url_for("lectures.report", lecture_id=lecture_id))
