"""The report of a lecture: shown, compared, downloaded; and what its page changes in the lecture."""

from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from itertools import product
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext

from app.clock import MINUTE
from app.language import Translatable, translate
from app.report.difference import choice_differences, differences
from app.report.exports import FORMATS, filename
from app.report.lecture_report import Report
from app.report.stack_chart import stack_chart
from app.report.summary import biggest_changes, biggest_moments, doubts, summary_sentence
from app.report.wording import clock
from app.store import (
    lecture_queries,
    minute_queries,
    note_queries,
    pulse_queries,
    recording_queries,
    user_queries,
)
from app.store.audit_queries import AuditAction
from app.store.tables import Lecture
from app.web.audit import record, record_sharing
from app.web.extensions import current_settings, current_time, current_zone, hub
from app.web.forms import NoteForm, RenameForm
from app.web.lecture_end import end_lecture
from app.web.lecture_lookup import (
    can_read,
    lecture_or_404,
    lecture_to_end,
    note_or_404,
    own_lecture_or_403,
    report_or_404,
)
from app.web.pages.pulse_chart import pulse_chart
from app.web.problems import problem
from app.web.request_checks import row_id
from app.web.request_scope import current_scope, may_change, may_see_room

pages = Blueprint("report", __name__)

LAST_WRITE = timedelta(seconds=5)
"""A monitor that has not written a lecture's last seconds so long after its end hangs, or is gone."""

TOO_LATE = Translatable("It is too late to undo that.")

MAX_COMPARABLE = 50  # lectures of the course that the page offers for comparison


@pages.get("/lectures/<int:lecture_id>")
def report(lecture_id: int):
    """Show a lecture's report."""
    return _page(lecture_id, None, NoteForm(formdata=None))


def _page(lecture_id: int, rename_form: RenameForm | None, note_form: NoteForm) -> str:
    shown, lecture = report_or_404(lecture_id), lecture_or_404(lecture_id)
    if rename_form is None:
        rename_form = RenameForm(formdata=None, title=lecture.title, course=lecture.course)
    is_being_read = recording_queries.recording_of(lecture) is not None
    others = []
    if shown.course:
        others = lecture_queries.other_lectures_of_course(current_scope(), lecture, MAX_COMPARABLE)
    return render_template(
        "report.html",
        **_content(shown),
        formats=FORMATS,
        rename_form=rename_form,
        note_form=note_form,
        others=others,
        questions=pulse_queries.questions_of(lecture) if may_change(lecture) else (),
        lecture=lecture,
        may_change=may_change(lecture),
        may_resume=may_change(lecture) and lecture_queries.can_resume(lecture, current_time()),
        resumable_until=lecture.ended_at and lecture.ended_at + lecture_queries.RESUME_TIME,
        may_end=lecture.ended_at is None and (may_change(lecture) or may_see_room(lecture.room)),
        colleagues=user_queries.colleagues(lecture) if may_change(lecture) else [],
        is_being_read=is_being_read,
        is_complete=_is_complete(lecture, shown.has_camera) and not is_being_read,
    )


def _is_complete(lecture: Lecture, has_camera: bool) -> bool:
    """Whether the lecture's last seconds are written, or can't be any more."""
    if not has_camera or lecture.ended_at is None or current_time() - lecture.ended_at > LAST_WRITE:
        return True
    return hub(lecture.room).has_written(lecture.id)


def _content(shown: Report) -> dict:
    """A report with its chart and its sentences, for a template."""
    zone = current_zone()
    return {
        "report": shown,
        "chart": stack_chart(shown.minutes, shown.notes, zone, shown.is_presence),
        "sentence": summary_sentence(shown, zone),
        "changes": biggest_changes(shown),
        "moments": biggest_moments(shown),
        "doubts": doubts(shown),
        "limits": translate(shown.limits),
        "pulse_chart": pulse_chart(shown.pulse, zone) if shown.pulse else None,
    }


@pages.get("/lectures/compare")
def compare():
    """Show two lectures side by side."""
    ids = [request.args.get(name, type=row_id) for name in ("a", "b")]
    if None in ids:
        return problem(400, Translatable("Name the two lectures to compare: /lectures/compare?a=1&b=2."))
    sides = [_content(report_or_404(lecture_id)) for lecture_id in ids]
    limits = dict.fromkeys(side["limits"] for side in sides)
    reports = [side["report"] for side in sides]
    return render_template(
        "compare.html",
        sides=sides,
        differences=differences(*reports),
        choice_differences=choice_differences(*reports),
        limits=" ".join(limits),
    )


@pages.get("/lectures/<int:lecture_id>/report.<extension>")
def download(lecture_id: int, extension: str):
    """Give a lecture's report as a file."""
    if extension not in FORMATS:
        known = ", ".join(FORMATS)
        return problem(
            404, Translatable("Reports come as %(known)s, not as %(asked)s.", known=known, asked=extension)
        )
    exported = report_or_404(lecture_id)
    name = filename(exported, extension, current_zone())
    # send_file also encodes a name whose letters a header can't hold
    export_format = FORMATS[extension]
    content = BytesIO(export_format.write(exported, current_zone()))
    response = send_file(content, export_format.mimetype, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    record(AuditAction.LECTURE_EXPORTED, f"{lecture_id} {extension}", lecture_or_404(lecture_id).room)
    return response


@pages.post("/lectures/<int:lecture_id>/end")
def end(lecture_id: int):
    """End a lecture and go to its report, or to the live page after ending somebody else's."""
    lecture = lecture_to_end(lecture_id)
    try:
        end_lecture(lecture)
    except lecture_queries.LectureError as error:
        return problem(409, error)
    if not can_read(lecture):
        return redirect(url_for("live.live"))
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.post("/lectures/<int:lecture_id>/resume")
def resume(lecture_id: int):
    """Resume a lecture that has just ended."""
    lecture = own_lecture_or_403(lecture_id)
    try:
        lecture_queries.resume_lecture(lecture, current_time())
    except lecture_queries.LectureError as error:
        flash(translate(error))
        return redirect(url_for("report.report", lecture_id=lecture_id))
    record(AuditAction.LECTURE_RESUMED, lecture_id, lecture.room)
    if current_settings(lecture.room).pulse:
        flash(gettext("The class needs the new code: show it on the wall screen."))
    return redirect(url_for("live.live", room_slug=lecture.room.slug))


@pages.post("/lectures/<int:lecture_id>/rename")
def rename(lecture_id: int):
    """Give a lecture another title and course."""
    lecture = own_lecture_or_403(lecture_id)
    form = RenameForm(title=lecture.title, course=lecture.course)  # a field that is not sent stays as it is
    if not form.validate():
        return _page(lecture_id, form, NoteForm(formdata=None)), 400
    lecture_queries.rename_lecture(lecture, form.title.data, form.course.data)
    record(AuditAction.LECTURE_RENAMED, lecture_id, lecture.room)
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.post("/lectures/<int:lecture_id>/share")
def share(lecture_id: int):
    """Let the users who are ticked read the lecture, and nobody else."""
    lecture = own_lecture_or_403(lecture_id)
    chosen = set(request.form.getlist("user", type=row_id))
    users = [user for user in user_queries.colleagues(lecture) if user.id in chosen]
    lecture_queries.share_lecture(lecture, users)
    record_sharing(lecture)
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.route("/lectures/<int:lecture_id>/delete", methods=["GET", "POST"])
def delete(lecture_id: int):
    """Show what would be deleted; delete it once that is confirmed."""
    lecture = own_lecture_or_403(lecture_id)
    if request.method == "GET":
        said, notes = pulse_queries.minutes_of_pulse(lecture.id), note_queries.notes_of_lecture(lecture)
        minutes = max(minute_queries.count_minutes(lecture), len(said))
        return render_template("delete.html", lecture=lecture, minutes=minutes, notes=len(notes))
    room = lecture.room
    lecture_queries.hide_lecture(lecture, current_time())
    record(AuditAction.LECTURE_DELETED, lecture_id, room)
    undo = url_for("report.restore", lecture_id=lecture_id)
    flash(gettext("“%(title)s” was deleted.", title=lecture.title), undo)
    return redirect(url_for("lectures.listing"))


@pages.post("/lectures/<int:lecture_id>/restore")
def restore(lecture_id: int):
    """Undo the deletion of a lecture."""
    lecture = lecture_queries.find_hidden_lecture(current_scope(), lecture_id, current_time())
    if lecture is None:
        if lecture_queries.find_visible_lecture(current_scope(), lecture_id) is None:
            abort(404, TOO_LATE)
        own_lecture_or_403(lecture_id)  # it is there already
    elif not may_change(lecture):
        abort(403)
    else:
        lecture_queries.restore_lecture(lecture)
        record(AuditAction.LECTURE_RESTORED, lecture_id, lecture.room)
    return redirect(url_for("report.report", lecture_id=lecture_id))


@pages.post("/lectures/<int:lecture_id>/notes")
def add_note(lecture_id: int):
    """Add a note from the report page."""
    lecture, form = own_lecture_or_403(lecture_id), NoteForm()
    now = current_time()
    if form.validate():
        try:
            at = moment_of(form.time.data, lecture.started_at, lecture.ended_at or now, current_zone())
            note_queries.add_note(lecture, at, form.text.data, now)
        except note_queries.NoteError as error:
            form.time.errors = [translate(error)]
    if form.errors:
        return _page(lecture_id, None, form), 400
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="notes"))


@pages.post("/lectures/<int:lecture_id>/notes/<int:note_id>/delete")
def delete_note(lecture_id: int, note_id: int):
    """Delete a note."""
    note = note_or_404(own_lecture_or_403(lecture_id), note_id)
    note_queries.hide_note(note, current_time())
    undo = url_for("report.restore_note", lecture_id=lecture_id, note_id=note_id)
    flash(gettext("“%(title)s” was deleted.", title=note.text), undo)
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="notes"))


@pages.post("/lectures/<int:lecture_id>/notes/<int:note_id>/restore")
def restore_note(lecture_id: int, note_id: int):
    """Undo the deletion of a note."""
    if not note_queries.restore_note(own_lecture_or_403(lecture_id), note_id, current_time()):
        flash(translate(TOO_LATE))
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="notes"))


def moment_of(wall_time: time, start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a lecture at which the clock on the wall showed `wall_time`; NoteError if it never did.

    A clock shows whole minutes: the first minute begins with the lecture, the last one ends with it.
    """
    day: date = start.astimezone(zone).date()
    # a lecture may last past midnight, and the clock shows an hour twice when it is put back
    for days, fold in product((0, 1), (0, 1)):
        shown = datetime.combine(day + timedelta(days=days), wall_time.replace(fold=fold), zone)
        moment = shown.astimezone(UTC)
        if start - MINUTE < moment <= end:
            return max(moment, start)
    raise note_queries.NoteError(
        Translatable(
            "the lecture lasted from %(start)s to %(end)s.", start=clock(start, zone), end=clock(end, zone)
        )
    )
