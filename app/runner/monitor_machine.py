"""A machine that reads rooms for the web processes of this or other machines, through Redis."""

import logging
import signal
import socket
import threading
from functools import partial

from flask import Flask
from redis.exceptions import RedisError

from app.bus.monitor_link import MonitorBus
from app.bus.signed_channel import SignedChannel
from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.runner.capacity import Capacity
from app.runner.machine_rooms import LOOK_SECONDS, MachineRooms, RoomToRead
from app.runner.purger import Purger
from app.runner.recording_runner import RecordingRunner
from app.runner.redis_leases import MachineLeases
from app.runner.runner import Runner
from app.runner.supervisor import Supervisor
from app.store import room_queries
from app.store.effective_settings import first_room, rooms_without_camera
from app.store.tables import db

log = logging.getLogger(__name__)


def run(app: Flask) -> None:
    """Read rooms until SIGTERM or SIGINT."""
    forbid_core_dump()
    logging.basicConfig(
        level=logging.INFO,
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    machine = MonitorMachine(app, ending)
    machine.start()
    while not ending.wait(60):
        pass
    machine.join()


class MonitorMachine:
    """Reads the rooms whose leases this machine gets, and the recordings on its disk."""

    def __init__(self, app: Flask, ending: threading.Event) -> None:
        settings = app.config["SETTINGS"]
        name = settings.machine or socket.gethostname()
        self._app = app
        self._channel = SignedChannel.from_settings(settings)
        is_ending = ending.is_set
        released = threading.Event()  # leases are renewed until every monitor has ended
        self._released = released
        self._bus = MonitorBus(self._channel, self._note_change, is_ending)
        self._leases = MachineLeases(
            name,
            self._channel,
            partial(_in_context, app, room_queries.take_lease_number),
            partial(_in_context, app, room_queries.newest_lease_numbers),
            SYSTEM_CLOCK,
            released.is_set,
        )
        capacity = Capacity(settings.detect_fps, self._cores_in_use)
        self._rooms = MachineRooms(
            name,
            self._leases,
            self._channel,
            partial(_in_context, app, _rooms_to_read),
            capacity.refusal,
            self._status_of,
        )
        self._runner = Runner(
            self._rooms.choose,
            self._supervisor,
            self._give_up,
            lambda _room_id, _rooms: None,  # a room that is refused has no lease
            lambda _room_id, _refusal: None,
            SYSTEM_CLOCK,
            is_ending,
            LOOK_SECONDS,
        )
        self._beside = (RecordingRunner(app, SYSTEM_CLOCK, is_ending), Purger(app, SYSTEM_CLOCK, is_ending))

    def start(self) -> None:
        """Read in the background."""
        self._warn_of_eviction()
        self._leases.start()
        self._bus.start()
        self._runner.start()
        for each in self._beside:
            each.start()

    def join(self) -> None:
        """Wait until every monitor has written its minute and ended, then let others take the rooms."""
        self._runner.join()
        self._released.set()
        self._leases.join()
        self._bus.join()
        for each in self._beside:
            each.join()

    def _supervisor(self, room_id: int, is_ending) -> Supervisor:
        lease = self._rooms.lease(room_id)
        link = self._bus.add(room_id, lease, self._note_end, is_ending)
        slug = _in_context(self._app, lambda: room_queries.room_by_id(room_id).slug)
        return Supervisor(room_id, slug, link, link.serve_frames, SYSTEM_CLOCK, is_ending, lease.number)

    def _give_up(self, room_id: int) -> None:
        self._bus.remove(room_id)
        lease = self._leases.lease_of(room_id)
        if lease is not None:
            self._leases.release(lease)

    def _note_change(self, _room_id: int) -> None:
        self._note_end()

    def _note_end(self) -> None:
        """Look at the database now: a room was changed, or its monitor ended, perhaps under an old lease."""
        self._rooms.has_changed.set()
        self._runner.wake()

    def _status_of(self, room_id: int):
        link = self._bus.link(room_id)
        return link.status if link else None

    def _cores_in_use(self) -> list[float]:
        statuses = map(self._status_of, self._leases.held)
        return [status.cores for status in statuses if status is not None and status.cores is not None]

    def _warn_of_eviction(self) -> None:
        """Say so where Redis may throw leases away."""
        try:
            policy = self._channel.redis.info("memory").get("maxmemory_policy", "noeviction")
        except RedisError as error:
            self._channel.begin_outage(error)
            return
        if policy != "noeviction":
            log.error(
                "Redis may throw leases away when it is full, since its maxmemory-policy is %s; "
                "set it to noeviction",
                policy,
            )


def _in_context(app: Flask, work, *values):
    with app.app_context():
        try:
            return work(*values)
        except Exception:
            db.session.rollback()
            raise


def _rooms_to_read() -> list[RoomToRead]:
    """The rooms in use that have a camera."""
    first = first_room()  # made at the first start
    without_camera = {room.id for room in rooms_without_camera()}
    return [
        RoomToRead(room.id, room.machine)
        for room in room_queries.rooms_in_use()
        if (room.camera is not None or room.id == first.id) and room.id not in without_camera
    ]
