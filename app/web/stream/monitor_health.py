"""What the web process observes of the monitor."""

from dataclasses import dataclass
from datetime import datetime

from app.language import Translatable


@dataclass(slots=True)
class MonitorHealth:
    """Whether the monitor runs and answers."""

    is_running: bool = False
    restarts: int = 0
    heartbeat_at: float | None = None
    """When its last status came, monotonic seconds; None before the first one."""
    since: datetime | None = None
    """When it started or ended, UTC."""
    failure: Translatable | str | None = None
    """Why it can't work, as a sentence for people."""
