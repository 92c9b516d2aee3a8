"""The monitor's end of the bus: sends the newest message of each type, receives the viewers' demand."""

import threading
from typing import Protocol

from app.bus.messages import Demand, Message


class Link(Protocol):
    """What carries messages: a pipe (`multiprocessing.connection.Connection`) or `MonitorLink`, for Redis."""

    def send(self, message: Message) -> None:
        """Send a message. Raises OSError where the link is broken for good."""
        ...

    def recv(self) -> Demand:
        """Wait for the viewers' demand. Raises EOFError or OSError where the other end is gone for good."""
        ...


class Publisher:
    """Sends and receives on threads of its own, so that no slow link holds up the monitor."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._newest: dict[type, Message] = {}
        self._is_sending = False
        self._changed = threading.Condition()
        self.demand = Demand(0)
        self.settings_changed = threading.Event()
        """Set when the database says something new about the room."""
        self.closed = threading.Event()
        """Set once the link is broken."""
        for name, work in (("bus-send", self._send), ("bus-receive", self._receive)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def publish(self, message: Message) -> None:
        """Hand over a message, in place of an unsent one of its type."""
        with self._changed:
            self._newest[type(message)] = message
            self._changed.notify_all()

    def flush(self, timeout_seconds: float) -> None:
        """Wait until everything is sent, or until the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._newest or self._is_sending), timeout_seconds)

    def _send(self) -> None:
        while not self.closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._newest)
                message = self._newest.pop(next(iter(self._newest)))
                self._is_sending = True
            try:
                self._link.send(message)
            except OSError:
                self.closed.set()
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()

    def _receive(self) -> None:
        while not self.closed.is_set():
            try:
                before, self.demand = self.demand, self._link.recv()
                if self.demand.changes != before.changes:
                    self.settings_changed.set()
            except (EOFError, OSError):
                self.closed.set()
