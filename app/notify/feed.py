"""Passes alerts to whoever listens inside this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.notify.alert import Alert


class AlertFeed:
    """Every web process publishes its alerts here, whether or not it is the one that sends messages."""

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[Alert], None], ...] = ()

    def publish(self, alert: Alert) -> None:
        """Call every listener, on this thread."""
        for listener in self._listeners:
            listener(alert)

    @contextmanager
    def subscribed(self, listener: Callable[[Alert], None]) -> Iterator[None]:
        """Let `listener` be called for each alert meanwhile. It must neither wait nor raise."""
        self._listeners = (*self._listeners, listener)
        try:
            yield
        finally:
            self._listeners = tuple(each for each in self._listeners if each is not listener)
