"""The monitor as a process: one for each room, whether the web process or a person starts it."""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection

from flask import Flask

from app.bus.messages import MonitorUnavailable
from app.bus.publisher import Link, Publisher
from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.language import Translatable
from app.monitor.loop import Monitor, PurposeChanged
from app.monitor.shutter import CameraStuck
from app.purpose import Purpose
from app.runner.file_lease import NotLeaseHolder
from app.store.changes import on_room_change
from app.vision.face_analyser import FaceAnalyser

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
FAULT = Translatable("The camera process failed and starts again; the server's log has the details.")


class AnalyserUnavailable(Exception):
    """The detector or the network can't be loaded; its argument says why."""


class ThreadDied(Exception):
    """One of the monitor's threads ended of an error, whose trace is in the log."""


SENTENCES = (CameraStuck, NotLeaseHolder, AnalyserUnavailable, PurposeChanged, ThreadDied)
"""Failures whose argument is a sentence for people; any other is logged with its trace."""


def run(
    app: Flask,
    room_id: int,
    link: Link,
    leases: Sequence[AbstractContextManager],
    frame_requests: Connection | None = None,
    lease_number: int | None = None,
) -> None:
    """Run a room's monitor until SIGTERM, or until `link` is broken; then end the process.

    The camera stays closed until all `leases` are held; entering one may raise NotLeaseHolder.
    `frame_requests` is the pipe for frames from browsers, `lease_number` as in `MinuteWriter`.
    """
    forbid_core_dump()
    logging.basicConfig(
        level=logging.INFO,
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
    ending = _set_by_signal()
    dead_threads = _end_with_any_thread(ending)
    bus = Publisher(link)
    status = 1
    with suppress(Exception):  # it was logged and published
        # the last message goes out before the leases are released: without them a link sends nothing
        with ExitStack() as held_leases, _failure_published(bus):
            for lease in leases:
                held_leases.enter_context(lease)
            _run_monitor(app, room_id, bus, frame_requests, lease_number, ending)
            if dead_threads:
                raise ThreadDied(FAULT)
        status = 0
    exit_process(status)


def _set_by_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    event = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: event.set())
    return event


def _end_with_any_thread(ending: threading.Event) -> list[str]:
    """Log and set `ending` when a thread dies of an error; gives the list that its name is put into.

    A monitor without its camera, its minutes or its bus is of no use; whoever started it starts a new one.
    """
    dead_threads: list[str] = []

    def end(death: threading.ExceptHookArgs) -> None:
        exc_info = (death.exc_type, death.exc_value, death.exc_traceback)
        log.error("the thread %s died", death.thread.name, exc_info=exc_info)
        dead_threads.append(death.thread.name)
        ending.set()

    threading.excepthook = end
    return dead_threads


@contextmanager
def _failure_published(bus: Publisher) -> Iterator[None]:
    """Log a failure, and publish why there is no monitor."""
    try:
        yield
    except Exception as error:
        if isinstance(error, SENTENCES):
            sentence = error.args[0]
            log.error("%s", sentence)
        else:
            sentence = FAULT
            log.exception("the camera process failed")
        bus.publish(MonitorUnavailable(sentence))
        bus.flush(FLUSH_SECONDS)
        raise


def _run_monitor(
    app: Flask,
    room_id: int,
    bus: Publisher,
    frame_requests: Connection | None,
    lease_number: int | None,
    ending: threading.Event,
) -> None:
    def load_analyser(detector: str, purpose: Purpose) -> FaceAnalyser:
        try:
            return FaceAnalyser(detector, purpose, app.config["SETTINGS"].network)
        except (RuntimeError, ValueError) as error:
            raise AnalyserUnavailable(str(error)) from None

    monitor = Monitor(app, room_id, bus, frame_requests, load_analyser, SYSTEM_CLOCK, lease_number)
    on_room_change(app, lambda _: bus.settings_changed.set())  # it begins lectures and reads the calendar
    try:
        monitor.run(ending)
    finally:
        monitor.stop()


def exit_process(status: int) -> None:
    """End the process now, even while a driver's call that never returns holds a thread."""
    logging.shutdown()
    os._exit(status)
