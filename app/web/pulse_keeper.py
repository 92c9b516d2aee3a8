"""Opens, publishes and closes the pulses of all rooms, and keeps the rooms that have no camera going.

It runs in every web process. The database decides which one publishes.
"""

import logging
import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from app.clock import Clock
from app.monitor.calendar_refresher import CalendarRefresher
from app.monitor.lecture_keeper import LectureKeeper
from app.restart import run_until_ended
from app.store import poll_queries, pulse_queries
from app.store.database_health import outages_suppressed
from app.store.effective_settings import effective_settings, rooms_without_camera
from app.store.tables import Lecture, Room, db
from app.web.live_rooms import LiveRooms

log = logging.getLogger(__name__)

STEP_SECONDS = 0.5  # between two looks at what was said, so that bars move within a second
LOOK_SECONDS = 5.0  # between two looks at which lectures run; a page that starts one wakes the keeper


class RoomWithoutCamera:
    """What a monitor would do for its room beside reading a camera."""

    def __init__(self, app: Flask, room_id: int, clock: Clock, changes: Callable[[], int]) -> None:
        self.lecture_keeper = LectureKeeper(clock, app.config["SETTINGS"].lecture_hours)
        self.calendar_refresher = CalendarRefresher(app, room_id, clock, changes)


class PulseKeeper:
    """One thread for all pulses; `look` and `step` are what it does in turn."""

    def __init__(self, app: Flask, rooms: LiveRooms, clock: Clock) -> None:
        self._app = app
        self._rooms = rooms
        self._clock = clock
        self._is_ending: Callable[[], bool] = lambda: False
        self._without_camera: dict[int, RoomWithoutCamera] = {}
        self._has_pulses = False
        self._known: dict[int, int] = {}
        """By lecture, the version of its pulse that the room's pages were told."""
        self._is_woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse-keeper", daemon=True)

    def start(self, is_ending: Callable[[], bool]) -> None:
        """Keep the pulses in the background, until `is_ending` gives True."""
        self._is_ending = is_ending
        self._thread.start()

    def wake(self) -> None:
        """Look now: a lecture has begun or ended, or a room was changed."""
        self._is_woken.set()

    def join(self) -> None:
        """Wait for the thread to end, once `is_ending` gives True."""
        self._is_woken.set()
        if self._thread.is_alive():
            self._thread.join(2 * STEP_SECONDS + 1)

    def _run(self) -> None:
        run_until_ended(self._keep, self._clock, self._is_ending)
        for each in self._without_camera.values():
            each.calendar_refresher.stop()

    def _keep(self) -> None:
        looked_at = float("-inf")
        while not self._is_ending():
            with self._app.app_context(), outages_suppressed():
                if self._is_woken.is_set() or self._clock.monotonic() - looked_at >= LOOK_SECONDS:
                    self._is_woken.clear()
                    looked_at = self._clock.monotonic()
                    self.look()
                if self._has_pulses:
                    self.step()
            self._clock.wait(STEP_SECONDS, self._is_woken)

    def look(self) -> None:
        """Begin and end the lectures of rooms without a camera; open and close pulses."""
        self._keep_rooms_without_camera(rooms_without_camera())
        now = self._clock.now()
        rooms = {room.id for room in self._rooms_with_pulse()}
        running = select(Lecture).where(Lecture.ended_at.is_(None), Lecture.room_id.in_(rooms))
        for lecture in db.session.scalars(running.where(~Lecture.from_recording)).all():
            pulse_queries.open_pulse(lecture, effective_settings(lecture.room).minimum_group, now)
        pulses = pulse_queries.open_pulses()
        for pulse in pulses:
            if pulse.lecture.room_id not in rooms or pulse.lecture.ended_at is not None:
                pulse_queries.close_pulse(pulse.lecture_id, pulse.lecture.ended_at or now)
                db.session.commit()
        self._has_pulses = bool(pulses)

    def step(self) -> None:
        """Count the minutes that have ended, and show what may be shown."""
        now = self._clock.now()
        known = {}
        for pulse in pulse_queries.open_pulses():
            lecture_id, room_id = pulse.lecture_id, pulse.lecture.room_id
            pulse_queries.write_minute(pulse, now)
            pulse_queries.publish(pulse, now)
            poll_queries.publish_poll(pulse, now)
            known[lecture_id] = pulse.version
            if self._known.get(lecture_id) != pulse.version:
                self._tell(room_id, pulse.version)
        self._known = known

    def _tell(self, room_id: int, version: int) -> None:
        """Let the pages that follow the room look at once."""
        if (live_room := self._rooms.known_by_id(room_id)) is not None:
            live_room.hub.put_pulse(version)

    def _rooms_with_pulse(self) -> list[Room]:
        switched_on = db.session.scalars(select(Room).where(Room.pulse, Room.archived_at.is_(None)))
        return [*switched_on, *rooms_without_camera()]

    def _keep_rooms_without_camera(self, rooms: list[Room]) -> None:
        for room_id in self._without_camera.keys() - {room.id for room in rooms}:
            self._without_camera.pop(room_id).calendar_refresher.stop()
        for room in rooms:
            live_room = self._rooms.get(room)
            if room.id not in self._without_camera:
                self._without_camera[room.id] = RoomWithoutCamera(
                    self._app, room.id, self._clock, lambda hub=live_room.hub: hub.demand.changes
                )
            if not live_room.hub.has_no_camera:
                live_room.control.reload()
            self._without_camera[room.id].lecture_keeper.running_lecture(room)
