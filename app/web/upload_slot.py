"""Slots for uploads of tried pictures: bounded in bytes, number and time before anything reads one."""

import threading

from flask import Flask, g, request
from werkzeug.exceptions import ServiceUnavailable

from app.language import Translatable
from app.web.request_body import start_deadline
from app.web.retry import RETRY_SECONDS

MAX_TRIED_BYTES = 2**25
MAX_TRIED_AT_ONCE = 4  # each holds one of gunicorn's threads, and its picture in memory
UPLOAD_SECONDS = 60.0  # for one picture, on the slowest connection

BUSY = Translatable("Other pictures are being read. Try again in a few seconds.")

_slots = threading.BoundedSemaphore(MAX_TRIED_AT_ONCE)


def init_app(app: Flask) -> None:
    """Free a request's slot once it has been answered."""
    app.teardown_request(_free_slot)


def take_slot() -> None:
    """Let this request send a picture within UPLOAD_SECONDS; answers 503 where no slot is free."""
    request.max_content_length = MAX_TRIED_BYTES
    if not _slots.acquire(blocking=False):
        raise ServiceUnavailable(BUSY, retry_after=RETRY_SECONDS)
    g.upload_deadline = start_deadline(UPLOAD_SECONDS)


def stop_deadline() -> None:
    """Cancel the time limit, since the body has been read."""
    g.upload_deadline.cancel()


def _free_slot(_error: BaseException | None) -> None:
    deadline = g.pop("upload_deadline", None)
    if deadline is not None:
        deadline.cancel()
        _slots.release()
