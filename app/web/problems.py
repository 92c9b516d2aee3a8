"""Error responses: a page for browsers, `application/problem+json` (RFC 9457) for programs."""

import json

from apiflask.exceptions import HTTPError
from flask import Flask, Response, current_app, g, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.language import Translatable, translate
from app.store.database_health import is_busy, is_outage
from app.web.access import is_page
from app.web.authentication import login_manager
from app.web.extensions import database_health
from app.web.retry import RETRY_AFTER

TITLES = {
    400: Translatable("Bad request"),
    401: Translatable("Sign in first"),
    403: Translatable("Not allowed"),
    404: Translatable("Not found"),
    405: Translatable("Not possible here"),
    409: Translatable("Not possible now"),
    413: Translatable("Too large"),
    422: Translatable("Not usable"),
    429: Translatable("Too many requests"),
    500: Translatable("Something went wrong"),
    501: Translatable("Not available here"),
    503: Translatable("Not available right now"),
}
"""The heading of an error page; programs get the title in the HTTP standard."""

DETAILS = {
    400: Translatable(
        "This page was open too long, or the form came from another site. Reload the page and send it again."
    ),
    404: Translatable("There is no such page."),
    405: Translatable("This address can't be opened as a page."),
    413: Translatable("You sent too much at once."),
    429: Translatable("That was too often. Wait a minute and try again."),
}
"""What an error page says in place of the framework's own text."""

DATABASE_BUSY = Translatable("The database is busy. Try again in a moment.")
DATABASE_AWAY = Translatable("The database can't be used right now. Try again in a moment.")


def init_app(app: Flask) -> None:
    """Handle every error of the application."""
    app.register_error_handler(HTTPError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _crash)


def problem(status: int, detail: object, headers: dict[str, str] | None = None) -> Response:
    """A response that says what is wrong, as a page in the reader's language or as JSON in English.

    `detail` is one sentence: `Translatable`, an exception raised with `Translatable`, or a string.
    """
    title = HTTP_STATUS_CODES[status]
    if is_page():
        page = render_template(
            "error.html", title=translate(TITLES.get(status, title)), detail=translate(detail)
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
    """A request that does not match the API's schema; the detail names each wrong field and why."""
    locations = error.detail.values() if isinstance(error.detail, dict) else []
    errors = [
        f"{name}: {' '.join(messages) if isinstance(messages, list) else messages}"
        for location in locations
        for name, messages in (location.items() if isinstance(location, dict) else [("request", location)])
    ]
    return problem(error.status_code, " ".join(errors) or error.message, dict(error.headers or {}))


def _http_error(error: HTTPException) -> Response:
    if error.code == 401:
        return problem(401, Translatable("Sign in, or send a token: Authorization: Bearer TOKEN."))
    headers = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")
    }
    detail = error.description or ""
    if is_page() and not isinstance(detail, Translatable):
        detail = DETAILS.get(error.code, detail)
    return problem(error.code or 500, detail, headers)


def _database_error(error: SQLAlchemyError) -> Response:
    if not is_outage(error):
        return _crash(error)
    database_health().begin_outage(error)
    _forget_user()
    detail = DATABASE_BUSY if is_busy(error) else DATABASE_AWAY
    return problem(503, detail, RETRY_AFTER)


def _forget_user() -> None:
    """Make the page without asking the database who reads it, and what rooms are for."""
    g.reads_expressions = True
    g._login_user = login_manager.anonymous_user()


def _crash(error: Exception) -> Response:
    current_app.logger.exception("a request failed")
    _forget_user()
    return problem(500, Translatable("Something went wrong on the server. Its log has the details."))
