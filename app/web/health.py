"""Health checks for load balancers and monitoring: `/healthz` and `/readyz`."""

from collections.abc import Iterable

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from app.camera.errors import Reason
from app.project import PROJECT
from app.store.database_health import is_busy
from app.store.tables import db
from app.web.extensions import database_health, live_rooms
from app.web.stream.hub import Hub

pages = Blueprint("health", __name__)

OK = "ok"
PAUSED = "paused"
ON_PURPOSE = (PAUSED, Reason.OUTSIDE_TIMETABLE, Reason.NO_CAMERA)
"""A camera that is closed or missing for one of these reasons: the server still counts as ready."""


@pages.get("/healthz")
def healthz():
    """Answer 200 while the process lives."""
    return {"status": OK}


@pages.get("/readyz")
def readyz():
    """Report database, monitor and camera: each `ok`, or one word that says why not."""
    hubs = [room.hub for room in live_rooms()]
    components = {
        "database": _database(),
        "monitor": _best(map(_monitor, hubs), "stopped"),
        "camera": _best(map(_camera, hubs), "unknown"),
    }
    return components, 200 if all(word in (OK, *ON_PURPOSE) for word in components.values()) else 503


def _database() -> str:
    problem = "unreachable"
    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current != ScriptDirectory(str(PROJECT / "migrations")).get_current_head():
            return "not_migrated"
        problem = "not_writable"
        database_health().check_write()
    except SQLAlchemyError as error:
        database_health().begin_outage(error)
        return "busy" if is_busy(error) else problem
    return OK


def _best(words: Iterable[str], default: str) -> str:
    """The word of the room that is best off: a server is ready if it reads one of its rooms."""
    return min(words, key=lambda word: word not in (OK, *ON_PURPOSE), default=default)


def _monitor(hub: Hub) -> str:
    monitor = hub.monitor
    if hub.has_no_camera:
        return Reason.NO_CAMERA
    if not monitor.is_running:
        return "stopped"
    return OK if monitor.heartbeat_at is not None else "starting"


def _camera(hub: Hub) -> str:
    if hub.pause is not None:
        return PAUSED
    if hub.has_no_camera:
        return Reason.NO_CAMERA
    status = hub.status
    if status is None:
        return "unknown"
    return OK if status.camera.is_online else str(status.camera.reason)
