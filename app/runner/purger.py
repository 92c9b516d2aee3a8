"""Deletes what is older than its room's retention period, every hour, on a thread of its own."""

import logging
import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.restart import run_until_ended, wait_for_retry
from app.store import retention
from app.store.tables import db

log = logging.getLogger(__name__)

PURGE_SECONDS = 3600.0
RETRY_SECONDS = 60.0  # while the database is away
POLL_SECONDS = 0.25


class Purger:
    """Purges all rooms, archived ones too, until `is_ending` gives True."""

    def __init__(self, app: Flask, clock: Clock, is_ending: Callable[[], bool]) -> None:
        self._app = app
        self._clock = clock
        self._is_ending = is_ending
        self._thread = threading.Thread(target=self._run, name="purger", daemon=True)

    def start(self) -> None:
        """Purge now, and then every hour, in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True."""
        self._thread.join(2 * POLL_SECONDS + 1)

    def _run(self) -> None:
        run_until_ended(self._keep_purging, self._clock, self._is_ending)

    def _keep_purging(self) -> None:
        while not self._is_ending():
            seconds = PURGE_SECONDS if self._purge() else RETRY_SECONDS
            wait_for_retry(seconds, self._clock, self._is_ending)

    def _purge(self) -> bool:
        """Purge once; gives whether the database allowed it."""
        with self._app.app_context():
            try:
                retention.purge(self._clock.now())
            except SQLAlchemyError:  # others have logged that
                db.session.rollback()
                return False
            return True
