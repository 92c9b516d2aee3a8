"""gunicorn's master is killed, as by a full memory: worker and monitor end, and release the camera."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import Server, kill_left, parent_of, wait_for


@pytest.fixture(scope="module")
def second(tmp_path_factory) -> Iterator[Server]:
    """A server that a test starts and the next one ends."""
    second = Server(tmp_path_factory.mktemp("second"), {"ROOM": "Killed master"})
    yield second
    second.stop()


def test_a_master_killed_under_a_viewer_leaves_the_camera_to_the_next_server(tmp_path, second, record_fault):
    """The stream used to hold worker and monitor for ever."""
    first = Server(tmp_path / "first", {"ROOM": "Killed master"})
    worker = None
    try:
        first.start()
        wait_for(first.is_online)
        (monitor,) = first.monitor_pids()
        worker = parent_of(monitor)
        fault = record_fault(
            lambda: first.log,
            done="Gunicorn's master is killed, and another server started.",
            seen="The stream ends, and begins anew at the other server.",
            lost="The time until then.",
        )
        with fault.recovery():
            with closing(first.stream()) as watching:
                next(watching)
                first.process.kill()
                first.process.wait()
                killed_at = time.monotonic()
                for _ in watching:
                    assert time.monotonic() < killed_at + 30, "the stream goes on"
            wait_for(lambda: not Path(f"/proc/{worker}").exists(), seconds=20)
            assert not Path(f"/proc/{monitor}").exists()
            second.start()
            wait_for(second.is_online)
    finally:
        if worker and Path(f"/proc/{worker}").exists():
            os.kill(worker, signal.SIGKILL)
        first.process = None


def test_a_master_killed_over_a_stopped_worker_leaves_no_process(second, record_fault):
    """Neither the stop nor a viewer who takes nothing may hold worker and monitor for ever."""
    if second.process is None:
        second.start()
    wait_for(second.is_online)
    fault = record_fault(
        lambda: second.log,
        done="Worker and monitor are stopped (SIGSTOP), a viewer takes nothing; the master is killed.",
        seen="The stream ends.",
        lost="Up to 10 s. Port and camera are free for the next server.",
    )
    (monitor,) = second.monitor_pids()
    worker = parent_of(monitor)
    try:
        with closing(second.stream()) as stalled:
            next(stalled)
            os.kill(monitor, signal.SIGSTOP)
            os.kill(worker, signal.SIGSTOP)
            with fault.recovery():
                second.process.kill()
                wait_for(lambda: not Path(f"/proc/{worker}").exists(), seconds=30)
                wait_for(lambda: not second.monitor_pids(), seconds=20)
    finally:
        kill_left(worker, monitor)
