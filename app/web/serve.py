"""Start and end of the server process; gunicorn.conf.py calls these."""

import contextlib
import logging
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.parent_death import wake_when_parent_dies
from app.runner.supervisor import Supervisor
from app.server.address import is_for_all_networks, url_to_open
from app.store import user_queries
from app.store.database_health import sentence
from app.store.effective_settings import effective_settings
from app.web.pages.account import setup_path
from app.web.stream.hub import Hub


def start(app: Flask, is_ending: Callable[[], bool]) -> None:
    """Start the monitor, or listen to one that runs on its own, and print where the pages are.

    Streams and the monitor end once `is_ending` gives True.
    """
    forbid_core_dump()
    wake_when_parent_dies()
    _log_with_gunicorn()
    hub = app.extensions["hub"]
    hub.is_ending = is_ending
    with app.app_context():
        _load_settings(hub)
    has_redis = app.config["SETTINGS"].redis_url is not None
    monitor = _listener(app, is_ending) if has_redis else _supervisor(app, is_ending)
    app.extensions["monitor"] = monitor
    monitor.start()
    with app.app_context():
        print(_greeting(app), flush=True)


def join(app: Flask | None) -> None:
    """Wait until the monitor has ended; return at once if the server never started."""
    if app is not None and "monitor" in app.extensions:
        app.extensions["monitor"].join()


def _supervisor(app: Flask, is_ending: Callable[[], bool]) -> Supervisor:
    return Supervisor(app.extensions["hub"], app.extensions["relay"].serve, SYSTEM_CLOCK, is_ending)


def _listener(app: Flask, is_ending: Callable[[], bool]):
    from app.bus.signed_channel import SignedChannel  # imports redis
    from app.bus.web_link import WebLink
    from app.web.stream.listener import Listener

    link = WebLink(SignedChannel.from_settings(app.config["SETTINGS"]))
    return Listener(app, link, SYSTEM_CLOCK, is_ending)


def _log_with_gunicorn() -> None:
    """Send the program's log to gunicorn's log."""
    log = logging.getLogger("app")
    log.handlers = logging.getLogger("gunicorn.error").handlers
    log.setLevel(logging.INFO)


def _load_settings(hub: Hub) -> None:
    """Apply the settings from the database, so that a pause outlasts a restart."""
    # without a database the greeting says so, and the monitor keeps the camera closed
    with contextlib.suppress(SQLAlchemyError):
        hub.reload_settings(effective_settings)


def _greeting(app: Flask) -> str:
    settings = app.config["SETTINGS"]
    address = url_to_open(settings.host, settings.port)
    try:
        if settings.admin_password is not None:
            user_queries.set_password("admin", settings.admin_password, administrator=True)
            next_step = "sign in as admin with ADMIN_PASSWORD"
        elif user_queries.has_users():
            next_step = f"sign in at {address}/sign-in"
        else:
            next_step = f"create the first account at {address}{setup_path(app)}"
    except SQLAlchemyError as error:
        return f"\n  {sentence(error)}\n"
    elsewhere = ", on other machines under this one's name" if is_for_all_networks(settings.host) else ""
    return f"\n  Aula is at {address}{elsewhere}\n  {next_step}\n"
