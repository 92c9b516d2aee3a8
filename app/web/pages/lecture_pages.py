"""The list of lectures, and the report of each."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, redirect, render_template, request, send_file, url_for

from app.language import Words, say
from app.report.exports import FORMATS, filename
from app.report.lecture_report import LIMITS, Report, ReportConditions, report_of
from app.report.report_minute import MINUTE
from app.report.summary import biggest_changes, doubts, summary_sentence
from app.report.wording import clock
from app.store import lecture_queries, minute_queries, note_queries
from app.store.effective_settings import effective_settings
from app.store.tables import Lecture, Note
from app.vision.model_card import read_model_card
from app.web.extensions import current_time
from app.web.forms import NoteForm, RenameForm
from app.web.pages.chart import sparkline, stacked_minutes
from app.web.problems import problem

pages = Blueprint("lectures", __name__)

PAGE = 25
COMPARABLE = 50  # lectures of a course that are offered to compare with


def lecture_or_404(lecture_id: int) -> Lecture:
    """The lecture of that id, or an answer that says that there is none."""
    lecture = lecture_queries.find_lecture(lecture_id)
    if lecture is None:
        abort(404, Words("There is no lecture %(number)s.", number=lecture_id))
    return lecture


def note_or_404(lecture: Lecture, note_id: int) -> Note:
    """The note of that id in this lecture, or an answer that says that there is none."""
    note = note_queries.find_note(lecture, note_id)
    if note is None:
        abort(404, Words("There is no note %(number)s in this lecture.", number=note_id))
    return note


def report_now(lecture_id: int) -> Report:
    """The report of a lecture as far as it got, or an answer that says that there is no such lecture."""
    conditions = ReportConditions(effective_settings().minimum_group, read_model_card())
    return report_of(lecture_or_404(lecture_id), current_time(), conditions)


@pages.get("/lectures")
def listing():
    """List lectures, newest first, all or those looked for."""
    words, course = (request.args.get(name, "").strip() for name in ("q", "course"))
    found = lecture_queries.newest_lectures(PAGE + 1, request.args.get("after", type=int), words, course)
    shown = found[:PAGE]
    expressions = minute_queries.expressions_of_lectures(shown)
    sparks = {lecture_id: sparkline(minutes) for lecture_id, minutes in expressions.items()}
    return render_template(
        "lectures.html",
        lectures=shown,
        sparks=sparks,
        older=shown[-1].id if len(found) > PAGE else None,
        words_looked_for=words,
        course=course,
        courses=lecture_queries.all_courses(),
        now=current_time(),
    )


@pages.get("/lectures/<int:lecture_id>")
def report(lecture_id: int):
    """Show a lecture's report."""
    return _report_page(lecture_id, RenameForm(formdata=None), NoteForm(formdata=None))


def _report_page(lecture_id: int, rename_form: RenameForm, note_form: NoteForm) -> str:
    made = report_now(lecture_id)
    if rename_form.title.data is None:
        rename_form.title.data, rename_form.course.data = made.title, made.course
    others = (
        lecture_queries.other_lectures_of_course(lecture_or_404(lecture_id), COMPARABLE)
        if made.course
        else []
    )
    return render_template(
        "report.html",
        **_words(made),
        formats=FORMATS,
        rename_form=rename_form,
        note_form=note_form,
        others=others,
    )


def _words(made: Report) -> dict:
    """What a page says of a report."""
    zone = _zone()
    return {
        "report": made,
        "chart": stacked_minutes(made.minutes, zone),
        "sentence": summary_sentence(made, zone),
        "changes": biggest_changes(made),
        "doubts": doubts(made),
        "limits": say(LIMITS),
    }


@pages.get("/lectures/compare")
def compare():
    """Show two lectures side by side."""
    ids = [request.args.get(name, type=int) for name in ("a", "b")]
    if None in ids:
        return problem(400, Words("Say which two lectures to compare: /lectures/compare?a=1&b=2."))
    sides = [_words(report_now(lecture_id)) for lecture_id in ids]
    return render_template("compare.html", sides=sides, limits=say(LIMITS))


@pages.get("/lectures/<int:lecture_id>/report.<extension>")
def download(lecture_id: int, extension: str):
    """Give a lecture's report as a file."""
    if extension not in FORMATS:
        known = ", ".join(FORMATS)
        return problem(
            404,
            Words("Reports come as %(known)s; %(asked)s is none of them.", known=known, asked=extension),
        )
    made = report_now(lecture_id)
    export_format = FORMATS[extension]
    name = filename(made, extension, _zone())
    # send_file knows how to name a file in letters that a header can't hold
    file = BytesIO(export_format.write(made, _zone()))
    response = send_file(file, export_format.mimetype, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post("/lectures/<int:lecture_id>/end")
def end(lecture_id: int):
    """End a lecture and go to its report."""
    try:
        lecture_queries.end_lecture(lecture_or_404(lecture_id), current_time())
    except lecture_queries.LectureError as error:
        return problem(409, error)
    return redirect(url_for("lectures.report", lecture_id=lecture_id))


@pages.post("/lectures/<int:lecture_id>/rename")
def rename(lecture_id: int):
    """Give a lecture another title and course."""
    lecture, form = lecture_or_404(lecture_id), RenameForm()
    if not form.validate():
        return _report_page(lecture_id, form, NoteForm(formdata=None)), 400
    lecture_queries.rename_lecture(lecture, form.title.data, form.course.data)
    return redirect(url_for("lectures.report", lecture_id=lecture_id))


@pages.route("/lectures/<int:lecture_id>/delete", methods=["GET", "POST"])
def delete(lecture_id: int):
    """Say what would go, and delete it when told so."""
    lecture = lecture_or_404(lecture_id)
    if request.method == "GET":
        minutes, written = minute_queries.minutes_of_lecture(lecture), note_queries.notes_of_lecture(lecture)
        return render_template("delete.html", lecture=lecture, minutes=len(minutes), notes=len(written))
    lecture_queries.delete_lecture(lecture)
    return redirect(url_for("lectures.listing"))


@pages.post("/lectures/<int:lecture_id>/notes")
def add_note(lecture_id: int):
    """Add a note from the report page."""
    lecture, form = lecture_or_404(lecture_id), NoteForm()
    now = current_time()
    if form.validate():
        try:
            at = moment_of(form.time.data, lecture.started_at, lecture.ended_at or now, _zone())
            note_queries.add_note(lecture, at, form.text.data, now)
        except note_queries.NoteError as error:
            form.time.errors = [say(error)]
    if form.errors:
        return _report_page(lecture_id, RenameForm(formdata=None), form), 400
    return redirect(url_for("lectures.report", lecture_id=lecture_id, _anchor="notes"))


@pages.post("/lectures/<int:lecture_id>/notes/<int:note_id>/delete")
def delete_note(lecture_id: int, note_id: int):
    """Delete a note."""
    note_queries.delete_note(note_or_404(lecture_or_404(lecture_id), note_id))
    return redirect(url_for("lectures.report", lecture_id=lecture_id, _anchor="notes"))


def moment_of(wall: time, start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a lecture at which the clock on the wall showed this; NoteError where it never did.

    A clock shows whole minutes: the first minute begins with the lecture, the last one ends with it.
    """
    day: date = start.astimezone(zone).date()
    for days in (0, 1):  # a lecture may last past midnight
        moment = datetime.combine(day + timedelta(days=days), wall, zone)
        if start - MINUTE < moment <= end:
            return max(moment, start)
    raise note_queries.NoteError(
        Words("the lecture lasted from %(start)s to %(end)s.", start=clock(start, zone), end=clock(end, zone))
    )


def _zone() -> ZoneInfo:
    return current_app.config["SETTINGS"].timezone
