"""Writes minutes on a thread of its own, so that a locked database never stops the stream."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock, start_of_minute
from app.monitor.lecture_keeper import LectureKeeper
from app.monitor.minute_aggregator import MinuteAggregator
from app.store import lecture_queries, minute_queries, room_queries
from app.store.counted_minute import CountedMinute, MinuteKey
from app.store.database_health import reason
from app.store.effective_settings import NO_OVERRIDES, CurrentPause, EffectiveSettings, settings_during
from app.store.kept_overrides import kept_overrides
from app.store.minute_queries import LeaseSuperseded
from app.store.tables import Room, db
from app.vision.frame import Reading

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # between two looks at settings and lecture; a message about a change makes it look now
POLL_SECONDS = 1.0
WRITE_SECONDS = 10.0  # the most that a killed process loses


class MinuteWriter:
    """Aggregates readings into the minutes of the running lecture, and writes them."""

    def __init__(
        self,
        app: Flask,
        room_id: int,
        clock: Clock,
        lease_number: int | None = None,
        settings_changed: threading.Event | None = None,
    ) -> None:
        """`lease_number` is that of the lease under which the room is read; without one it takes a new one.

        Once `settings_changed` is set, it looks at the database.
        """
        self._app = app
        self._room_id = room_id
        self._slug: str | None = None
        self._clock = clock
        self._lease_number = lease_number
        self._settings_changed = settings_changed or threading.Event()
        self._lecture_hours = app.config["SETTINGS"].lecture_hours
        self._lecture_keeper = LectureKeeper(clock, self._lecture_hours)
        self.effective_settings: EffectiveSettings | None = None
        """As of the last look. None until the database first answers: the room may be paused, so the camera
        stays closed until then."""
        self.minutes_written = 0
        """Finished minutes that were written."""
        self.is_superseded = False
        """Whether another process has a newer lease of the room: nothing is written any more."""
        self.lecture_id: int | None = None
        """The lecture that is being counted. Another one's minutes are all written."""
        self._aggregator = MinuteAggregator()
        self._lecture_id: int | None = None
        self._ends_at: datetime | None = None
        """When that lecture ends if nobody ends it earlier."""
        self._lock = threading.Lock()
        """Guards the aggregator and the lecture."""
        self._stored_before: dict[MinuteKey, CountedMinute | None] = {}
        """For each unwritten minute, what was stored of it before."""
        self._began_in = start_of_minute(clock.now())
        self._newest_minute: datetime | None = None
        """No later minute is stored, whatever the clock of the machine that read the room before."""
        self._ending = threading.Event()
        self._is_database_reachable = True
        self._looked_at = float("-inf")
        self._written_at = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="minute-writer", daemon=True)
        self._thread.start()

    def add(self, reading: Reading, minimum_group: int) -> None:
        """Count a reading, and its expressions if that many faces are in view.

        Never waits for the database.
        """
        with self._lock:
            # the database may have been away since before the lecture's end
            is_over = self._ends_at is not None and reading.at >= self._ends_at
            self._aggregator.add(reading, None if is_over else self._lecture_id, minimum_group)

    def stop(self, timeout_seconds: float) -> None:
        """Write the open minute and end the thread, waiting at most `timeout_seconds`."""
        self._ending.set()
        self._settings_changed.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                if self._settings_changed.is_set():
                    self._settings_changed.clear()
                    self._looked_at = float("-inf")
                self._with_database(self._poll)
                self._clock.wait(POLL_SECONDS, self._settings_changed)
            self._with_database(self._write)
        except LeaseSuperseded:
            self.is_superseded = True

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
        """Look at settings and lecture, and write, when due."""
        now = self._clock.monotonic()
        has_lecture_ended = False
        if now - self._looked_at >= LOOK_SECONDS or self._lecture_keeper.is_due():
            self._looked_at = float("-inf")  # if it fails, it is tried again at once
            has_lecture_ended = self._look()
        with self._lock:
            has_finished_minute = self._aggregator.has_finished_minute()
        # a report opens at the end of its lecture: its last seconds are written now
        if has_lecture_ended or has_finished_minute or now - self._written_at >= WRITE_SECONDS:
            self._write()
        with self._lock:
            self.lecture_id = self._lecture_id

    def _look(self) -> bool:
        """Load the effective settings and the running lecture; gives whether a lecture has ended."""
        # read before the room, in which it is stored by the time that it is kept no longer
        kept = kept_overrides(Path(self._app.instance_path), self._slug) if self._slug else None
        room = room_queries.room_by_id(self._room_id)
        if room is None or room.archived_at is not None:  # whoever started this process ends it
            self._close()
            return False
        if kept is None:
            self._slug = room.slug
            kept = kept_overrides(Path(self._app.instance_path), self._slug)
            db.session.refresh(room)
        if self._lease_number is None:
            self._lease_number = room_queries.take_lease_number(self._room_id)
        if room.lease_number > self._lease_number:
            raise LeaseSuperseded
        lecture = self._lecture_keeper.running_lecture(room)
        self.effective_settings = kept.apply_to(settings_during(lecture, room, self._clock.now()))
        lecture_id = lecture.id if lecture else None
        with self._lock:
            has_lecture_ended = self._lecture_id not in (None, lecture_id)
            if has_lecture_ended:
                self._aggregator.close_minute()
            self._lecture_id = lecture_id
            self._ends_at = lecture_queries.automatic_end(lecture, self._lecture_hours) if lecture else None
        if kept == NO_OVERRIDES:  # else it looks again at once: it may be stored by now
            self._looked_at = self._clock.monotonic()
        return has_lecture_ended

    def _close(self) -> None:
        """Stop reading the room, and write what was counted."""
        settings = self.effective_settings
        if settings is not None and settings.pause is None:
            self.effective_settings = replace(settings, pause=CurrentPause(self._clock.now(), "somebody"))
            with self._lock:
                self._lecture_id = None
            self._write()

    def _write(self) -> None:
        if self.effective_settings is None:
            self._look()
        if self.effective_settings is None:
            return
        room = Room(id=self._room_id)  # not loaded: only its id is needed
        with self._lock:
            minutes = self._aggregator.unwritten_minutes()
            unwritten = [(counted, not self._aggregator.is_open(counted.key)) for counted in minutes]
        for counted, is_finished in unwritten:
            if counted.key not in self._stored_before:
                self._stored_before[counted.key] = self._load(room, counted)
            stored_before = self._stored_before[counted.key]
            total = stored_before.merged_with(counted) if stored_before else counted
            minute_queries.save_minute(
                room,
                total,
                self.effective_settings.minimum_group,
                is_finished=is_finished,
                lease_number=self._lease_number,
            )
            with self._lock:
                is_written = self._aggregator.mark_written(counted)
            if is_written:
                self.minutes_written += 1
                del self._stored_before[counted.key]
        self._written_at = self._clock.monotonic()

    def _load(self, room: Room, counted: CountedMinute) -> CountedMinute | None:
        """What was stored of a minute before."""
        if self._newest_minute is None:
            self._newest_minute = max(self._began_in, minute_queries.newest_minute(room) or self._began_in)
        if counted.minute > self._newest_minute:
            self._newest_minute = counted.minute
            return None
        return minute_queries.load_minute(room, *counted.key)
