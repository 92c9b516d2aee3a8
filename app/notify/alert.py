"""An alert, for people in any language and for programs."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.language import Translatable, translate


class AlertKind(StrEnum):
    """What an alert is about, as programs read it."""

    DARK = "dark"
    BACK = "back"
    MONITOR_RESTARTS = "monitor_restarts"
    DATABASE_AWAY = "database_away"
    DATABASE_BACK = "database_back"
    REDIS_AWAY = "redis_away"
    REDIS_BACK = "redis_back"
    DISK_NEARLY_FULL = "disk_nearly_full"
    RECORDING_READ = "recording_read"
    RECORDING_FAILED = "recording_failed"
    TEST = "test"


GOOD_NEWS = {
    AlertKind.BACK,
    AlertKind.DATABASE_BACK,
    AlertKind.REDIS_BACK,
    AlertKind.RECORDING_READ,
    AlertKind.TEST,
}


@dataclass(frozen=True, slots=True)
class Alert:
    """A message that something is wrong, or works again. It holds no picture and no figure about people."""

    kind: AlertKind
    at: datetime
    """UTC."""
    title: Translatable
    lines: tuple[Translatable | str, ...]
    """The cause and what to do, a line each."""
    room_id: int | None = None
    """None for what concerns the whole server."""
    room: str | None = None
    """The room's name."""
    data: Mapping[str, object] = field(default_factory=dict)
    """The same for programs, as JSON takes it."""
    id: str = field(default_factory=lambda: f"alert_{secrets.token_hex(12)}")
    """Stays the same when it is sent again."""

    def in_language(self, language: str) -> tuple[str, str]:
        """Title and text."""
        lines = (translate(line, language) for line in self.lines)
        return translate(self.title, language), "\n".join(line for line in lines if line)

    def as_json(self, language: str) -> dict[str, object]:
        """The alert for programs; title and text are in `language`."""
        title, text = self.in_language(language)
        return {
            "kind": self.kind,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "room_id": self.room_id,
            "room": self.room,
            "title": title,
            "text": text,
            "data": dict(self.data),
        }
