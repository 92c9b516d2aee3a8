"""Start and end of the server process; gunicorn.conf.py calls these."""

import gc
import logging
from collections.abc import Callable
from functools import partial

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.bus.messages import MonitorUnavailable
from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.language import Translatable
from app.notify.outage import DEFAULT_THRESHOLDS, Thresholds
from app.parent_death import wake_when_parent_dies
from app.runner.capacity import Capacity
from app.runner.purger import Purger
from app.runner.recording_runner import RecordingRunner
from app.runner.runner import Runner
from app.runner.supervisor import Supervisor
from app.server.address import is_for_all_networks, url_to_open
from app.store import lecture_queries, room_queries, user_queries
from app.store.changes import on_room_change
from app.store.database_health import sentence
from app.store.effective_settings import first_room, keep_purpose_of_environment, rooms_without_camera
from app.store.tables import db
from app.web.alert_watch import AlertWatch
from app.web.extensions import database_health
from app.web.live_rooms import LiveRoom
from app.web.pages.account import setup_path

log = logging.getLogger(__name__)

NO_CAMERA = Translatable("This room has no camera yet. An administrator can choose one under Settings.")


def start(app: Flask, is_ending: Callable[[], bool], thresholds: Thresholds = DEFAULT_THRESHOLDS) -> None:
    """Start the rooms' monitors, or listen to those that run on their own, and print where the pages are.

    Streams and monitors end once `is_ending` gives True. `thresholds`: when messages about faults are sent.
    """
    forbid_core_dump()
    wake_when_parent_dies()
    _log_with_gunicorn()
    rooms = app.extensions["rooms"]
    rooms.is_ending = is_ending
    settings = app.config["SETTINGS"]
    has_redis = settings.redis_url is not None
    capacity = Capacity(settings.detect_fps, partial(_cores_in_use, app))
    if has_redis:
        _listen(app, is_ending)
    else:
        on_room_change(app, partial(_note_change, app))
    runner = Runner(
        partial(_rooms_in_use, app),
        partial(_remote_room_keeper if has_redis else _supervisor, app),
        rooms.forget,
        partial(_refusal, app, None if has_redis else capacity),
        partial(_refuse_room, app),
        SYSTEM_CLOCK,
        is_ending,
    )
    app.extensions["runner"] = runner
    runner.start()
    app.extensions["recording_runner"] = RecordingRunner(app, SYSTEM_CLOCK, is_ending)
    app.extensions["recording_runner"].start()
    app.extensions["purger"] = Purger(app, SYSTEM_CLOCK, is_ending)
    app.extensions["purger"].start()
    app.extensions["alert_watch"] = AlertWatch(app, SYSTEM_CLOCK, is_ending, thresholds)
    app.extensions["alert_watch"].start()
    app.extensions["pulse_keeper"].start(is_ending)
    with app.app_context():
        print(_greeting(app), flush=True)


def join(app: Flask | None) -> None:
    """Wait until the monitors have ended; return at once if the server never started."""
    for name in ("runner", "listener", "recording_runner", "purger", "alert_watch", "pulse_keeper"):
        if app is not None and name in app.extensions:
            app.extensions[name].join()
    if app is not None:
        app.extensions["trial_process"].close()
        with app.app_context():
            db.engine.dispose()  # SQLite moves its log into its file
    gc.freeze()  # the process ends: to collect all its objects first costs half a second


def _rooms_in_use(app: Flask) -> list[int] | None:
    """The rooms to read; None while the database can't tell."""
    with app.app_context():
        try:
            keep_purpose_of_environment(SYSTEM_CLOCK.now())
            first = first_room()  # made at the first start
            others = (room.id for room in room_queries.rooms_in_use() if room.id != first.id)
            without_camera = {room.id for room in rooms_without_camera()}
            return [room_id for room_id in (first.id, *others) if room_id not in without_camera]
        except SQLAlchemyError as error:
            database_health().begin_outage(error)
            return None


def _cores_in_use(app: Flask) -> list[float]:
    statuses = [room.hub.status for room in app.extensions["rooms"]]
    return [status.cores for status in statuses if status is not None and status.cores is not None]


def _refusal(app: Flask, capacity: Capacity | None, room_id: int, rooms: int) -> Translatable | None:
    """Why a room is not read beside so many others; None if it is. With REDIS_URL other machines read it."""
    with app.app_context():
        room = room_queries.room_by_id(room_id)
        if room.camera is None and room.id != first_room().id:
            return NO_CAMERA
    return capacity.refusal(rooms) if capacity else None


def _refuse_room(app: Flask, room_id: int, refusal: Translatable) -> None:
    """Show on the room's card why it is not read, and end its lecture in time, which no monitor does then."""
    with app.app_context():
        lecture = lecture_queries.running_lecture(room_queries.room_by_id(room_id))
        if lecture is not None:
            hours = app.config["SETTINGS"].lecture_hours
            lecture_queries.end_if_overdue(lecture, hours, SYSTEM_CLOCK.now())
    live_room = _live_room(app, room_id, app.extensions["rooms"].is_ending)
    if live_room.hub.monitor.failure != refusal:
        log.warning("%s is not read: %s", live_room.slug, refusal)
        live_room.hub.receive(MonitorUnavailable(refusal))


def _live_room(app: Flask, room_id: int, is_ending: Callable[[], bool]) -> LiveRoom:
    """What is held of a room, with the stored settings applied, so that a pause outlasts a restart."""
    with app.app_context():
        live_room = app.extensions["rooms"].get(room_queries.room_by_id(room_id))
        live_room.hub.is_ending = is_ending
        live_room.control.restore()
        live_room.control.reload()
        return live_room


def _supervisor(app: Flask, room_id: int, is_ending: Callable[[], bool]) -> Supervisor:
    live_room = _live_room(app, room_id, is_ending)
    return Supervisor(room_id, live_room.slug, live_room.hub, live_room.relay.serve, SYSTEM_CLOCK, is_ending)


def _note_change(app: Flask, room_id: int) -> None:
    """Tell a room's monitor that the database says something new, and look whether a room is to be read."""
    app.extensions["rooms"].count_change(room_id)
    app.extensions["runner"].wake()


def _listen(app: Flask, is_ending: Callable[[], bool]) -> None:
    """Receive from the monitors of all rooms, and tell them and other web processes what this one changes."""
    from app.bus.signed_channel import SignedChannel  # imports redis
    from app.bus.web_link import WebLink
    from app.web.stream.listener import Listener

    channel = SignedChannel.from_settings(app.config["SETTINGS"])
    link = WebLink(channel)
    app.extensions["machines"] = partial(_known_machines, channel)
    listener = Listener(app, link, lambda: app.extensions["runner"].wake(), SYSTEM_CLOCK, is_ending)
    on_room_change(app, listener.announce_change)
    app.extensions["listener"] = listener
    listener.start()


def _known_machines(channel) -> list[str]:
    """The machines that read rooms, or did so in the last day; none while Redis is away."""
    from redis.exceptions import RedisError

    from app.runner.redis_leases import REMEMBERED_SECONDS, machines_since

    try:
        return machines_since(channel, REMEMBERED_SECONDS)
    except RedisError as error:
        channel.begin_outage(error)
        return []


def _remote_room_keeper(app: Flask, room_id: int, is_ending: Callable[[], bool]):
    from app.web.stream.listener import RemoteRoomKeeper

    return RemoteRoomKeeper(app.extensions["listener"], _live_room(app, room_id, is_ending))


def _log_with_gunicorn() -> None:
    """Send the program's log to gunicorn's log."""
    log = logging.getLogger("app")
    log.handlers = logging.getLogger("gunicorn.error").handlers
    log.setLevel(logging.INFO)


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
