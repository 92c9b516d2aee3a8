"""The students' page: four buttons, a question, a poll. It needs no account and no script."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from app.language import Translatable, translate
from app.pulse.choice import Choice
from app.pulse.code import normalised_code
from app.store import poll_queries, pulse_queries
from app.store.pulse_queries import MAX_QUESTION_LENGTH, PulseClosed
from app.store.tables import Pulse
from app.web.extensions import current_time
from app.web.pulse_device import (
    answering_device,
    check_code,
    device_hash,
    device_of,
    drop_cookie,
    keep_cookie,
)

pages = Blueprint("pulse", __name__)

NO_LECTURE = Translatable("This lecture has ended, or the code is wrong. The screen in the room shows it.")


@pages.route("/p", methods=["GET", "POST"])
def enter():
    """Ask for the code that the screen in the room shows."""
    code = normalised_code(request.form.get("code", ""))
    if request.method == "POST" and code:
        return redirect(url_for("pulse.page", code=code), 303)
    return render_template("pulse_enter.html", code="", detail="")


@pages.get("/p/<code>")
def page(code: str):
    """Show the buttons, and what this device said before."""
    pulse, now = _pulse_or_404(code), current_time()
    if code != pulse.code:  # the cookie is for one spelling
        return redirect(url_for("pulse.page", code=pulse.code))
    state = _state(pulse)
    sent = request.args.get("sent")
    response = make_response(render_template("pulse.html", pulse=pulse, sent=sent, **state))
    keep_cookie(response, pulse, now)
    return response


@pages.get("/p/<code>/state")
def state(code: str):
    """What the open page shows: this device's choice, and the poll that runs."""
    return _state(_pulse_or_404(code))


@pages.post("/p/<code>")
def vote(code: str):
    """Store what this device says, in place of what it said before."""
    pulse = _pulse_or_404(code)
    choice = request.form.get("choice")
    if choice not in set(Choice):
        abort(400, Translatable("Choose one of the four answers."))
    pulse_queries.vote(pulse.lecture_id, answering_device(pulse), Choice(choice), current_time())
    return _stored(code)


@pages.post("/p/<code>/answer")
def answer(code: str):
    """Store this device's answer to the poll that runs."""
    pulse = _pulse_or_404(code)
    poll = poll_queries.running_poll(pulse.lecture_id)
    asked, number = (request.form.get(name, type=int) for name in ("poll", "answer"))
    if poll is None or poll.id != asked or number is None:
        raise PulseClosed(Translatable("This question is closed."))
    poll_queries.answer_poll(poll, answering_device(pulse), number, current_time())
    return _stored(code)


@pages.post("/p/<code>/question")
def ask(code: str):
    """Pass a question on to the teacher."""
    pulse = _pulse_or_404(code)
    text = " ".join(request.form.get("text", "").split())
    if not pulse.lecture.room.pulse_questions:
        raise PulseClosed(Translatable("This lecture takes no questions."))
    if not 0 < len(text) <= MAX_QUESTION_LENGTH:
        abort(400, Translatable("A question has 1 to %(count)s characters.", count=MAX_QUESTION_LENGTH))
    answering_device(pulse)
    pulse_queries.ask_question(pulse.lecture_id, text, current_time())
    return _stored(code, sent="question")


@pages.errorhandler(PulseClosed)
def _closed(error: PulseClosed) -> Response:
    return _refused(409, error.args[0])


@pages.errorhandler(HTTPException)
def _not_possible(error: HTTPException) -> Response:
    """A small page that says what is wrong and asks for the code."""
    return _refused(error.code, error.description)


def _refused(status: int, detail: object) -> Response:
    code = normalised_code((request.view_args or {}).get("code", ""))
    if _wants_json():
        response = make_response({"detail": translate(detail)}, status)
    else:
        response = make_response(
            render_template("pulse_enter.html", code=code, detail=translate(detail)), status
        )
    if status == 404 and code:
        drop_cookie(response, code)
    return response


def _pulse_or_404(code: str) -> Pulse:
    pulse = pulse_queries.pulse_of_code(normalised_code(code))
    check_code(normalised_code(code), is_open=pulse is not None)
    if pulse is None:
        abort(404, NO_LECTURE)
    return pulse


def _state(pulse: Pulse) -> dict:
    """What a device sees: never more than its own answers."""
    name = device_of(pulse.code)
    device = name and device_hash(pulse.key, name)
    poll = poll_queries.running_poll(pulse.lecture_id)
    return {
        "choice": device and pulse_queries.choice_of(pulse.lecture_id, device, current_time()),
        "poll": poll
        and {
            "id": poll.id,
            "text": poll.text,
            "answers": poll.answers,
            "answer": device and poll_queries.answer_of(poll, device),
        },
    }


def _stored(code: str, **said: str) -> Response:
    if _wants_json():
        return make_response({"stored": True})
    return redirect(url_for("pulse.page", code=normalised_code(code), **said), 303)


def _wants_json() -> bool:
    return request.path.rstrip("/").endswith("/state") or request.accept_mimetypes.best == "application/json"
