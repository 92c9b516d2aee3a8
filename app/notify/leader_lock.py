"""Elects the web process that sends messages: the one that holds a lock in Redis."""

from contextlib import suppress

from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

EXPIRY_SECONDS = 30.0  # several polls long: another process takes over half a minute after this one died


class LeaderLock:
    """Held by one process at a time. While Redis is away, whoever held it last goes on."""

    def __init__(self, redis: Redis, name: str) -> None:
        """`name` is the lock's key, the same in every process of an installation."""
        self._lock = Lock(redis, name, timeout=EXPIRY_SECONDS, thread_local=False)
        self.is_leader = False

    def renew(self) -> bool:
        """Renew the lock, or take it where it is free; gives whether Redis answers."""
        try:
            with suppress(LockError):
                self._lock.reacquire()
                return True
            self.is_leader = self._lock.acquire(blocking=False)
        except RedisError:
            return False
        return True

    def release(self) -> None:
        """Let another process take over at once."""
        self.is_leader = False
        with suppress(RedisError):  # it was not ours, or expires by itself
            self._lock.release()
