"""Passes alerts to whoever listens inside this process."""

from collections.abc import Callable

from app.notify.alert import Alert


class AlertFeed:
    """Every web process publishes its alerts here, whether or not it is the one that sends messages."""

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[Alert], None], ...] = ()

    def publish(self, alert: Alert) -> None:
        """Call every listener, on this thread."""
        for listener in self._listeners:
            listener(alert)

    def subscribe(self, listener: Callable[[Alert], None]) -> None:
        """Call `listener` for each alert from now on. It must neither wait nor raise."""
        self._listeners = (*self._listeners, listener)
