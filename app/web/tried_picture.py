"""One picture that somebody tries, on the page or through the API: read, answered and dropped."""

from flask import abort, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.language import Translatable
from app.store.effective_settings import any_room_reads_expressions
from app.trial.pipe import Request
from app.trial.trial_process import TrialProcess, TrialRefused, TrialUnavailable
from app.web.problems import problem
from app.web.request_body import drop_body
from app.web.retry import RETRY_AFTER
from app.web.upload_slot import MAX_TRIED_BYTES, stop_deadline

ONLY_PRESENCE = Translatable(
    "Every room here only counts faces, so no expression is read in a picture either."
)
NOTHING_SENT = Translatable("No picture was sent. Choose one first.")
TOO_LARGE = Translatable("The picture is larger than %(most)s MB.", most=MAX_TRIED_BYTES // 2**20)


def refusal() -> Translatable | None:
    """Why no picture may be tried: where no room reads expressions, nothing does. None if one may."""
    return None if any_room_reads_expressions() else ONLY_PRESENCE


def answer_of(kind: Request, picture: bytes) -> dict:
    """What the process for tried pictures says of a picture; answers 409, 422 or 503 if it says nothing.

    Every request that reads expressions in a tried picture passes here.
    """
    if (why := refusal()) is not None:
        abort(409, why)
    if not picture:
        abort(422, NOTHING_SENT)
    process: TrialProcess = current_app.extensions["trial_process"]
    try:
        return process.ask(kind, picture)
    except TrialRefused as error:
        abort(422, error.args[0])
    except TrialUnavailable as error:
        abort(problem(503, error.args[0], RETRY_AFTER))


def sent_picture() -> bytes:
    """The request's body or, of a form, its first file; cut off after UPLOAD_SECONDS. Answers 413."""
    try:
        if request.mimetype == "multipart/form-data":
            files = list(request.files.values())
            return files[0].read() if files else b""
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        drop_body(MAX_TRIED_BYTES)
        abort(413, TOO_LARGE)
    finally:
        stop_deadline()
