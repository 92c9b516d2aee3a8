"""Errors: a page for people, `application/problem+json` (RFC 9457) for programs."""

import json

from apiflask.exceptions import HTTPError
from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.web.access import is_page


def init_app(app: Flask) -> None:
    """Answer every error in one way."""
    app.register_error_handler(HTTPError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Tell a person or a program what was wrong: `detail` is one clear sentence."""
    title = HTTP_STATUS_CODES[status]
    if is_page():
        response = Response(render_template("error.html", status=status, title=title, detail=detail), status)
    else:
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        response = Response(json.dumps(body), status, content_type="application/problem+json")
    response.headers.update(headers or {})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _api_error(error: HTTPError) -> Response:
    """A request that does not fit what the API describes; says which field is wrong and why."""
    fields = error.detail.values() if isinstance(error.detail, dict) else []
    wrong = [
        f"{name}: {' '.join(messages) if isinstance(messages, list) else messages}"
        for place in fields
        for name, messages in (place.items() if isinstance(place, dict) else [("request", place)])
    ]
    return problem(error.status_code, " ".join(wrong) or error.message, dict(error.headers or {}))


def _http_error(error: HTTPException) -> Response:
    if error.code == 401:
        return problem(401, "Sign in, or send a token: Authorization: Bearer TOKEN.")
    kept = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")
    }
    return problem(error.code or 500, error.description or "", kept)


def _crash(error: Exception) -> Response:
    from flask import current_app

    current_app.logger.exception("a request failed")
    return problem(500, "Something went wrong in the server; its log says what.")
