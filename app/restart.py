"""Threads that must not end: an unexpected error is logged with its trace, and the work begins again."""

import logging
import threading
from collections.abc import Callable

from app.backoff import delays
from app.clock import Clock

log = logging.getLogger(__name__)

HEALTHY_SECONDS = 60.0  # after this long an error is a new fault, and back-off starts over
POLL_SECONDS = 0.25


def run_until_ended(work: Callable[[], None], clock: Clock, is_ending: Callable[[], bool]) -> None:
    """Call `work` until it returns or `is_ending` gives True; after an error call it again, with back-off."""
    backoff = delays()
    while True:
        started_at = clock.monotonic()
        try:
            return work()
        except Exception:
            log.exception("the thread %s failed and starts again", threading.current_thread().name)
        if clock.monotonic() - started_at > HEALTHY_SECONDS:
            backoff = delays()
        wait_for_retry(next(backoff), clock, is_ending)
        if is_ending():
            return None


def wait_for_retry(seconds: float, clock: Clock, is_ending: Callable[[], bool]) -> None:
    """Wait for `seconds`, or until `is_ending` gives True."""
    until = clock.monotonic() + seconds
    while not is_ending() and clock.monotonic() < until:
        clock.wait(POLL_SECONDS)
