"""The objects that the application keeps for all its requests.

It imports none of their classes: their own routes import this module.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app, g

from app.store.effective_settings import EffectiveSettings, effective_settings
from app.store.tables import Room


def current_time() -> datetime:
    """The time by the application's clock, UTC."""
    return current_app.extensions["clock"].now()


def current_zone() -> ZoneInfo:
    """The zone of the times on this page: of its room or lecture, else the server's."""
    return g.get("zone") or current_app.config["SETTINGS"].timezone


def live_rooms():
    """The `LiveRooms`: pictures, viewers, senders and orders of each room."""
    return current_app.extensions["rooms"]


def runner():
    """The `Runner`, which starts and ends monitors; pages wake it when the rooms in use have changed."""
    return current_app.extensions["runner"]


def machines() -> list[str]:
    """The machines that read rooms, or did so in the last day; none without Redis, or while it is away."""
    return current_app.extensions.get("machines", list)()


def pulse_keeper():
    """The `PulseKeeper`; pages wake it when a lecture or a room has changed."""
    return current_app.extensions["pulse_keeper"]


def hub(room: Room):
    """The `Hub` of a room: its newest picture and status, and its viewers."""
    return live_rooms().get(room).hub


def relay(room: Room):
    """The `Relay` between a room's monitor and whoever sends frames, where the camera is a browser's."""
    return live_rooms().get(room).relay


def current_settings(room: Room) -> EffectiveSettings:
    """The settings that apply to a room, with what was ordered and is not stored yet."""
    return hub(room).overrides.apply_to(effective_settings(room))


def reload_settings(room: Room) -> None:
    """Apply the stored settings of a room at once."""
    hub(room).reload_settings(lambda: effective_settings(room))


def database_health():
    """The `DatabaseHealth`, which logs outages of the database."""
    return current_app.extensions["database_health"]
