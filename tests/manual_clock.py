"""A clock that goes only when it is told to, or waited on."""

from datetime import UTC, datetime, timedelta
from threading import Event


class ManualClock:
    """Starts at a Monday morning; every wait is noted, and passes at once."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 8, 0, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float, until: Event | None = None) -> None:
        self.waits.append(seconds)
        self.pass_(max(0.0, seconds))

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
