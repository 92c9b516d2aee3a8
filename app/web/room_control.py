"""Pauses a room and hides its faces: applied at once, stored as soon as the database answers."""

import logging
import threading
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.store import room_queries
from app.store.effective_settings import (
    NO_OVERRIDES,
    CurrentPause,
    Overrides,
    effective_settings,
)
from app.store.kept_overrides import keep_overrides, kept_overrides
from app.store.tables import Room, db
from app.web.stream.hub import Hub

log = logging.getLogger(__name__)

ANSWER_SECONDS = 4.0  # to wait until it is stored: another process may not know it before
RETRY_SECONDS = 1.0


class RoomControl:
    """Pausing and hiding need no database; resuming and showing apply only once they are stored."""

    def __init__(self, app: Flask, room: Room, hub: Hub, clock: Clock) -> None:
        self._app = app
        self._folder = Path(app.instance_path)
        self._room_id = room.id
        self._slug = room.slug
        self._hub = hub
        self._clock = clock
        self._storing = threading.Lock()
        """Held while something is stored, so that no older order is stored after a newer one."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        """Stores overrides; None while there are none."""
        self.is_kept = True
        """Whether a file keeps what is not stored, so that a restart doesn't forget it."""
        self._keeping = threading.Lock()

    def restore(self) -> None:
        """Apply the overrides that an earlier process could not store, and store them."""
        overrides = kept_overrides(self._folder, self._slug)
        if overrides != NO_OVERRIDES:
            self._begin(overrides)

    def pause(self, by: str) -> bool:
        """Pause the room for everybody; gives whether that is stored already."""
        return self._order(Overrides(pause=CurrentPause(self._clock.now(), by)))

    def hide_faces(self) -> bool:
        """Hide the faces; gives whether that is stored already."""
        return self._order(Overrides(hide_faces=True))

    def resume(self) -> None:
        """End the pause. Raises SQLAlchemyError where that can't be stored; the room stays paused then."""
        with self._storing:
            self._store()  # so that the pause is on record
            room_queries.resume_room(self._room(), self._clock.now())
            self.reload()

    def show_faces(self) -> None:
        """Show the faces. Raises SQLAlchemyError where that can't be stored; they stay hidden then."""
        with self._storing:
            self._store()
            room_queries.change_room(self._room(), hide_faces=False, hidden_by_administrator=False)
            self.reload()

    def _order(self, overrides: Overrides) -> bool:
        self._begin(overrides).join(ANSWER_SECONDS)
        return self._hub.overrides == NO_OVERRIDES

    def _begin(self, overrides: Overrides) -> threading.Thread:
        """Apply overrides at once, and store them in the background."""
        with self._starting:
            self._hub.override(overrides)
            self._keep()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_storing, name="room-control", daemon=True)
                self._thread.start()
            return self._thread

    def _keep(self) -> None:
        """Write what is not stored yet to a file, so that a restart doesn't forget it."""
        with self._keeping:
            try:
                keep_overrides(self._folder, self._slug, self._hub.overrides)
                self.is_kept = True
            except OSError as error:
                log.error("a restart may forget a pause or hidden faces: %s", error)
                self.is_kept = False

    def _keep_storing(self) -> None:
        """Store the overrides, again and again until the database takes them."""
        has_failed = False
        while not self._is_done():
            with self._app.app_context():
                try:
                    with self._storing:
                        self._store()
                except SQLAlchemyError as error:
                    db.session.rollback()
                    if not has_failed:
                        log.error("a pause or hidden faces apply, but can't be stored yet: %s", error)
                    has_failed = True
                    self._clock.wait(RETRY_SECONDS)
        if has_failed:
            log.info("the pause or the hidden faces are stored")

    def _is_done(self) -> bool:
        with self._starting:
            is_done = self._hub.overrides == NO_OVERRIDES
            if is_done:
                self._keep()
                self._thread = None
            return is_done

    def _store(self) -> None:
        """Store the overrides, which then end. Raises SQLAlchemyError."""
        overrides = self._hub.overrides
        if overrides == NO_OVERRIDES:
            return
        room = self._room()
        if overrides.pause is not None:
            room_queries.pause_room(room, overrides.pause.by, overrides.pause.since)
        if overrides.hide_faces:
            room_queries.change_room(room, hide_faces=True)
        self.reload(overrides)
        self._keep()

    def _room(self) -> Room:
        db.session.expire_all()  # another thread may have stored something since this one looked
        return room_queries.room_by_id(self._room_id)

    def reload(self, stored: Overrides = NO_OVERRIDES) -> None:
        """Apply the stored settings. Raises SQLAlchemyError."""
        self._hub.reload_settings(lambda: effective_settings(self._room()), stored)
