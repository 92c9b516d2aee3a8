"""Whether the server lives and works, for those who watch over it."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app
from sqlalchemy.exc import SQLAlchemyError

from app import PROJECT
from app.store.tables import db
from app.web.access import hub

pages = Blueprint("health", __name__)

OK = "ok"
PAUSED = "paused"  # somebody wanted it so: nothing is broken


@pages.get("/healthz")
def healthz():
    """Answer while the process lives."""
    return {"status": OK}


@pages.get("/readyz")
def readyz():
    """Say whether database, monitor and camera work: ok, or one word why not."""
    parts = {"database": _database(), "monitor": _monitor(), "camera": _camera()}
    return parts, 200 if all(word in (OK, PAUSED) for word in parts.values()) else 503


def _database() -> str:
    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError:
        current_app.logger.exception("the database does not answer")
        return "unreachable"
    newest = ScriptDirectory(str(PROJECT / "migrations")).get_current_head()
    return OK if current == newest else "not_migrated"


def _monitor() -> str:
    monitor = hub().monitor
    if not monitor.running:
        return "stopped"
    return OK if monitor.heartbeat is not None else "starting"


def _camera() -> str:
    if hub().pause is not None:
        return PAUSED
    status = hub().status
    if status is None:
        return "unknown"
    return OK if status.camera.is_online else str(status.camera.reason)
