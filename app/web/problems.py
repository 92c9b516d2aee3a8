"""Errors: a page for people, `application/problem+json` (RFC 9457) for programs."""

import json

from apiflask.exceptions import HTTPError
from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.language import Words, say
from app.web.access import is_page

TITLES = {
    400: Words("Bad request"),
    401: Words("Sign in first"),
    403: Words("Not allowed"),
    404: Words("Not found"),
    405: Words("Not possible here"),
    409: Words("Not possible now"),
    413: Words("Too large"),
    429: Words("Too often"),
    500: Words("Something went wrong"),
    503: Words("Not at this moment"),
}
"""Over the page of an error; programs get the standard's own."""

EXPLAINED = {
    400: Words(
        "This page was open too long, or the form came from elsewhere. Load it again, and send it again."
    ),
    404: Words("There is no such page."),
    405: Words("This address can't be opened like a page."),
    413: Words("That was too much to send at once."),
    429: Words("That was too often. Wait a minute, and try again."),
}
"""For people, in place of what the framework says."""


def init_app(app: Flask) -> None:
    """Answer every error in one way."""
    app.register_error_handler(HTTPError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)


def problem(status: int, detail: object, headers: dict[str, str] | None = None) -> Response:
    """Tell a person, or in English a program, what was wrong.

    `detail` is one clear sentence: `Words`, an error that was raised with them, or plain text.
    """
    title = HTTP_STATUS_CODES[status]
    if is_page():
        page = render_template(
            "error.html", status=status, title=say(TITLES.get(status, title)), detail=say(detail)
        )
        response = Response(page, status)
    else:
        body = {"type": "about:blank", "title": title, "status": status, "detail": str(detail)}
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
        return problem(401, Words("Sign in, or send a token: Authorization: Bearer TOKEN."))
    kept = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")
    }
    detail = error.description or ""
    if is_page() and not isinstance(detail, Words):
        detail = EXPLAINED.get(error.code, detail)
    return problem(error.code or 500, detail, kept)


def _crash(error: Exception) -> Response:
    from flask import current_app

    current_app.logger.exception("a request failed")
    return problem(500, Words("Something went wrong in the server; its log says what."))
