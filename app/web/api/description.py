"""Serves `/api/openapi.json`, with what no schema or route says: the errors, the ids in a path, pictures."""

from apiflask import APIFlask
from flask import request
from werkzeug.http import HTTP_STATUS_CODES

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
PROBLEM = {
    "description": "An error, after RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Always `about:blank`.", "example": "about:blank"},
        "title": {"type": "string", "description": "The status in words.", "example": "Not Found"},
        "status": {"type": "integer", "description": "The HTTP status.", "example": 404},
        "detail": {
            "type": "string",
            "description": "What was wrong, in one sentence.",
            "example": "There is no lecture 12.",
        },
    },
}
ABOUT = """\
Send a key with each request, `Authorization: Bearer KEY`; *My account* makes keys. Times are RFC 3339: any
offset in requests, UTC in answers. Errors are `application/problem+json` (RFC 9457). A list that has more
gives a `cursor`: send it to get the next page. Answers in JSON have an `ETag`: send it as `If-None-Match`,
and the answer is 304 while nothing has changed.

`docs/api.md` and `docs/api-by-example.md`, which come with the program, say more.
"""
TAGS = {
    "Rooms": "How rooms and their cameras are, and how the class is now",
    "Lectures": "Lectures and their reports",
    "Notes": "What was noted in a lecture",
    "Minutes": "The figures of each minute",
    "Pulse": "What students say and ask",
    "Timetable": "What is planned",
    "Pictures": "Pictures that programs send",
}
"""The groups of addresses, in the order in which `/api/docs` shows them."""
UNUSED = ("HTTPError", "ValidationError")
"""The framework's own shapes of errors."""
IDS = {
    "lecture_id": ("The number of a lecture: `id` in `/api/v1/lectures`.", 12),
    "note_id": ("The number of a note: `id` in `/api/v1/lectures/ID/notes`.", 3),
    "question_id": ("The number of a question: `id` in `/api/v1/lectures/ID/questions`.", 8),
    "room_id": ("The number of a room: `id` in `/api/v1/rooms`.", 1),
}
"""What each number in a path names, and an example."""
NOT_MODIFIED = {"description": "Nothing has changed since the answer whose `ETag` the client sent"}


def init_app(app: APIFlask) -> None:
    """Serve the description, complete."""
    app.spec_processor(_complete)

    @app.get("/api/openapi.json")
    @app.doc(hide=True)
    def openapi():
        # not kept: an address without the proxy's path prefix may be asked for first
        return app.spec | {"servers": [{"url": request.script_root or "/"}]}


def _complete(spec: dict) -> dict:
    spec["info"]["description"] = ABOUT
    spec["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    schemas = spec["components"]["schemas"]
    for name in UNUSED:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    schemas["LectureChange"]["minProperties"] = 1
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            _describe_errors(path, operation)
            _describe_ids(operation)
            operation["summary"] = operation["summary"].replace("`", "")  # no Markdown there
            if method == "get" and "application/json" in operation["responses"]["200"]["content"]:
                operation["responses"]["304"] = NOT_MODIFIED
            operation.get("requestBody", {})["required"] = True
    for path in ("/api/v1/frames", "/api/v1/rooms/{room_id}/frames"):
        spec["paths"][path]["post"]["requestBody"] = _picture_body("image/jpeg")
    spec["paths"]["/api/v1/analyse"]["post"]["requestBody"] = _picture_body("image/*")
    return spec


def _picture_body(kind: str) -> dict:
    return {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}}}}


def _describe_ids(operation: dict) -> None:
    """Say what the numbers in a path are, and which can be ids."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["description"], parameter["example"] = IDS[parameter["name"]]
            parameter["schema"] |= {"minimum": 0, "maximum": MAX_ROW_ID}


def _describe_errors(path: str, operation: dict) -> None:
    """Name every error that an operation may answer with; what its route says of one stays."""
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    errors = ERRORS_EVERYWHERE | (NOT_FOUND if "{" in path or "room" in parameters else {})
    said = {status: each["description"] for status, each in operation["responses"].items() if status >= "400"}
    for status, description in sorted({**said, **errors, **_own(said)}.items()):
        operation["responses"][status] = {
            "description": description,
            "content": _problem(int(status), description),
        }


def _problem(status: int, detail: str) -> dict:
    """The body of an error, with an example."""
    title = HTTP_STATUS_CODES[status]
    example = {"type": "about:blank", "title": title, "status": status, "detail": f"{detail}."}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"application/problem+json": {"schema": schema, "example": example}}


def _own(said: dict[str, str]) -> dict[str, str]:
    """What routes say themselves, without the framework's own words."""
    return {
        status: description
        for status, description in said.items()
        if description not in ("Authentication error", "Not found", "Validation error")
    }
