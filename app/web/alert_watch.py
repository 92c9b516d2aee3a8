"""Observes the rooms and the server every few seconds, and sends messages about what is wrong."""

import hmac
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.notify import post
from app.notify.address import redacted
from app.notify.alert import Alert
from app.notify.outage import DEFAULT_THRESHOLDS, Thresholds
from app.notify.post import Notification, NotSent
from app.notify.rules import (
    DARK_ON_PURPOSE,
    DiskSpace,
    RoomObservation,
    RoomRules,
    ServerRules,
    recording_alert,
)
from app.notify.sender import Sender
from app.restart import run_until_ended
from app.store import recording_queries, room_queries
from app.store.tables import RecordingState, Room, db
from app.web.extensions import database_health
from app.web.stream.hub import Hub

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class WatchedRoom:
    """A room as the database last described it."""

    id: int
    name: str
    language: str
    timezone: ZoneInfo
    addresses: tuple[str, ...]
    """Who is told about this room alone."""
    hub: Hub


def rooms_and_hubs(app: Flask) -> Iterator[tuple[Room, Hub]]:
    """Each room in use. Raises SQLAlchemyError."""
    for room in room_queries.rooms_in_use():
        yield room, app.extensions["rooms"].get(room, room.slug).hub


class AlertWatch:
    """Runs in every web process; with Redis only one of them sends messages."""

    def __init__(
        self,
        app: Flask,
        clock: Clock,
        is_ending: Callable[[], bool],
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
    ) -> None:
        self._app = app
        self._settings = app.config["SETTINGS"]
        self._clock = clock
        self._is_ending = is_ending
        self._thresholds = thresholds
        self.sender = Sender(clock, is_ending)
        self._leader_lock = _leader_lock_of(app)
        self._server_rules = ServerRules(clock, thresholds)
        self._room_rules: dict[int, RoomRules] = {}
        self._rooms: list[WatchedRoom] = []
        self._thread = threading.Thread(target=self._run, name="alert-watch", daemon=True)

    def start(self) -> None:
        """Watch in the background."""
        self.sender.start()
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True."""
        self._thread.join(2 * POLL_SECONDS + 1)

    def _run(self) -> None:
        self._check_addresses()
        run_until_ended(self._watch, self._clock, self._is_ending)
        self.end()

    def end(self) -> None:
        """Let another web process send messages at once."""
        if self._leader_lock is not None:
            self._leader_lock.release()

    def _check_addresses(self) -> None:
        """Log the addresses that Apprise refuses: at the start only the form of NOTIFY is checked."""
        for address in self._settings.notify or ():
            try:
                post.check(address)
            except NotSent as problem:
                log.error("NOTIFY: %s can't be used: %s", redacted(address), problem)

    def _watch(self) -> None:
        while not self._is_ending():
            self.look()
            until = self._clock.monotonic() + self._thresholds.look_seconds
            while not self._is_ending() and self._clock.monotonic() < until:
                self._clock.wait(POLL_SECONDS)

    def look(self) -> None:
        """Observe everything once, and send the alerts that follow."""
        has_database = self._load_rooms()
        has_redis = self._leader_lock is None or self._leader_lock.renew()
        server_alerts = self._look_at_server(has_database, has_redis)
        alerts = [(alert, None) for alert in server_alerts]
        for room in self._rooms:
            rules = self._room_rules.setdefault(room.id, RoomRules(self._clock, self._thresholds))
            if has_database and has_redis:
                seen = observation(room.hub)
                alerts += [(each, room) for each in rules.observe(room.id, room.name, seen, room.timezone)]
            else:
                rules.suspend()  # one message about the cause, none about each room
        is_leader = self._leader_lock is None or self._leader_lock.is_leader
        if has_database and is_leader:
            alerts += self._ended_recordings()
        for alert, _ in alerts:
            self._app.extensions["rooms"].put_alert(alert)
        if is_leader:
            self._tell(alerts)

    def _ended_recordings(self) -> list[tuple[Alert, WatchedRoom | None]]:
        """An alert for each recording that has ended since, in only one of the web processes."""
        rooms = {room.id: room for room in self._rooms}
        with self._app.app_context():
            return [
                (
                    recording_alert(
                        self._clock.now(),
                        each.room_id,
                        each.room.name,
                        each.owner and each.owner.name,
                        each.state == RecordingState.FAILED,
                    ),
                    rooms.get(each.room_id),
                )
                for each in recording_queries.claim_unreported()
            ]

    def _load_rooms(self) -> bool:
        """Read the rooms anew; gives whether the database could be read and written."""
        with self._app.app_context():
            try:
                self._rooms = [self._watched(room, hub) for room, hub in rooms_and_hubs(self._app)]
                database_health().check_write()
            except SQLAlchemyError as error:
                db.session.rollback()
                database_health().begin_outage(error)
                return False
        known = {room.id for room in self._rooms}
        self._room_rules = {id: rules for id, rules in self._room_rules.items() if id in known}
        return True

    def _watched(self, room: Room, hub: Hub) -> WatchedRoom:
        return WatchedRoom(
            room.id,
            room.name,
            room_queries.language_of(room),
            room_queries.zone_of(room),
            tuple(room.notify or ()),
            hub,
        )

    def _look_at_server(self, has_database: bool, has_redis: bool) -> list[Alert]:
        rules, timezone = self._server_rules, self._settings.timezone
        alerts = rules.observe_database(has_database, timezone)
        if self._leader_lock is not None:
            alerts += rules.observe_redis(has_redis, timezone)
        for folder in written_folders(self._app):
            usage = shutil.disk_usage(folder)
            alerts += rules.observe_disk(DiskSpace(folder, usage.free, usage.total))
        return alerts

    def _tell(self, alerts: list[tuple[Alert, WatchedRoom | None]]) -> None:
        """Send each address one message with all alerts that concern it."""
        by_address: dict[tuple[str, str], list[Alert]] = {}
        for alert, room in alerts:
            for address, language in self._recipients(room):
                by_address.setdefault((address, language), []).append(alert)
        for (address, language), its_alerts in by_address.items():
            self.sender.put(address, Notification(tuple(its_alerts), language))

    def _recipients(self, room: WatchedRoom | None) -> Iterator[tuple[str, str]]:
        """Address and language of all recipients of alerts about a room; None stands for the whole server."""
        everywhere = self._settings.notify or ()
        if room is not None:
            addresses = dict.fromkeys((*everywhere, *room.addresses))
            yield from ((address, room.language) for address in addresses)
        elif everywhere:
            yield from ((address, self._settings.language) for address in everywhere)
        else:  # without NOTIFY the rooms' own recipients must hear that nothing works
            languages = {address: each.language for each in self._rooms for address in each.addresses}
            yield from languages.items()


def observation(hub: Hub) -> RoomObservation:
    """How a room is now, as its hub knows it."""
    status, card = hub.status, hub.card_text()
    reason = None if status is None else status.camera.reason
    return RoomObservation(
        has_picture=status is not None and status.camera.is_online,
        is_dark_on_purpose=hub.pause is not None or hub.has_no_camera or reason in DARK_ON_PURPOSE,
        restarts=hub.monitor.restarts,
        reason="no_monitor" if status is None else reason and reason.value,
        title=card.title,
        detail=card.detail,
    )


def written_folders(app: Flask) -> list[str]:
    """The folders of this machine that the program writes to, one for each disk."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    folders = [app.instance_path]
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        folders.append(str((app.instance_path / Path(url.database)).parent))
    return list({os.stat(folder).st_dev: folder for folder in folders}.values())


def _leader_lock_of(app: Flask):
    """The lock that elects the process which sends messages; None where this is the only one."""
    settings = app.config["SETTINGS"]
    if settings.redis_url is None:
        return None
    from app.bus.signed_channel import SignedChannel  # imports redis
    from app.notify.leader_lock import LeaderLock

    channel = SignedChannel.from_settings(settings)
    installation = hmac.digest(settings.secret_key.encode(), b"alerts", "sha256").hex()[:12]
    return LeaderLock(channel.redis, f"aula:alerts:{installation}")
