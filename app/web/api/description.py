"""Serves `/api/openapi.json`, with what no schema or route says: the errors, and a body that is a JPEG."""

from apiflask import APIFlask
from flask import request

from app.web.request_checks import MAX_ROW_ID

ERRORS_EVERYWHERE = {
    "400": "The request can't be read, or changes something by a session without its CSRF token",
    "401": "Not signed in, or the token is wrong",
    "411": "The request says no length of its body",
    "403": "The role of the user does not allow this, or the key may only read",
    "413": "The body is too large",
    "503": "The database does not answer, or there is nothing to give at the moment",
}
NOT_FOUND = {"404": "There is no such lecture, note or room"}
ERROR_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM = {
    "description": "An error, after RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, in one sentence."},
    },
}
JPEG_BODY = {"required": True, "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
PICTURE_BODY = {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}


def init_app(app: APIFlask) -> None:
    """Serve the description, complete."""
    app.spec_processor(_complete)

    @app.get("/api/openapi.json")
    @app.doc(hide=True)
    def openapi():
        # not kept: an address without the proxy's path prefix may be asked for first
        return app.spec | {"servers": [{"url": request.script_root or "/"}]}


def _complete(spec: dict) -> dict:
    spec["components"]["schemas"]["Problem"] = PROBLEM
    spec["components"]["schemas"]["LectureChange"]["minProperties"] = 1
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            _describe_errors(path, operation)
            _bound_ids(operation)
            operation.get("requestBody", {})["required"] = True
    spec["paths"]["/api/v1/frames"]["post"]["requestBody"] = JPEG_BODY
    spec["paths"]["/api/v1/analyse"]["post"]["requestBody"] = PICTURE_BODY
    return spec


def _bound_ids(operation: dict) -> None:
    """Say which numbers in a path can be ids."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["schema"] |= {"minimum": 0, "maximum": MAX_ROW_ID}


def _describe_errors(path: str, operation: dict) -> None:
    """Name every error that an operation may answer with; what its route says of one stays."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    errors = ERRORS_EVERYWHERE | (NOT_FOUND if "{" in path or "room" in parameters else {})
    said = {status: each["description"] for status, each in operation["responses"].items() if status >= "400"}
    for status, description in sorted({**said, **errors, **_own(said)}.items()):
        operation["responses"][status] = {"description": description, "content": ERROR_CONTENT}


def _own(said: dict[str, str]) -> dict[str, str]:
    """What routes say themselves, without the framework's own words."""
    return {
        status: description
        for status, description in said.items()
        if description not in ("Authentication error", "Not found", "Validation error")
    }
