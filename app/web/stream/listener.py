"""Listens to a monitor that is a process of its own, through Redis, in place of the supervisor."""

import logging
import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.bus.messages import Demand, MonitorStatus, MonitorUnavailable
from app.bus.subscription import RENEWAL_SECONDS
from app.bus.web_link import WebLink
from app.clock import Clock
from app.language import Words
from app.runner.supervisor import HEARTBEAT_SECONDS, POLL_SECONDS
from app.store.effective_settings import effective_settings
from app.web.stream.hub import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how often the database is asked: another web process may have paused the room
NOT_HEARD = Words("No camera process is heard. It runs on its own: flask --app wsgi monitor run")


class Listener:
    """Hears the monitor, whatever machine it runs on, while the web process lives."""

    def __init__(self, app: Flask, link: WebLink, clock: Clock, ending: Callable[[], bool]) -> None:
        self._app = app
        self._hub: Hub = app.extensions["hub"]
        self._link = link
        self._clock = clock
        self._ending = ending
        self._heard = clock.monotonic()
        self._told: tuple[Demand, float] = Demand(0), float("-inf")
        self._looked = float("-inf")
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Listen in the background."""
        self._hub.take(MonitorUnavailable(NOT_HEARD))
        self._thread.start()

    def join(self) -> None:
        """Wait until nothing is listened to any more, once `ending` says so."""
        self._thread.join(2 * POLL_SECONDS + 1)

    def _run(self) -> None:
        while not self._ending():
            self._tell()
            self._look()
            if self._link.poll(POLL_SECONDS):
                self._take(self._link.recv())
            elif self._clock.monotonic() - self._heard > HEARTBEAT_SECONDS:
                self._lose(self._link.outage or NOT_HEARD)
        self._hub.hang_up()
        self._link.close()

    def _tell(self) -> None:
        """Say what is wanted when it changes, and every second."""
        demand, now = self._hub.demand, self._clock.monotonic()
        told, at = self._told
        if demand != told or now - at >= RENEWAL_SECONDS:
            self._link.send(demand)
            self._told = demand, now

    def _look(self) -> None:
        """Follow what another web process has changed."""
        if self._clock.monotonic() - self._looked < LOOK_SECONDS:
            return
        with self._app.app_context():
            try:
                self._hub.obey(effective_settings)
            except SQLAlchemyError:
                log.exception("the database does not answer")
        self._looked = self._clock.monotonic()

    def _take(self, message) -> None:
        self._heard = self._clock.monotonic()
        if isinstance(message, MonitorUnavailable):
            self._lose(message.detail)
            return
        if isinstance(message, MonitorStatus) and not self._hub.monitor.running:
            log.info("a monitor is heard")
            self._hub.monitor_started()
        self._hub.take(message)

    def _lose(self, why: Words | str) -> None:
        """Take note that no monitor is there any more."""
        if self._hub.monitor.running:
            log.warning("the monitor is gone: %s", why)
            self._hub.monitor_ended()
        if self._hub.monitor.trouble != why:
            self._hub.take(MonitorUnavailable(why))
