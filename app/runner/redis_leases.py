"""The leases of a machine in Redis: which rooms it reads, out of those that many machines could.

A lease expires LEASE_SECONDS after its last renewal. Each has a number, which the database counts and which
only grows, also where Redis loses its memory. Messages and minutes carry it, and smaller numbers are refused:
a machine that was frozen and wakes up neither shows nor writes anything.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from redis.exceptions import LockError, OutOfMemoryError, RedisError
from redis.lock import Lock
from sqlalchemy.exc import SQLAlchemyError

from app.bus.signed_channel import SignedChannel
from app.clock import Clock
from app.restart import run_until_ended

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0  # from renewal to expiry
RENEWAL_SECONDS = 3.0
RETRY_SECONDS = 1.0  # while Redis is away
POLL_SECONDS = 0.25
REMEMBERED_SECONDS = 86400.0  # of a machine that is gone
MACHINES = "aula:machines"
"""The names of all machines, sorted by when each was last there."""


class RedisLease:
    """The right to read a room: a key in Redis, which expires unless it is renewed."""

    def __init__(self, room_id: int, lock: Lock) -> None:
        self.room_id = room_id
        self.number = 0
        """Larger than that of every lease of the room before."""
        self.is_lost = False
        """Whether another machine has taken the room."""
        self._lock = lock
        self._held_until = float("-inf")

    @property
    def is_held(self) -> bool:
        """Whether it can't have expired yet, by this machine's own clock."""
        return not self.is_lost and time.monotonic() < self._held_until

    def acquire(self, token: str) -> bool:
        """Take it if nobody has it. Raises RedisError."""
        began = time.monotonic()
        if not self._lock.acquire(blocking=False, token=token):
            return False
        self._held_until = began + LEASE_SECONDS
        return True

    def extend(self) -> None:
        """Hold it for LEASE_SECONDS from now on. Raises LockError if it has expired, and RedisError."""
        began = time.monotonic()
        self._lock.reacquire()
        self._held_until = began + LEASE_SECONDS

    def release(self) -> None:
        """Let others take it at once. Raises LockError if it has expired, and RedisError."""
        self._held_until = float("-inf")
        self._lock.release()


class MachineLeases:
    """The leases that this machine holds, renewed on a thread of its own."""

    def __init__(
        self,
        machine: str,
        channel: SignedChannel,
        take_number: Callable[[int], int | None],
        newest_numbers: Callable[[Collection[int]], Mapping[int, int]],
        clock: Clock,
        is_ending: Callable[[], bool],
    ) -> None:
        """`take_number` gives a room's next lease number and stores it, None if the room is gone.
        `newest_numbers` gives those stored of some rooms, without rooms that are gone. Both may raise
        SQLAlchemyError.
        """
        self._machine = machine
        self._channel = channel
        self._redis = channel.redis
        self._take_number = take_number
        self._newest_numbers = newest_numbers
        self._clock = clock
        self._is_ending = is_ending
        self._held: dict[int, RedisLease] = {}
        self._answers_since: float | None = None
        """Since when Redis answers, monotonic seconds; None while it doesn't."""
        self._had_outage = False
        self._is_full = False
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Renew in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True; then release every lease."""
        self._thread.join(2 * POLL_SECONDS + 1)
        for lease in list(self._held.values()):
            self.release(lease)
        with suppress(RedisError):  # others see soon that this machine is gone
            self._redis.zrem(MACHINES, self._machine)

    @property
    def held(self) -> dict[int, RedisLease]:
        """The leases that were taken and neither released nor lost, by room."""
        return {room_id: lease for room_id, lease in self._held.items() if not lease.is_lost}

    def lease_of(self, room_id: int) -> RedisLease | None:
        """The lease of a room, also one that is lost; None if it was released or never taken."""
        return self._held.get(room_id)

    def free(self, room_ids: Iterable[int]) -> list[int]:
        """Those of these rooms that no machine has a lease of. Raises RedisError."""
        room_ids = list(room_ids)
        holders = self._redis.mget(map(_key, room_ids)) if room_ids else []
        return [room_id for room_id, holder in zip(room_ids, holders, strict=True) if holder is None]

    def machines(self) -> Sequence[str]:
        """The names of the machines that renewed within LEASE_SECONDS, this one too. Raises RedisError."""
        return machines_since(self._channel, LEASE_SECONDS)

    @property
    def may_take(self) -> bool:
        """Whether rooms may be taken: not just after an outage, in which their holders could not renew."""
        answers = self._answers_since
        if answers is None:
            return False
        return not self._had_outage or time.monotonic() - answers > LEASE_SECONDS

    def take(self, room_id: int) -> RedisLease | None:
        """Take a room that nobody has; None if somebody was faster. Raises SQLAlchemyError and RedisError."""
        lease = RedisLease(
            room_id, Lock(self._redis, _key(room_id), timeout=LEASE_SECONDS, thread_local=False)
        )
        try:
            if not lease.acquire(self._token):
                return None
        except OutOfMemoryError:
            if not self._is_full:
                log.error("Redis is full and takes no lease: no further room is read. Raise its maxmemory")
            self._is_full = True
            return None
        self._is_full = False
        try:
            number = self._take_number(room_id)
        except SQLAlchemyError:
            _release(lease)
            raise
        if number is None or not lease.is_held:  # gone, or the database took so long that it may have expired
            _release(lease)
            return None
        lease.number = number
        self._held[room_id] = lease
        return lease

    def release(self, lease: RedisLease) -> None:
        """Give up a lease, so that others can take the room."""
        if self._held.get(lease.room_id) is lease:
            del self._held[lease.room_id]
        _release(lease)

    def check_numbers(self) -> None:
        """Find out which leases were superseded, and count them as lost. Raises SQLAlchemyError."""
        held = self.held
        numbers = self._newest_numbers(held)
        for room_id, lease in held.items():
            if numbers.get(room_id) != lease.number:
                lease.is_lost = True

    def _run(self) -> None:
        run_until_ended(self._keep_renewing, self._clock, self._is_ending)

    def _keep_renewing(self) -> None:
        due_at = float("-inf")
        while not self._is_ending():
            if time.monotonic() >= due_at:
                seconds = RENEWAL_SECONDS if self._renew_all() else RETRY_SECONDS
                due_at = time.monotonic() + seconds
            self._clock.wait(POLL_SECONDS)

    def _renew_all(self) -> bool:
        """Renew every lease and this machine's entry; gives whether Redis answers."""
        try:
            for lease in self.held.values():
                self._renew(lease)
            self._renew_machine()
        except RedisError as error:
            self._channel.begin_outage(error)
            self._answers_since, self._had_outage = None, True
            return False
        self._channel.end_outage()
        if self._answers_since is None:
            self._answers_since = time.monotonic()
        return True

    def _renew(self, lease: RedisLease) -> None:
        with suppress(LockError):  # expired, or Redis lost it with its memory, or another machine has it
            lease.extend()
            return
        try:
            is_ours = lease.acquire(self._token) and self._is_newest(lease)
        except OutOfMemoryError:
            return  # nobody else can take it either
        if not is_ours:
            lease.is_lost = True
            log.warning("another machine reads room %d now", lease.room_id)

    @property
    def _token(self) -> str:
        return f"{self._machine} {self._channel.process_id}"

    def _renew_machine(self) -> None:
        now = self._channel.time()
        with suppress(OutOfMemoryError):
            self._redis.zremrangebyscore(MACHINES, "-inf", now - REMEMBERED_SECONDS)
            self._redis.zadd(MACHINES, {self._machine: now})

    def _is_newest(self, lease: RedisLease) -> bool:
        """Whether no newer lease was taken; while the database is away, it is left to refuse the minutes."""
        try:
            return self._newest_numbers([lease.room_id]).get(lease.room_id) == lease.number
        except SQLAlchemyError:
            return True


def machines_since(channel: SignedChannel, seconds: float) -> list[str]:
    """The machines that renewed their entries in the last `seconds`, by name. Raises RedisError."""
    names = channel.redis.zrangebyscore(MACHINES, channel.time() - seconds, "+inf")
    return sorted(name.decode() for name in names)


def _key(room_id: int) -> str:
    return f"aula:lease:{room_id}"


def _release(lease: RedisLease) -> None:
    with suppress(RedisError):  # expired, or Redis is away: either way it is free soon
        lease.release()
