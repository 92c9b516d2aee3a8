"""Chooses the rooms that this machine reads, of those that many machines could: each has one lease."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.bus.messages import MonitorStatus, MonitorUnavailable
from app.bus.signed_channel import STATUSES, SignedChannel
from app.camera.errors import Reason
from app.language import Translatable
from app.runner.redis_leases import MachineLeases, RedisLease

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks at which rooms nobody reads
RELOAD_SECONDS = 60.0  # between two queries for the rooms, where no message says that something has changed
UNREACHABLE = (Reason.MISSING, Reason.REFUSED, Reason.TIMED_OUT)
"""Reasons for a dark camera that may not hold on another machine."""
REACH_SECONDS = 20.0  # to reach a camera, then the machine gives up the room
COOLDOWN_SECONDS = 600.0  # until it takes a room again that it gave up, unless nobody else does
FULL_REPORT_SECONDS = 5.0  # between two reports that a machine is full
ABANDONED_SECONDS = 15.0  # without a lease, then a room counts as given up by every machine


@dataclass(frozen=True, slots=True)
class RoomToRead:
    """A room that some machine is to read."""

    id: int
    machine: str | None
    """The machine that an administrator chose to read it; None for any."""


class MachineRooms:
    """Takes leases up to what the machine can read, and gives back those of rooms that go elsewhere."""

    def __init__(
        self,
        machine: str,
        leases: MachineLeases,
        channel: SignedChannel,
        load_rooms: Callable[[], Sequence[RoomToRead]],
        refusal: Callable[[int], Translatable | None],
        status_of: Callable[[int], MonitorStatus | None],
    ) -> None:
        """`load_rooms` asks the database and may raise SQLAlchemyError. `refusal` says why the machine reads
        no further room beside so many. `status_of` gives the newest status of a room that is read here.
        """
        self._machine = machine
        self._leases = leases
        self._channel = channel
        self._load_rooms = load_rooms
        self._refusal = refusal
        self._status_of = status_of
        self._rooms: Sequence[RoomToRead] | None = None
        self._loaded_at = float("-inf")
        self.has_changed = Event()
        """Set when the database says something new about some room, or a monitor has ended."""
        self._read_since: dict[int, float] = {}
        """When the present lease of each room that is read here was taken."""
        self._reached: set[int] = set()
        """Rooms whose camera gave a picture under the present lease."""
        self._given_up: dict[int, float] = {}
        """When this machine gave up a room whose camera it can't reach."""
        self._free_since: dict[int, float] = {}
        self._logged_refusal: Translatable | None = None
        self._reported_full_at = float("-inf")

    def choose(self) -> list[int] | None:
        """The ids of the rooms that this machine reads from now on; None until the database has answered."""
        self._reload()
        if self._rooms is None:
            return None
        try:
            machines = self._leases.machines()
        except RedisError as error:
            self._channel.begin_outage(error)
            return list(self._leases.held)  # what is read goes on
        kept = self._kept(machines)
        if self._leases.may_take:
            kept += self._take(set(kept), machines)
        return kept

    def lease(self, room_id: int) -> RedisLease:
        """The lease of a room that was chosen."""
        return self._leases.held[room_id]

    def _reload(self) -> None:
        """Load the rooms if something has changed, and once a minute."""
        now = time.monotonic()
        if not self.has_changed.is_set() and now - self._loaded_at < RELOAD_SECONDS:
            return
        self.has_changed.clear()
        try:
            self._rooms = self._load_rooms()
            self._leases.check_numbers()
            self._loaded_at = now
        except SQLAlchemyError:  # others have logged that; what is read goes on
            self.has_changed.set()

    def _kept(self, machines: Sequence[str]) -> list[int]:
        """The rooms read here that this machine keeps."""
        held, rooms = self._leases.held, {room.id: room for room in self._rooms}
        self._forget_all_but(held)
        now = time.monotonic()
        kept = []
        for room_id in held:
            if room_id not in rooms or self._is_for_another(rooms[room_id], machines):
                continue
            if len(machines) > 1 and self._is_out_of_reach(room_id, now):
                log.warning("this machine can't reach the camera of room %d; another one may try", room_id)
                self._given_up[room_id] = now
                continue
            kept.append(room_id)
        return kept

    def _forget_all_but(self, held: dict[int, RedisLease]) -> None:
        self._read_since = {key: since for key, since in self._read_since.items() if key in held}
        self._reached &= held.keys()

    def _is_for_another(self, room: RoomToRead, machines: Sequence[str]) -> bool:
        return room.machine is not None and room.machine != self._machine and room.machine in machines

    def _is_out_of_reach(self, room_id: int, now: float) -> bool:
        """Whether the camera never gave a picture here, and this machine has not given it up lately."""
        status = self._status_of(room_id)
        if status is not None and status.camera.is_online:
            self._reached.add(room_id)
        if room_id in self._reached or status is None or status.camera.reason not in UNREACHABLE:
            return False
        has_cooled_down = now - self._given_up.get(room_id, float("-inf")) > COOLDOWN_SECONDS
        return has_cooled_down and now - self._read_since[room_id] > REACH_SECONDS

    def _take(self, kept: set[int], machines: Sequence[str]) -> list[int]:
        """Take leases of free rooms, up to this machine's share of them and to its capacity."""
        candidates = [
            room
            for room in self._rooms
            if self._leases.lease_of(room.id) is None and not self._is_for_another(room, machines)
        ]
        wanted_here = {room.id for room in candidates if room.machine == self._machine}
        taken: list[int] = []
        try:
            free = self._without_given_up(self._leases.free(room.id for room in candidates))
            random.shuffle(free)  # so that machines that start together don't all try the same
            free.sort(key=lambda room_id: room_id not in wanted_here)
            share = max(len(wanted_here), -(-len(free) // max(1, len(machines))))
            for room_id in free[:share]:
                # an administrator's choice overrides the estimate of what the machine can read
                if room_id not in wanted_here and self._is_full(len(kept) + len(taken)):
                    self._report_full([each for each in free if each not in taken])
                    break
                if self._leases.take(room_id) is not None:
                    self._read_since[room_id] = time.monotonic()
                    taken.append(room_id)
        except RedisError as error:
            self._channel.begin_outage(error)
        except SQLAlchemyError:  # others have logged that
            self.has_changed.set()
        return taken

    def _report_full(self, free: list[int]) -> None:
        """Publish why this machine reads no further room, for the cards of the rooms that nobody reads."""
        if time.monotonic() - self._reported_full_at > FULL_REPORT_SECONDS:
            self._reported_full_at = time.monotonic()
            for room_id in free:
                self._channel.publish(STATUSES, MonitorUnavailable(self._logged_refusal), room_id)

    def _is_full(self, rooms: int) -> bool:
        refusal = self._refusal(rooms)
        if refusal is not None and refusal != self._logged_refusal:
            log.warning("%s", refusal)
        self._logged_refusal = refusal
        return refusal is not None

    def _without_given_up(self, free: list[int]) -> list[int]:
        """The free rooms without those that this machine gave up lately, unless every machine did."""
        now = time.monotonic()
        self._free_since = {room_id: self._free_since.get(room_id, now) for room_id in free}
        return [
            room_id
            for room_id in free
            if now - self._given_up.get(room_id, float("-inf")) > COOLDOWN_SECONDS
            or now - self._free_since[room_id] > ABANDONED_SECONDS
        ]
