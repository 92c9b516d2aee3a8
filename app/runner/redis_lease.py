"""The lease of a room across machines: a key in Redis that expires unless its holder renews it."""

import logging
from contextlib import suppress
from typing import Self

from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from app.bus.signed_channel import SignedChannel
from app.runner.lease import HELD_ELSEWHERE, NotLeaseHolder

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0  # from renewal to expiry: a holder that crashed blocks the room no longer than this
ACQUIRE_SECONDS = 15.0  # longer than LEASE_SECONDS, so that a monitor can follow one that crashed


class RedisLease:
    """Held within `with`, whose entry waits ACQUIRE_SECONDS for it and raises NotLeaseHolder."""

    def __init__(self, channel: SignedChannel) -> None:
        self._channel = channel
        self._lock = Lock(channel.redis, f"{channel.prefix}:lease", timeout=LEASE_SECONDS, thread_local=False)
        self.is_held = False

    def __enter__(self) -> Self:
        try:
            self.is_held = self._lock.acquire(blocking_timeout=ACQUIRE_SECONDS)
        except RedisError as error:
            self._channel.begin_outage(error)
            raise NotLeaseHolder(self._channel.outage) from None
        if not self.is_held:
            raise NotLeaseHolder(HELD_ELSEWHERE)
        return self

    def __exit__(self, *_) -> None:
        self.is_held = False
        with suppress(RedisError):  # expired, or Redis is away: either way it is free soon
            self._lock.release()

    def renew(self) -> None:
        """Extend the lease, or take it again where it expired or Redis lost it with its memory.

        While Redis is away the holder goes on. Raises NotLeaseHolder where another process holds it.
        """
        try:
            with suppress(LockError):
                self._lock.reacquire()
                return
            self.is_held = self._lock.acquire(blocking=False)
        except RedisError as error:
            self._channel.begin_outage(error)
            return
        if not self.is_held:
            log.error("%s", HELD_ELSEWHERE)
            raise NotLeaseHolder(HELD_ELSEWHERE)
