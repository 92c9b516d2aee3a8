"""What is in force in the room now: the one place that answers it, for the pages and for the monitor.

A setting that the environment (or `.env`) gives counts; else what an administrator stored; else its default.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from app.store import room_queries
from app.store.tables import Room
from app.vision.privacy_area import PrivacyArea

CHANGEABLE = ("camera", "hide_faces", "minimum_group", "retention_days", "contact")
"""The settings that can be changed while the program runs: columns of `Room` under the same names."""


@dataclass(frozen=True, slots=True)
class CurrentPause:
    """Somebody wants nothing to be looked at."""

    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """The settings that can change while the program runs, as they are now."""

    camera: str
    hide_faces: bool
    minimum_group: int
    retention_days: int
    contact: str | None
    """Whom the people filmed may ask."""
    pause: CurrentPause | None
    """While it lasts nothing is read, recorded or shown."""
    areas: tuple[PrivacyArea, ...] = ()
    """Parts of the picture that are left out: neither read nor shown."""


def our_room() -> Room:
    """The room that this server looks at; asks the database."""
    return room_queries.room_named(current_app.config["SETTINGS"].room)


def effective_settings(room: Room | None = None) -> EffectiveSettings:
    """Say what is in force in `room`, by default the one of this server. Asks the database."""
    room = room or our_room()
    return EffectiveSettings(
        **{name: _in_force(name, room) for name in CHANGEABLE},
        pause=CurrentPause(room.paused_at, room.paused_by or "somebody") if room.paused_at else None,
        areas=tuple(PrivacyArea(*each) for each in room.areas or ()),
    )


def is_fixed(name: str) -> bool:
    """Whether the environment gives this setting, so that nobody can change it on a page."""
    return name in current_app.config["EXPLICIT_SETTINGS"]


def _in_force(name: str, room: Room):
    stored = getattr(room, name)
    if stored is None or is_fixed(name):
        return getattr(current_app.config["SETTINGS"], name)
    return stored
