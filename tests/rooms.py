"""The first room of an application: what the web process holds of it, and its settings."""

from flask import Flask

from app.store.effective_settings import EffectiveSettings, effective_settings, first_room
from app.web.live_rooms import LiveRoom
from app.web.stream.hub import Hub


def first_live_room(app: Flask) -> LiveRoom:
    """What the web process holds of the first room."""
    with app.app_context():
        return app.extensions["rooms"].get(first_room())


def first_hub(app: Flask) -> Hub:
    """The hub of the first room."""
    return first_live_room(app).hub


def first_settings(app: Flask) -> EffectiveSettings:
    """The settings that apply to the first room."""
    with app.app_context():
        return effective_settings(first_room())
