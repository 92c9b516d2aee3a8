"""Time, passed in, so that every rule about it is tested without sleeping."""

import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """The three things a program wants of time."""

    def now(self) -> datetime:
        """The wall clock, UTC. It may jump: never take a duration from it."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps; its zero means nothing."""
        ...

    def wait(self, seconds: float, until: Event | None = None) -> None:
        """Return after `seconds`, or as soon as `until` is set."""
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
