"""The JSON API under /api/v1, one module a resource. `/api/openapi.json` describes it.

`*_api.py` answer the requests; `*_schemas.py` describe the JSON that they take and give, and the OpenAPI
document is made from them.
"""

from apiflask import APIFlask
from flask import Response, request

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
    app.after_request(_answer_if_changed)


def component_name(schema) -> str:
    """A schema's name in the OpenAPI document, where clients know it without `Schema` at its end."""
    return type(schema).__name__.removesuffix("Schema")


def _answer_if_changed(response: Response) -> Response:
    """Give JSON of the API an ETag, and answer 304 where the client has it already.

    The tag is weak: the same JSON has it whether it is compressed or not.
    """
    is_read = request.method in ("GET", "HEAD") and response.status_code == 200
    if is_read and request.path.startswith("/api/") and response.mimetype == "application/json":
        response.add_etag(weak=True)
        response.make_conditional(request)
    return response
