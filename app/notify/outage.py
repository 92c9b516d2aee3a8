"""When an outage and its end are reported: once each, and not again and again while it comes and goes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.clock import Clock


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long something must last before it is reported."""

    look_seconds: float = 10.0
    """From one look at rooms, database, Redis and disk to the next."""
    dark_seconds: float = 300.0
    """How long a room is dark first."""
    away_seconds: float = 60.0
    """How long the database or Redis is away first: most restarts are shorter."""
    start_seconds: float = 300.0
    """The same for what has not worked yet since the server started."""
    steady_seconds: float = 60.0
    """How long something works before its outage is over."""
    quiet_seconds: float = 3600.0
    """From one message to the next about the same thing: a flapping camera gives one pair an hour."""
    restarts: int = 3
    """How often a monitor restarts within `quiet_seconds` first."""


DEFAULT_THRESHOLDS = Thresholds()


class OutageEvent(StrEnum):
    """What `Outage` reports."""

    BEGAN = "began"
    ENDED = "ended"


class Outage:
    """Follows one thing that works or fails, and decides when that is reported."""

    def __init__(self, clock: Clock, thresholds: Thresholds, away_seconds: float) -> None:
        """`away_seconds`: how long an outage lasts before it is reported."""
        self._clock = clock
        self._thresholds = thresholds
        self._away_seconds = away_seconds
        self._has_worked = False
        self._began_at: float | None = None
        self._works_since: float | None = None
        self._told_at = float("-inf")
        self._is_told = False
        self.began: datetime | None = None
        """UTC; None before the first outage."""
        self.ended: datetime | None = None
        """UTC: when it began to work again. None before it first worked."""

    def observe(self, works: bool) -> OutageEvent | None:
        """Note whether it works now; gives what to report, if anything."""
        return self._note_works() if works else self._note_fails()

    def suspend(self) -> None:
        """Note that nobody expects it to work now. An outage that was reported goes on."""
        self._works_since = None
        if not self._is_told:
            self._began_at = None

    def _note_works(self) -> OutageEvent | None:
        now = self._clock.monotonic()
        self._has_worked = True
        if self._works_since is None:
            self._works_since, self.ended = now, self._clock.now()
        if self._began_at is None or now - self._works_since < self._thresholds.steady_seconds:
            return None
        was_told, self._is_told, self._began_at = self._is_told, False, None
        return OutageEvent.ENDED if was_told else None

    def _note_fails(self) -> OutageEvent | None:
        now = self._clock.monotonic()
        self._works_since = None
        if self._began_at is None:
            self._began_at, self.began = now, self._clock.now()
        is_long = now - self._began_at >= self._seconds_until_told()
        is_quiet = now - self._told_at >= self._thresholds.quiet_seconds
        if self._is_told or not is_long or not is_quiet:
            return None
        self._is_told, self._told_at = True, now
        return OutageEvent.BEGAN

    def _seconds_until_told(self) -> float:
        if self._has_worked:
            return self._away_seconds
        return max(self._away_seconds, self._thresholds.start_seconds)
