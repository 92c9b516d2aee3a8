"""Writes minutes on a thread of its own, so that a locked database never stops the stream."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.monitor.lecture_keeper import LectureKeeper
from app.monitor.minute_aggregator import MinuteAggregator
from app.store import minute_queries, retention, room_queries
from app.store.counted_minute import CountedMinute, MinuteKey
from app.store.database_health import reason
from app.store.effective_settings import CurrentPause, EffectiveSettings, effective_settings
from app.store.kept_overrides import kept_overrides
from app.store.tables import db
from app.vision.frame import Reading

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # between two queries for the effective settings and the running lecture
WRITE_SECONDS = 10.0  # the most that a killed process loses
PURGE_SECONDS = 3600.0


class MinuteWriter:
    """Aggregates readings into the minutes of the running lecture, and writes them."""

    def __init__(self, app: Flask, room_id: int, clock: Clock) -> None:
        self._app = app
        self._room_id = room_id
        self._clock = clock
        self._lecture_keeper = LectureKeeper(clock, app.config["SETTINGS"].lecture_hours)
        self.effective_settings: EffectiveSettings | None = None
        """At most POLL_SECONDS old. None until the database first answers: the room may be paused, so the
        camera stays closed until then."""
        self.minutes_written = 0
        """Finished minutes that were written."""
        self.lecture_id: int | None = None
        """The lecture that is being counted. Another one's minutes are all written."""
        self._aggregator = MinuteAggregator()
        self._lecture_id: int | None = None
        self._lock = threading.Lock()
        """Guards the aggregator and the lecture."""
        self._stored_before: dict[MinuteKey, CountedMinute | None] = {}
        """For each unwritten minute, what an earlier process stored of it."""
        self._ending = threading.Event()
        self._is_database_reachable = True
        self._written_at = clock.monotonic()
        self._purged_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="minute-writer", daemon=True)
        self._thread.start()

    def add(self, reading: Reading, minimum_group: int) -> None:
        """Count a reading, and its expressions if that many faces are in view.

        Never waits for the database.
        """
        with self._lock:
            self._aggregator.add(reading, self._lecture_id, minimum_group)

    def stop(self, timeout_seconds: float) -> None:
        """Write the open minute and end the thread, waiting at most `timeout_seconds`."""
        self._ending.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._with_database(self._poll)
            self._clock.wait(POLL_SECONDS, self._ending)
        self._with_database(self._write)

    def _with_database(self, work: Callable[[], None]) -> None:
        """Do `work` in an application context; where the database fails, log it once and go on."""
        with self._app.app_context():
            try:
                work()
                self._log_reachability(None)
            except SQLAlchemyError as error:
                db.session.rollback()
                self._log_reachability(error)

    def _log_reachability(self, error: SQLAlchemyError | None) -> None:
        if error is not None and self._is_database_reachable:
            log.error("database does not take minutes, they wait in memory: %s", reason(error))
        if error is None and not self._is_database_reachable:
            log.info("database takes minutes again")
        self._is_database_reachable = error is None

    def _poll(self) -> None:
        """Load the effective settings and the running lecture; write and purge when due."""
        room = room_queries.room_by_id(self._room_id)
        if room is None or room.archived_at is not None:  # whoever started this process ends it
            self._close()
            return
        lecture = self._lecture_keeper.running_lecture(room)
        kept = kept_overrides(Path(self._app.instance_path), room.slug)
        db.session.refresh(room)  # what is no longer kept is stored by now
        self.effective_settings = kept.apply_to(effective_settings(room, self._clock.now()))
        lecture_id = lecture.id if lecture else None
        with self._lock:
            # a report opens at the end of its lecture: its last seconds are written now
            has_lecture_ended = self._lecture_id not in (None, lecture_id)
            if has_lecture_ended:
                self._aggregator.close_minute()
            self._lecture_id = lecture_id
            has_finished_minute = self._aggregator.has_finished_minute()
        now = self._clock.monotonic()
        if has_lecture_ended or has_finished_minute or now - self._written_at >= WRITE_SECONDS:
            self._write()
        self.lecture_id = lecture_id
        if now - self._purged_at >= PURGE_SECONDS:
            retention.purge(self._clock.now())
            self._purged_at = now

    def _close(self) -> None:
        """Read the room no longer, and write what was counted."""
        settings = self.effective_settings
        if settings is not None and settings.pause is None:
            self.effective_settings = replace(settings, pause=CurrentPause(self._clock.now(), "somebody"))
            with self._lock:
                self._lecture_id = None
            self._write()

    def _write(self) -> None:
        room = room_queries.room_by_id(self._room_id)
        if room is None:
            return
        minimum_group = effective_settings(room).minimum_group
        with self._lock:
            minutes = self._aggregator.unwritten_minutes()
            unwritten = [(counted, not self._aggregator.is_open(counted.key)) for counted in minutes]
        for counted, is_finished in unwritten:
            if counted.key not in self._stored_before:
                self._stored_before[counted.key] = minute_queries.load_minute(room, *counted.key)
            stored_before = self._stored_before[counted.key]
            total = stored_before.merged_with(counted) if stored_before else counted
            minute_queries.save_minute(room, total, minimum_group, is_finished=is_finished)
            with self._lock:
                is_written = self._aggregator.mark_written(counted)
            if is_written:
                self.minutes_written += 1
                del self._stored_before[counted.key]
        self._written_at = self._clock.monotonic()
