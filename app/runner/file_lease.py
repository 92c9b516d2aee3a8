"""The lease of a room: the right to read its camera, which one process holds at a time.

On one machine it is a lock on a file. Across machines, `app.runner.redis_leases` adds a key in Redis.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from app.language import Translatable

ACQUIRE_SECONDS = 5.0  # the previous monitor may still be writing its last minute
RETRY_SECONDS = 0.2


HELD_ELSEWHERE = Translatable(
    "Another server reads the camera of this room. Stop it, or set REDIS_URL on both, so that they share the "
    "rooms."
)


class NotLeaseHolder(ConnectionError):
    """Another process holds the room's lease, or may hold it while Redis is away."""


@contextmanager
def file_lease(app: Flask, slug: str) -> Iterator[None]:
    """Hold this machine's lease of the room /rooms/SLUG; waits up to ACQUIRE_SECONDS for it.

    The operating system releases it when the process ends, even in a crash. Raises NotLeaseHolder.
    """
    with (Path(app.instance_path) / f"monitor-{slug}.lock").open("w") as file:
        deadline = time.monotonic() + ACQUIRE_SECONDS
        while not _lock(file):
            if time.monotonic() > deadline:
                raise NotLeaseHolder(HELD_ELSEWHERE)
            time.sleep(RETRY_SECONDS)
        yield


def _lock(file) -> bool:
    """Lock the file unless another process has; gives whether it did."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
