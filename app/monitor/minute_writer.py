"""Keeps readings as minutes, on a thread of its own: a locked database never stops the picture."""

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.monitor.minute_book import MinuteBook
from app.store import lecture_queries, minute_queries, retention
from app.store.counted_minute import CountedMinute, MinuteKey
from app.store.effective_settings import EffectiveSettings, configured_room, effective_settings
from app.store.tables import db
from app.vision.frame import Reading

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how often the database is asked which lecture runs and what is in force
WRITE_SECONDS = 10.0  # what a killed process loses at most
PURGE_SECONDS = 3600.0


class MinuteWriter:
    """Counts readings into the minutes of the lecture that runs, and writes them."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self.in_force: EffectiveSettings | None = None
        """As the database said a second ago; None until it answers for the first time. The room may be
        paused, so nothing is to be looked at before."""
        self._settings = app.config["SETTINGS"]
        self._book = MinuteBook()
        self._lock = threading.Lock()
        self._lecture_id: int | None = None
        self._earlier: dict[MinuteKey, CountedMinute | None] = {}
        """What an earlier process stored of the minutes in the book."""
        self._ending = threading.Event()
        self._reachable = True
        self.minutes_written = 0
        """Minutes that were finished and written."""
        self._written_at = clock.monotonic()
        self._purged_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def add(self, reading: Reading) -> None:
        """Count a reading. Never waits for the database.

        Raises RuntimeError when the thread died of an error of its own, whose trace is on stderr.
        """
        if not self._thread.is_alive():
            raise RuntimeError("the thread that keeps the minutes has died")
        with self._lock:
            self._book.add(reading, self._lecture_id)

    def stop(self, timeout: float) -> None:
        """Write the open minute and end; waits up to `timeout` seconds."""
        self._ending.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._try(self._look)
            self._clock.wait(LOOK_SECONDS, self._ending)
        self._try(self._write)

    def _try(self, work) -> None:
        """Do some work with the database; where it does not answer, say so once and go on next time."""
        with self._app.app_context():
            try:
                work()
                self._note_reachable(None)
            except SQLAlchemyError as error:
                db.session.rollback()
                self._note_reachable(error)

    def _note_reachable(self, error: SQLAlchemyError | None) -> None:
        if error is not None and self._reachable:
            log.error("database does not take minutes, they wait in memory: %s", error)
        if error is None and not self._reachable:
            log.info("database takes minutes again")
        self._reachable = error is None

    def _look(self) -> None:
        """See what is in force and which lecture runs, and write and delete what is due."""
        room = configured_room()
        self.in_force = effective_settings(room)
        lecture = lecture_queries.running_lecture(room)
        with self._lock:
            self._lecture_id = lecture.id if lecture else None
            finished = self._book.has_finished_minute()
        now = self._clock.monotonic()
        if finished or now - self._written_at >= WRITE_SECONDS:
            self._write()
        if now - self._purged_at >= PURGE_SECONDS:
            retention.delete_older_than(self.in_force.retention_days, self._clock.now())
            self._purged_at = now

    def _write(self) -> None:
        room = configured_room()
        minimum_group = effective_settings(room).minimum_group
        with self._lock:
            unwritten = self._book.unwritten()
        for counted in unwritten:
            if counted.key not in self._earlier:
                self._earlier[counted.key] = minute_queries.load_minute(room, *counted.key)
            earlier = self._earlier[counted.key]
            whole = earlier.merged_with(counted) if earlier else counted
            minute_queries.save_minute(room, whole, minimum_group)
            with self._lock:
                done = self._book.written(counted)
            if done:
                self.minutes_written += 1
                del self._earlier[counted.key]
        self._written_at = self._clock.monotonic()
