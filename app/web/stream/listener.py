"""Receives the messages of a monitor that runs on its own, through Redis; it replaces the supervisor."""

import logging
import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.bus.messages import Demand, Message, MonitorStatus, MonitorUnavailable
from app.bus.subscription import RENEWAL_SECONDS
from app.bus.web_link import WebLink
from app.clock import Clock
from app.language import Translatable
from app.restart import run_until_ended
from app.runner.supervisor import HEARTBEAT_SECONDS, POLL_SECONDS
from app.store import room_queries
from app.web.extensions import database_health
from app.web.live_rooms import LiveRoom

log = logging.getLogger(__name__)

RELOAD_SECONDS = 1.0  # between two reads of the settings: another web process may have paused the room
NO_MONITOR = Translatable("No camera process can be reached. It is started by: flask --app wsgi monitor run")


class Listener:
    """Passes the messages of a room's monitor, on any machine, to the hub, and the viewers' demand to it."""

    def __init__(
        self, app: Flask, room: LiveRoom, link: WebLink, clock: Clock, is_ending: Callable[[], bool]
    ) -> None:
        self._app = app
        self._room = room
        self._room_id = room.room_id
        self._hub = room.hub
        self._link = link
        self._clock = clock
        self._is_ending = is_ending
        self._received_at = clock.monotonic()
        self._sent_demand = Demand(0)
        self._sent_at = float("-inf")
        self._reloaded_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"listener {room.slug}", daemon=True)

    def start(self) -> None:
        """Listen in the background."""
        self._hub.receive(MonitorUnavailable(NO_MONITOR))
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True."""
        self._thread.join(2 * POLL_SECONDS + 1)

    def _run(self) -> None:
        run_until_ended(self._listen, self._clock, self._is_ending)
        self._hub.disconnect_viewers()
        self._link.close()

    def _listen(self) -> None:
        while not self._is_ending():
            self._send_demand()
            self._reload_settings()
            if self._link.poll(POLL_SECONDS):
                self._receive(self._link.recv())
            elif self._clock.monotonic() - self._received_at > HEARTBEAT_SECONDS:
                self._lose_monitor(self._link.outage or NO_MONITOR)

    def _send_demand(self) -> None:
        """Send the viewers' demand when it changes, and every second."""
        demand, now = self._hub.demand, self._clock.monotonic()
        if demand != self._sent_demand or now - self._sent_at >= RENEWAL_SECONDS:
            self._link.send(demand)
            self._sent_demand, self._sent_at = demand, now

    def _reload_settings(self) -> None:
        """Apply what another web process has changed, once a second."""
        if self._clock.monotonic() - self._reloaded_at < RELOAD_SECONDS:
            return
        with self._app.app_context():
            try:
                if room_queries.room_by_id(self._room_id) is not None:
                    self._room.control.reload()
            except SQLAlchemyError as error:
                database_health().begin_outage(error)
        self._reloaded_at = self._clock.monotonic()

    def _receive(self, message: Message) -> None:
        self._received_at = self._clock.monotonic()
        if isinstance(message, MonitorUnavailable):
            self._lose_monitor(message.detail)
            return
        if isinstance(message, MonitorStatus) and not self._hub.monitor.is_running:
            log.info("monitor connected")
            self._hub.monitor_started()
        self._hub.receive(message)

    def _lose_monitor(self, reason: Translatable | str) -> None:
        """Note that no monitor is connected any more, and why."""
        if self._hub.monitor.is_running:
            log.warning("monitor lost: %s", reason)
            self._hub.monitor_ended()
        if self._hub.monitor.failure != reason:
            self._hub.receive(MonitorUnavailable(reason))
