"""Starts the monitor, listens to it, kills it when it hangs, and starts it again."""

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from app import PROJECT
from app.backoff import delays
from app.clock import Clock
from app.web.sending.relay import Relay
from app.web.stream.hub import Hub

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0  # a monitor that says nothing for so long hangs
START_SECONDS = 30.0  # what it may take to load the network and say its first word, on a slow machine
STOP_SECONDS = 3.0  # what it may take to write the open minute; gunicorn and Heroku wait longer
HEALTHY_SECONDS = 60.0  # after running so long, the next end is a new fault and is answered at once
LISTEN_SECONDS = 0.25


class Supervisor:
    """Keeps one monitor alive while the web process lives."""

    def __init__(self, hub: Hub, relay: Relay, clock: Clock, ending: Callable[[], bool]) -> None:
        self._hub = hub
        self._relay = relay
        self._clock = clock
        self._ending = ending
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start the first monitor, and listen to it in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the monitor has ended, once `ending` says so."""
        self._thread.join(STOP_SECONDS + 1)

    def _run(self) -> None:
        waits = delays()
        while not self._ending():
            started = self._clock.monotonic()
            self._supervise()
            if self._clock.monotonic() - started > HEALTHY_SECONDS:
                waits = delays()
            until = self._clock.monotonic() + next(waits)
            while not self._ending() and self._clock.monotonic() < until:
                self._clock.wait(LISTEN_SECONDS)
        self._hub.disconnect_viewers()

    def _supervise(self) -> None:
        """Run one monitor to its end."""
        (ours, theirs), (pictures, sent) = socket.socketpair(), socket.socketpair()
        pipes = theirs.fileno(), sent.fileno()
        command = [sys.executable, "-m", "app.monitor", *map(str, pipes)]
        process = subprocess.Popen(command, cwd=PROJECT, pass_fds=pipes)
        for end in (theirs, sent):
            end.close()
        log.info("monitor started, pid %d", process.pid)
        self._hub.monitor_started()
        # a thread of its own: a monitor that hangs is to be noticed here, whatever is being written to it
        serving = threading.Thread(
            target=self._relay.serve, args=[Connection(pictures.detach())], daemon=True
        )
        serving.start()
        with Connection(ours.detach()) as connection:
            self._listen(connection)
            self._stop(process)
        self._hub.monitor_ended()
        log.log(
            logging.INFO if self._ending() else logging.WARNING,
            "monitor ended, status %d",
            process.returncode,
        )

    def _listen(self, connection: Connection) -> None:
        """Take messages until the monitor ends, hangs, or is to end."""
        patience = START_SECONDS
        heard = self._clock.monotonic()
        told = None
        while not self._ending():
            try:
                if self._hub.demand != told:
                    told = self._hub.demand
                    connection.send(told)
                if connection.poll(LISTEN_SECONDS):
                    self._hub.receive(connection.recv())
                    heard, patience = self._clock.monotonic(), HEARTBEAT_SECONDS
            except (EOFError, OSError):
                return
            if self._clock.monotonic() - heard > patience:
                log.warning("monitor says nothing for %.0f s and is killed", patience)
                return

    def _stop(self, process: subprocess.Popen) -> None:
        """End the process: politely where the server ends, so that the open minute is written."""
        if self._ending():
            process.terminate()
        else:
            process.kill()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
