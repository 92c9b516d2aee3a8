"""What happens when the server starts and ends; gunicorn.conf.py calls it."""

import contextlib
import logging
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SYSTEM_CLOCK
from app.runner.supervisor import Supervisor
from app.store import user_queries
from app.store.effective_settings import effective_settings
from app.web.pages.account import setup_path
from app.web.stream.hub import Hub


def start(app: Flask, ending: Callable[[], bool]) -> None:
    """Start the monitor, or listen to one that runs alone, and say where the pages are.

    Streams and the monitor end once `ending` gives True.
    """
    _log_with_gunicorn()
    hub = app.extensions["hub"]
    hub.closing = ending
    with app.app_context():
        _follow_what_is_in_force(hub)
    alone = app.config["SETTINGS"].redis_url is not None
    monitor = _listener(app, ending) if alone else _supervisor(app, ending)
    app.extensions["monitor"] = monitor
    monitor.start()
    with app.app_context():
        print(_greeting(app), flush=True)


def join(app: Flask | None) -> None:
    """Wait for the end of the monitor; nothing to do where the server never came up."""
    if app is not None and "monitor" in app.extensions:
        app.extensions["monitor"].join()


def _supervisor(app: Flask, ending: Callable[[], bool]) -> Supervisor:
    """What keeps a monitor of ours alive."""
    return Supervisor(app.extensions["hub"], app.extensions["relay"].serve, SYSTEM_CLOCK, ending)


def _listener(app: Flask, ending: Callable[[], bool]):
    """What hears a monitor that is a process of its own."""
    from app.bus.signed_channel import SignedChannel  # it imports redis, which one machine does not need
    from app.bus.web_link import WebLink
    from app.web.stream.listener import Listener

    link = WebLink(SignedChannel.from_settings(app.config["SETTINGS"]))
    return Listener(app, link, SYSTEM_CLOCK, ending)


def _log_with_gunicorn() -> None:
    """Let the program's own messages go where gunicorn's go."""
    log = logging.getLogger("app")
    log.handlers = logging.getLogger("gunicorn.error").handlers
    log.setLevel(logging.INFO)


def _follow_what_is_in_force(hub: Hub) -> None:
    """Go on with the pause that a server before this one left."""
    # without a database the greeting says so, and the monitor looks at nothing
    with contextlib.suppress(SQLAlchemyError):
        hub.obey(effective_settings)


def _greeting(app: Flask) -> str:
    settings = app.config["SETTINGS"]
    address = f"http://{settings.host}:{settings.port}"
    try:
        if settings.admin_password is not None:
            user_queries.set_password("admin", settings.admin_password, administrator=True)
            how = "sign in as admin with ADMIN_PASSWORD"
        elif user_queries.has_users():
            how = f"sign in at {address}/sign-in"
        else:
            how = f"make the first account at {address}{setup_path(app)}"
    except SQLAlchemyError as error:
        return f"\n  Aula can't use its database: {error.args[0]}\n  Run: flask --app wsgi db upgrade\n"
    return f"\n  Aula is at {address}\n  {how}\n"
