"""The monitor as a process: one for each room, whether the web process or a person starts it."""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing.connection import Connection

from flask import Flask

from app.bus.messages import MonitorUnavailable
from app.bus.publisher import Link, Publisher
from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.monitor.loop import Monitor
from app.monitor.shutter import CameraStuck
from app.runner.lease import NotLeaseHolder
from app.vision.face_analyser import FaceAnalyser

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
FAILURES = (CameraStuck, NotLeaseHolder, RuntimeError, ValueError)


def run(
    app: Flask,
    link: Link,
    leases: Sequence[AbstractContextManager],
    frame_requests: Connection | None = None,
) -> None:
    """Run the room's monitor until SIGTERM, or until `link` is broken; then end the process.

    The camera stays closed until all `leases` are held; entering one may raise NotLeaseHolder.
    `frame_requests` is the pipe for frames from browsers.
    """
    forbid_core_dump()
    logging.basicConfig(
        level=logging.INFO,
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
    ending = _set_by_signal()
    bus = Publisher(link)
    try:
        # the last message goes out before the leases are released: without them a link sends nothing
        with ExitStack() as held_leases, _failure_published(bus):
            for lease in leases:
                held_leases.enter_context(lease)
            _run_monitor(app, bus, frame_requests, ending)
    except FAILURES:
        exit_process(1)
    exit_process(0)


def _set_by_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    event = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: event.set())
    return event


@contextmanager
def _failure_published(bus: Publisher) -> Iterator[None]:
    """Log a failure, and publish why there is no monitor."""
    try:
        yield
    except FAILURES as error:
        log.error("%s", error)
        bus.publish(MonitorUnavailable(error.args[0]))
        bus.flush(FLUSH_SECONDS)
        raise


def _run_monitor(
    app: Flask, bus: Publisher, frame_requests: Connection | None, ending: threading.Event
) -> None:
    analyser = FaceAnalyser(detector=app.config["SETTINGS"].detector)
    monitor = Monitor(app, bus, frame_requests, analyser, SYSTEM_CLOCK)
    try:
        monitor.run(ending)
    finally:
        monitor.stop()


def exit_process(status: int) -> None:
    """End the process now, even while a driver's call that never returns holds a thread."""
    logging.shutdown()
    os._exit(status)
