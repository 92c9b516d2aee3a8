"""Time, passed in, so that every rule about it can be tested without sleeping."""

import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Protocol

EPOCH = datetime.fromtimestamp(0, UTC)
"""The wall clock of files, which do not say when they were filmed."""
MINUTE = timedelta(minutes=1)


class Clock(Protocol):
    """Where the program takes the time from."""

    def now(self) -> datetime:
        """The wall clock, UTC. It may jump: never take a duration from it."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps; only differences mean anything."""
        ...

    def wait(self, seconds: float, until: Event | None = None) -> None:
        """Return after `seconds`, or earlier once `until` is set."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, until: Event | None = None) -> None:
        if until is not None:
            until.wait(max(0.0, seconds))
        elif seconds > 0:
            time.sleep(seconds)


SYSTEM_CLOCK = SystemClock()


def start_of_minute(moment: datetime) -> datetime:
    """The start of the minute in which a moment lies."""
    return moment.replace(second=0, microsecond=0)
