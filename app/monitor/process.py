"""The monitor as a process: one for a room, whoever starts it."""

import fcntl
import hashlib
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

from flask import Flask

from app.bus.messages import NotLeaseHolder, Trouble
from app.bus.publisher import Link, Publisher
from app.clock import SYSTEM_CLOCK
from app.language import Words
from app.monitor.loop import Monitor, leave
from app.monitor.shutter import CameraStuck
from app.vision.face_analyser import FaceAnalyser

log = logging.getLogger(__name__)

LOCK_SECONDS = 5.0  # the monitor before this one may still be writing its last minute


_ALONE = nullcontext()


def run(
    app: Flask, link: Link, owned: AbstractContextManager = _ALONE, sent: Connection | None = None
) -> None:
    """Run the monitor of the room until SIGTERM, or until nobody can be reached through `link` any more.

    It reads the camera only within `owned`, whose entry may raise NotOwner. `sent` brings the pictures that
    browsers send.
    """
    logging.basicConfig(
        level=logging.INFO,
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    bus = Publisher(link)
    try:
        with _room_lock(app), owned:
            analyser = FaceAnalyser(detector=app.config["SETTINGS"].detector)
            monitor = Monitor(app, bus, sent, analyser, SYSTEM_CLOCK)
            try:
                monitor.run(ending)
            finally:
                monitor.stop()
    except (CameraStuck, NotLeaseHolder, RuntimeError, ValueError) as error:
        log.error("%s", error)
        bus.publish(Trouble(error.args[0]))
        bus.flush(timeout=1)
        leave(1)
    leave(0)


@contextmanager
def _room_lock(app: Flask) -> Iterator[None]:
    """Hold the room's lock; the system lets it go when the process ends, however it ends."""
    settings = app.config["SETTINGS"]
    room = hashlib.sha256(settings.room.encode()).hexdigest()[:12]
    path = Path(app.instance_path) / f"monitor-{room}.lock"
    with path.open("w") as file:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise NotLeaseHolder(
                        Words(
                            "Another server reads the camera of %(room)s; stop it or set ROOM.",
                            room=settings.room,
                        )
                    ) from None
                time.sleep(0.2)
        yield
