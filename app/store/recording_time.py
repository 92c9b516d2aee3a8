"""When a recording can have begun."""

from datetime import datetime, timedelta

from app.language import Translatable


class BadTime(ValueError):
    """A recording can't have begun when somebody says; its argument, `Translatable`, says why."""


def check_time(began_at: datetime, seconds: float | None, retention_days: int, now: datetime) -> None:
    """Raise BadTime where a recording of this length can't have begun then, or is too old to be kept."""
    if (now - began_at).total_seconds() < (seconds or 0):
        raise BadTime(Translatable("A recording that began then would end in the future."))
    if now - began_at > timedelta(days=retention_days):
        raise BadTime(
            Translatable(
                "The recording is older than the %(days)s days for which this room keeps its minutes.",
                days=retention_days,
            )
        )
