"""The objects that the application keeps for all its requests.

It imports neither hub nor relay: their own routes import this module.
"""

from datetime import datetime

from flask import current_app

from app.store.effective_settings import EffectiveSettings, effective_settings
from app.store.tables import Room


def current_time() -> datetime:
    """The time by the application's clock, UTC."""
    return current_app.extensions["clock"].now()


def hub():
    """The `Hub`: the newest picture and status of the room, and its viewers."""
    return current_app.extensions["hub"]


def current_settings(room: Room | None = None) -> EffectiveSettings:
    """The settings that apply to the room, with what was ordered and is not stored yet."""
    return hub().overrides.apply_to(effective_settings(room))


def relay():
    """The `Relay` between the monitor and whoever sends frames, where the camera is a browser's."""
    return current_app.extensions["relay"]


def alerts():
    """The `AlertFeed`: what people are told, for programs."""
    return current_app.extensions["alerts"]


def database_health():
    """The `DatabaseHealth`, which logs outages of the database."""
    return current_app.extensions["database_health"]
