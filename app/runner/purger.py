"""Deletes for good, on a thread of its own: what people deleted, and what is older than its room keeps."""

import logging
import threading
from collections.abc import Callable

from flask import Flask

from app.clock import Clock
from app.restart import run_until_ended, wait_for_retry
from app.store import retention
from app.store.database_health import outages_suppressed
from app.store.deletion import delete_hidden

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0  # between two looks for what somebody deleted
PURGE_SECONDS = 3600.0  # between two looks for what is too old
RETRY_SECONDS = 60.0  # while the database is away
POLL_SECONDS = 0.25


class Purger:
    """Purges all rooms, archived ones too, until `is_ending` gives True."""

    def __init__(self, app: Flask, clock: Clock, is_ending: Callable[[], bool]) -> None:
        self._app = app
        self._clock = clock
        self._is_ending = is_ending
        self._purged_at = float("-inf")
        self._thread = threading.Thread(target=self.run, name="purger", daemon=True)

    def start(self) -> None:
        """Delete now, and then again and again, in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True."""
        self._thread.join(2 * POLL_SECONDS + 1)

    def run(self) -> None:
        """Purge again and again in this thread, until `is_ending` gives True."""
        run_until_ended(self._keep_purging, self._clock, self._is_ending)

    def _keep_purging(self) -> None:
        while not self._is_ending():
            seconds = LOOK_SECONDS if self._purge() else RETRY_SECONDS
            wait_for_retry(seconds, self._clock, self._is_ending)

    def _purge(self) -> bool:
        """Delete what is due; gives whether the database allowed it."""
        with self._app.app_context(), outages_suppressed():
            delete_hidden(self._clock.now())
            if self._clock.monotonic() - self._purged_at >= PURGE_SECONDS:
                retention.purge(self._clock.now())
                self._purged_at = self._clock.monotonic()
            return True
        return False
