"""The JSON API under /api/v1, one module a resource. `/api/openapi.json` describes it."""

from apiflask import APIFlask

from app.web.api import (
    analyse_api,
    description,
    lectures_api,
    minutes_api,
    notes_api,
    pulse_api,
    rooms_api,
    state_api,
    timetable_api,
)
from app.web.api.blueprint import api

RESOURCES = (
    analyse_api,
    state_api,
    minutes_api,
    rooms_api,
    lectures_api,
    notes_api,
    pulse_api,
    timetable_api,
)
"""Importing a module adds its routes to the blueprint."""


def init_app(app: APIFlask) -> None:
    """Serve every resource."""
    app.schema_name_resolver = component_name
    app.register_blueprint(api)
    description.init_app(app)


def component_name(schema) -> str:
    """A schema's name in the OpenAPI document, where clients know it without `Schema` at its end."""
    return type(schema).__name__.removesuffix("Schema")
