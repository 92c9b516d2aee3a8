"""What a teacher does with the pulse of a running lecture: polls, and questions that were answered."""

from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext

from app.language import Translatable
from app.store import note_queries, poll_queries, pulse_queries
from app.store.tables import Poll
from app.web.extensions import current_time
from app.web.forms import PollForm
from app.web.lecture_lookup import own_lecture_or_403
from app.web.problems import problem

pages = Blueprint("pulse_panel", __name__)


@pages.post("/lectures/<int:lecture_id>/polls")
def ask_poll(lecture_id: int):
    """Put a question to the class."""
    lecture, form = own_lecture_or_403(lecture_id), PollForm()
    if not form.validate():
        return problem(400, form.first_error())
    answers = [text.strip() for text in form.answers.data.split(",") if text.strip()]
    try:
        poll_queries.ask_poll(lecture, form.text.data, answers, current_time())
    except poll_queries.PollError as error:
        return problem(409, error)
    return redirect(url_for("live.live", room_slug=lecture.room.slug))


@pages.post("/lectures/<int:lecture_id>/polls/<int:poll_id>/end")
def end_poll(lecture_id: int, poll_id: int):
    """Close a poll; with `note=on`, keep its result as a note."""
    lecture, now = own_lecture_or_403(lecture_id), current_time()
    poll = poll_queries.find_poll(lecture, poll_id)
    if poll is None:
        abort(404, Translatable("There is no poll %(number)s in this lecture.", number=poll_id))
    poll_queries.end_poll(poll, now)
    if request.form.get("note") == "on" and lecture.ended_at is None:
        try:
            note_queries.add_note(lecture, max(poll.asked_at, lecture.started_at), _as_note(poll), now)
        except note_queries.NoteError as error:
            return problem(409, error)
    return redirect(url_for("live.live", room_slug=lecture.room.slug))


@pages.post("/lectures/<int:lecture_id>/questions/<int:question_id>/delete")
def delete_question(lecture_id: int, question_id: int):
    """Delete a question."""
    question = pulse_queries.find_question(own_lecture_or_403(lecture_id), question_id)
    if question is None:
        abort(404, Translatable("There is no question %(number)s in this lecture.", number=question_id))
    pulse_queries.delete_question(question)
    return redirect(url_for("report.report", lecture_id=lecture_id, _anchor="questions"))


def _as_note(poll: Poll) -> str:
    """The question and how often each answer was given, in the teacher's language."""
    name, result = poll.text or gettext("Poll"), gettext("too few answered")
    if poll.is_shown:
        pairs = zip(poll.answers, poll.counts, strict=True)
        result = ", ".join(f"{text} {count}" for text, count in pairs)
    return f"{name} – {result}"
