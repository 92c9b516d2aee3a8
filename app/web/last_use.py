"""Stores when each session and each key was last used."""

from datetime import datetime, timedelta
from functools import partial

from flask import Flask, Response, current_app, g, request
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from app.clock import EPOCH
from app.store import user_queries
from app.store.tables import SignIn, Token
from app.web.access import CHANGES, is_page
from app.web.extensions import current_time

USE_PRECISION = timedelta(minutes=1)


def init_app(app: Flask) -> None:
    """Note the use of a session or a key after each request."""
    app.extensions["noted_uses"] = {}  # when each session and key was last noted, by table and id
    app.after_request(_note_use)


def _note_use(response: Response) -> Response:
    """Store when this session or key was used, once a minute at most, after the response has been sent.

    What a page asks for by itself is no use of a session: a page that was left open is idle.
    """
    row = g.get("token") or (g.get("sign_in") if is_page() or request.method in CHANGES else None)
    if row is None or inspect(row).expired or not inspect(row).persistent:
        return response
    now, noted = current_time(), current_app.extensions["noted_uses"]
    key = type(row), row.id
    if now - max(row.used_at or EPOCH, noted.get(key, EPOCH)) >= USE_PRECISION:
        noted[key] = now
        app = current_app._get_current_object()
        response.call_on_close(partial(_store_use, app, *key, now))
    return response


def _store_use(app: Flask, table: type[SignIn] | type[Token], row_id: int, at: datetime) -> None:
    with app.app_context():
        try:
            user_queries.note_use(table, row_id, at)
        except SQLAlchemyError:
            app.logger.warning("could not store when a session or a key was last used")
