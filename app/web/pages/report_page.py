"""The report of a lecture: shown, compared, downloaded; and what its page changes in the lecture."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, redirect, render_template, request, send_file, url_for

from app.language import Translatable, translate
from app.report.exports import FORMATS, filename
from app.report.lecture_report import LIMITS, Report
from app.report.report_minute import MINUTE
from app.report.summary import biggest_changes, doubts, summary_sentence
from app.report.wording import clock
from app.store import lecture_queries, minute_queries, note_queries
from app.web.extensions import current_time
from app.web.forms import NoteForm, RenameForm
from app.web.lecture_lookup import lecture_or_404, note_or_404, report_or_404
from app.web.pages.chart import stacked_minutes
from app.web.problems import problem

pages = Blueprint("report", __name__)

MAX_COMPARABLE = 50  # lectures of the course that the page offers for comparison


@pages.get("/lectures/<int:lecture_id>")
def report(lecture_id: int):
    """Show a lecture's report."""
    return _page(lecture_id, RenameForm(formdata=None), NoteForm(formdata=None))


def _page(lecture_id: int, rename_form: RenameForm, note_form: NoteForm) -> str:
    shown = report_or_404(lecture_id)
    if rename_form.title.data is None:
        rename_form.title.data, rename_form.course.data = shown.title, shown.course
    others = []
    if shown.course:
        others = lecture_queries.other_lectures_of_course(lecture_or_404(lecture_id), MAX_COMPARABLE)
    return render_template(
        "report.html",
        **_content(shown),
        formats=FORMATS,
        rename_form=rename_form,
        note_form=note_form,
        others=others,
    )


def _content(shown: Report) -> dict:
    """A report with its chart and its sentences, for a template."""
    zone = _zone()
    return {
        "report": shown,
        "chart": stacked_minutes(shown.minutes, zone),
        "sentence": summary_sentence(shown, zone),
        "changes": biggest_changes(shown),
        "doubts": doubts(shown),
        "limits": translate(LIMITS),
    }


@pages.get("/lectures/compare")
def compare():
    """Show two lectures side by side."""
    ids = [request.args.get(name, type=int) for name in ("a", "b")]
    if None in ids:
        return problem(400, Translatable("Name the two lectures to compare: /lectures/compare?a=1&b=2."))
    sides = [_content(report_or_404(lecture_id)) for lecture_id in ids]
    return render_template("compare.html", sides=sides, limits=translate(LIMITS))


@pages.get("/lectures/<int:lecture_id>/report.<extension>")
def download(lecture_id: int, extension: str):
    """Give a lecture's report as a file."""
    if extension not in FORMATS:
        known = ", ".join(FORMATS)
        return problem(
            404, Translatable("Reports come as %(known)s, not as %(asked)s.", known=known, asked=extension)
        )
    exported = report_or_404(lecture_id)
    name = filename(exported, extension, _zone())
    # send_file also encodes a name whose letters a header can't hold
    export_format = FORMATS[extension]
    content = BytesIO(export_format.write(exported, _zone()))
    response = send_file(content, export_format.mimetype, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post("/lectures/<int:lecture_id>/end")
def end(lecture_id: int):
    """End a lecture and go to its report."""
    try:
        lecture_queries.end_lecture(lecture_or_404(lecture_id), current_time())
    except lecture_queries.LectureError as error:
        return problem(409, error)
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.post("/lectures/<int:lecture_id>/rename")
def rename(lecture_id: int):
    """Give a lecture another title and course."""
    lecture, form = lecture_or_404(lecture_id), RenameForm()
    if not form.validate():
        return _page(lecture_id, form, NoteForm(formdata=None)), 400
    lecture_queries.rename_lecture(lecture, form.title.data, form.course.data)
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.route("/lectures/<int:lecture_id>/delete", methods=["GET", "POST"])
def delete(lecture_id: int):
    """Show what would be deleted; delete it once that is confirmed."""
    lecture = lecture_or_404(lecture_id)
    if request.method == "GET":
        minutes = minute_queries.minutes_of_lecture(lecture, current_time())
        notes = note_queries.notes_of_lecture(lecture)
        return render_template("delete.html", lecture=lecture, minutes=len(minutes), notes=len(notes))
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
            form.time.errors = [translate(error)]
    if form.errors:
        return _page(lecture_id, RenameForm(formdata=None), form), 400
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="notes"))


@pages.post("/lectures/<int:lecture_id>/notes/<int:note_id>/delete")
def delete_note(lecture_id: int, note_id: int):
    """Delete a note."""
    note_queries.delete_note(note_or_404(lecture_or_404(lecture_id), note_id))
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="notes"))


def moment_of(wall_time: time, start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a lecture at which the clock on the wall showed `wall_time`; NoteError if it never did.

    A clock shows whole minutes: the first minute begins with the lecture, the last one ends with it.
    """
    day: date = start.astimezone(zone).date()
    for days in (0, 1):  # a lecture may last past midnight
        moment = datetime.combine(day + timedelta(days=days), wall_time, zone)
        if start - MINUTE < moment <= end:
            return max(moment, start)
    raise note_queries.NoteError(
        Translatable(
            "the lecture lasted from %(start)s to %(end)s.", start=clock(start, zone), end=clock(end, zone)
        )
    )


def _zone() -> ZoneInfo:
    return current_app.config["SETTINGS"].timezone
