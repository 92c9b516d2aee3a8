"""Starts the monitor, kills it when its heartbeat stops, and starts it again with back-off."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

from app.backoff import delays
from app.bus.messages import Demand, Message
from app.clock import Clock
from app.project import PROJECT
from app.restart import HEALTHY_SECONDS, run_until_ended, wait_for_retry

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0  # a monitor that sends nothing for this long hangs
START_SECONDS = 30.0  # until the first message: loading the network takes long on a slow machine
STOP_SECONDS = 3.0  # to write the open minute; gunicorn and Heroku wait longer
POLL_SECONDS = 0.1  # how soon a monitor hears of a pause
MONITOR_ENVIRONMENT = {
    "OPENCV_FOR_THREADS_NUM": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}
"""One thread for each room: several rooms fill the cores, and threads that wait for each other take 5 % more
processor time. The last two are glibc's: freed frames go back to the system, which saves 10 MB."""


class MonitorObserver(Protocol):
    """What a supervisor notifies about its monitor: the web process's hub, or a `MonitorLink`."""

    @property
    def demand(self) -> Demand:
        """The frame rate that viewers request."""
        ...

    def monitor_started(self) -> None:
        """A monitor process was started; it has not sent anything yet."""
        ...

    def receive(self, message: Message) -> None:
        """The monitor sent a message."""
        ...

    def monitor_ended(self) -> None:
        """The monitor process has ended, or was killed."""
        ...

    def disconnect_viewers(self) -> None:
        """The server is ending, and no monitor runs any more."""
        ...


class Supervisor:
    """Keeps the monitor process of a room running until `is_ending` gives True."""

    def __init__(
        self,
        room_id: int,
        slug: str,
        observer: MonitorObserver,
        serve_frames: Callable[[Connection], None],
        clock: Clock,
        is_ending: Callable[[], bool],
        lease_number: int | None = None,
    ) -> None:
        """`serve_frames` answers a monitor's requests for frames from browsers, until the monitor ends.

        `lease_number` is that of the room's lease in Redis, where there is one.
        """
        self._room_id = room_id
        self._slug = slug
        self._observer = observer
        self._serve_frames = serve_frames
        self._clock = clock
        self._is_ending = is_ending
        self._lease_arguments = [] if lease_number is None else [lease_number]
        self._thread = threading.Thread(target=self._run, name=f"supervisor {slug}", daemon=True)

    def start(self) -> None:
        """Start the first monitor, and supervise in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the monitor has ended, once `is_ending` gives True."""
        self._thread.join(STOP_SECONDS + 1)

    def _run(self) -> None:
        run_until_ended(self._keep_monitor_running, self._clock, self._is_ending)
        self._observer.disconnect_viewers()

    def _keep_monitor_running(self) -> None:
        backoff = delays()
        while not self._is_ending():
            started_at = self._clock.monotonic()
            self._run_monitor()
            if self._clock.monotonic() - started_at > HEALTHY_SECONDS:
                backoff = delays()
            wait_for_retry(next(backoff), self._clock, self._is_ending)

    def _run_monitor(self) -> None:
        """Start one monitor process and supervise it to its end. Raises OSError where it can't be started."""
        bus_socket, monitor_bus = socket.socketpair()
        with bus_socket, monitor_bus:
            frame_socket, monitor_frames = socket.socketpair()
            with frame_socket, monitor_frames:
                descriptors = monitor_bus.fileno(), monitor_frames.fileno()
                command = [
                    sys.executable,
                    "-m",
                    "app.monitor",
                    *map(str, (self._room_id, self._slug, *descriptors, *self._lease_arguments)),
                ]
                environment = MONITOR_ENVIRONMENT | os.environ
                process = subprocess.Popen(command, cwd=PROJECT, env=environment, pass_fds=descriptors)
                frames = Connection(frame_socket.detach())
            bus = Connection(bus_socket.detach())
        log.info("monitor of %s started, pid %d", self._slug, process.pid)
        with bus:
            try:
                self._observer.monitor_started()
                # on a thread of its own: writing to a monitor that hangs must not keep us from noticing it
                threading.Thread(
                    target=self._relay_frames, args=[frames, process], name="serve-frames", daemon=True
                ).start()
                self._exchange_messages(bus)
            finally:
                self._stop(process)
                self._observer.monitor_ended()
        level = logging.INFO if self._is_ending() else logging.WARNING
        log.log(level, "monitor of %s ended, status %d", self._slug, process.returncode)

    def _relay_frames(self, frames: Connection, process: subprocess.Popen) -> None:
        """Serve the monitor's requests; where that fails, end it: it would wait for ever for an answer."""
        try:
            self._serve_frames(frames)
        except Exception:
            log.exception("frames from browsers can't be relayed; ending the monitor")
            process.kill()

    def _exchange_messages(self, bus: Connection) -> None:
        """Receive messages and send the demand, until the monitor ends, hangs, or the server ends."""
        timeout_seconds = START_SECONDS
        heartbeat_at = self._clock.monotonic()
        sent_demand = None
        while not self._is_ending():
            try:
                if self._observer.demand != sent_demand:
                    sent_demand = self._observer.demand
                    bus.send(sent_demand)
                if bus.poll(POLL_SECONDS):
                    self._observer.receive(bus.recv())
                    heartbeat_at, timeout_seconds = self._clock.monotonic(), HEARTBEAT_SECONDS
            except (EOFError, OSError):
                return
            if self._clock.monotonic() - heartbeat_at > timeout_seconds:
                log.warning("monitor of %s sent nothing for %.0f s; killing it", self._slug, timeout_seconds)
                return

    def _stop(self, process: subprocess.Popen) -> None:
        """End the process; when the server ends, give it STOP_SECONDS to write the open minute."""
        if self._is_ending():
            process.terminate()
        else:
            process.kill()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
