"""Reads the room's subscribed calendar once an hour, on a thread of its own: it delays nothing else."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from app.clock import Clock
from app.restart import run_until_ended
from app.store import room_queries, timetable_queries
from app.store.database_health import outages_suppressed
from app.store.room_queries import zone_of
from app.store.tables import Room, db
from app.timetable.calendar import read_calendar
from app.timetable.errors import CalendarError

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
LOOK_SECONDS = 600.0  # between two looks at when it was read last, where nothing about the room has changed
REFRESH_SECONDS = 3600.0


class CalendarRefresher:
    """Keeps the calendar's lectures up to date; while it can't be read, those that are known stay."""

    def __init__(self, app: Flask, room_id: int, clock: Clock, changes: Callable[[], int]) -> None:
        """`changes` gives another number when the database says something new about the room."""
        self._app = app
        self._room_id = room_id
        self._clock = clock
        self._changes = changes
        self._tried_at = float("-inf")
        self._ending = threading.Event()
        threading.Thread(target=self._run, name="calendar", daemon=True).start()

    def stop(self) -> None:
        """End the thread, without waiting for a calendar that is being read."""
        self._ending.set()

    def _run(self) -> None:
        run_until_ended(self._refresh_hourly, self._clock, self._ending.is_set)

    def _refresh_hourly(self) -> None:
        known, looked_at = None, float("-inf")
        while not self._ending.is_set():
            changes, now = self._changes(), self._clock.monotonic()
            if changes == known and now - looked_at < LOOK_SECONDS:
                self._clock.wait(POLL_SECONDS, self._ending)
                continue
            known, looked_at = None, now
            with self._app.app_context(), outages_suppressed():
                self._refresh_if_due(room_queries.room_by_id(self._room_id))
                known = changes
            self._clock.wait(POLL_SECONDS, self._ending)

    def _refresh_if_due(self, room: Room | None) -> None:
        if room is None:
            return  # deleted; whoever started this process ends it
        now = self._clock.now()
        fetched_at = room.calendar_fetched_at
        is_new = fetched_at is not None and abs(now - fetched_at) < timedelta(seconds=REFRESH_SECONDS)
        is_tried = self._clock.monotonic() - self._tried_at < REFRESH_SECONDS
        if room.calendar_url is None or is_new or is_tried:
            return
        self._tried_at = self._clock.monotonic()
        self._refresh(room)

    def _refresh(self, room: Room) -> None:
        """Read the calendar and store what it plans, or why it can't be read."""
        address, zone = room.calendar_url, zone_of(room)
        db.session.rollback()  # reading takes seconds, and a transaction holds a connection
        try:
            lectures, problem = read_calendar(address, self._clock.now(), zone), None
        except CalendarError as error:
            lectures, problem = [], error.args[0]
        room = room_queries.room_by_id(self._room_id)
        if room is None or room.calendar_url != address:
            return  # somebody entered another one meanwhile
        if problem is not None:
            log.warning("the calendar can't be read: %s", problem)
            timetable_queries.store_calendar_problem(room, problem)
        else:
            timetable_queries.store_calendar(room, address, lectures, self._clock.now())
