"""Starts a process for each recording in the queue, one after the other."""

import fcntl
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.project import PROJECT
from app.restart import run_until_ended
from app.store import recording_queries
from app.store.database_health import outages_suppressed

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks into the queue
POLL_SECONDS = 0.25
STOP_SECONDS = 3.0
ENDING_SECONDS = 5.0  # for a process to end by itself once its recording is cancelled or read
HANGS_AFTER = timedelta(minutes=15)  # without a renewal; to find its place again in a long file takes minutes


class RecordingRunner:
    """Reads what waits in the queue, until `is_ending` gives True or its `with` block ends.

    Only one process of a machine reads at a time, whatever the number of runners there.
    """

    def __init__(self, app: Flask, clock: Clock, is_ending: Callable[[], bool] = lambda: False) -> None:
        self._app = app
        self._clock = clock
        self._ending = threading.Event()
        self._is_ending = lambda: self._ending.is_set() or is_ending()
        self._thread = threading.Thread(target=self._run, name="recording-runner", daemon=True)

    def start(self) -> None:
        """Read in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the process has ended, once `is_ending` gives True."""
        self._thread.join(STOP_SECONDS + 1)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.join()

    def _run(self) -> None:
        run_until_ended(self._keep_reading, self._clock, self._is_ending)

    def _keep_reading(self) -> None:
        while not self._is_ending():
            if not self._read_next():
                self._wait()

    def _wait(self) -> None:
        until = self._clock.monotonic() + LOOK_SECONDS
        while not self._is_ending() and self._clock.monotonic() < until:
            self._clock.wait(POLL_SECONDS)

    def _read_next(self) -> bool:
        """Have the next recording read; False if there is none, or another runner of this machine reads."""
        with _machine_lock(Path(self._app.instance_path)) as is_ours:
            recording_id = self._take_next() if is_ours else None
            if recording_id is None:
                return False
            self._run_process(recording_id)
            return True

    def _take_next(self) -> int | None:
        """Claim the next recording in the queue; gives its id, or None if there is none or no database."""
        with self._app.app_context(), outages_suppressed():
            now = self._clock.now()
            recording_queries.expire(now)
            return recording_queries.take_next(now)
        return None

    def _run_process(self, recording_id: int) -> None:
        command = [sys.executable, "-m", "app.offline", self._app.instance_path, str(recording_id)]
        process = subprocess.Popen(command, cwd=PROJECT)
        log.info("recording %d is being read, pid %d", recording_id, process.pid)
        hangs = self._watch(process, recording_id)
        is_ending = process.poll() is None and not hangs
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode and not is_ending:
            log.error("the process that read recording %d ended, status %d", recording_id, process.returncode)
        with self._app.app_context():
            recording = recording_queries.find_recording(recording_id)
            if recording is not None:
                recording_queries.put_back(recording, has_died=not is_ending)

    def _watch(self, process: subprocess.Popen, recording_id: int) -> bool:
        """Wait until the process has ended or has to; gives whether it has to because it hangs."""
        look_at, over_at = self._clock.monotonic() + LOOK_SECONDS, None
        while process.poll() is None and not self._is_ending():
            self._clock.wait(POLL_SECONDS)
            now = self._clock.monotonic()
            if now < look_at:
                continue
            look_at = now + LOOK_SECONDS
            try:
                renewed_at = self._last_renewal(recording_id)
            except SQLAlchemyError:  # others have logged that
                continue
            if renewed_at is None:
                over_at = over_at or now + ENDING_SECONDS
                if now >= over_at:
                    return False
            elif self._clock.now() - renewed_at > HANGS_AFTER:
                return True
        return False

    def _last_renewal(self, recording_id: int) -> datetime | None:
        """When the recording was last renewed; None if it was cancelled, or ran out of time."""
        with self._app.app_context():
            recording_queries.expire(self._clock.now())
            return recording_queries.last_renewal(recording_id)


@contextmanager
def _machine_lock(folder: Path) -> Iterator[bool]:
    """Hold this machine's lock for reading recordings; gives whether it was free."""
    with (folder / "recordings.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
