"""The monitor's end of the bus: sends the newest message of each kind and takes the demand."""

import threading
from typing import Protocol

from app.bus.messages import Demand, Message


class Link(Protocol):
    """What the bus goes through: a pipe to the web process (a `Connection`), or Redis to several of them."""

    def send(self, message: Message) -> None:
        """Bring a message to the other side. Raises OSError where the link is of no use any more."""
        ...

    def recv(self) -> Demand:
        """Wait for what is wanted now. Raises EOFError or OSError where the other side is gone for good."""
        ...


class Publisher:
    """The monitor's end."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._newest: dict[type, Message] = {}
        self._sending = False
        self._changed = threading.Condition()
        self.demand = Demand(0)
        self.closed = threading.Event()
        """Set once nobody can be reached any more."""
        for work in (self._send, self._receive):
            threading.Thread(target=work, name=f"bus{work.__name__}", daemon=True).start()

    def publish(self, message: Message) -> None:
        """Hand a message over. It takes the place of an older one of its kind that was not sent yet."""
        with self._changed:
            self._newest[type(message)] = message
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Wait up to `timeout` seconds until everything is sent."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._newest or self._sending), timeout)

    def _send(self) -> None:
        while not self.closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._newest)
                message = self._newest.pop(next(iter(self._newest)))
                self._sending = True
            try:
                self._link.send(message)
            except OSError:
                self.closed.set()
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _receive(self) -> None:
        while not self.closed.is_set():
            try:
                self.demand = self._link.recv()
            except (EOFError, OSError):
                self.closed.set()
