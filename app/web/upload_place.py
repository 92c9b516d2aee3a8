"""The way of a tried picture into the server: bounded in bytes, number and time before anything reads it."""

import threading

from flask import Flask, g, request
from werkzeug.exceptions import ServiceUnavailable

from app.language import Translatable
from app.web.request_body import start_deadline

MAX_TRIED_BYTES = 2**25
MAX_TRIED_AT_ONCE = 4  # each holds one of gunicorn's threads, and its picture in memory
UPLOAD_SECONDS = 60.0  # for one picture, on the slowest connection
RETRY_SECONDS = 5

BUSY = Translatable("Other pictures are being read. Try again in a few seconds.")

_places = threading.BoundedSemaphore(MAX_TRIED_AT_ONCE)


def init_app(app: Flask) -> None:
    """Free a request's place when it has been answered."""
    app.teardown_request(_leave)


def take_place() -> None:
    """Let this request send a picture, until UPLOAD_SECONDS from now; 503 if too many do already."""
    request.max_content_length = MAX_TRIED_BYTES
    if not _places.acquire(blocking=False):
        raise ServiceUnavailable(BUSY, retry_after=RETRY_SECONDS)
    g.upload_deadline = start_deadline(UPLOAD_SECONDS)


def has_arrived() -> None:
    """Stop the clock: the body has been read."""
    g.upload_deadline.cancel()


def _leave(_error: BaseException | None) -> None:
    deadline = g.pop("upload_deadline", None)
    if deadline is not None:
        deadline.cancel()
        _places.release()
