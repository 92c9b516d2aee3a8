"""The monitor is killed, stops, or runs out of memory, and a new one takes over."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.server import Server, kill_left, parent_of, wait_for
from tests.test_server import looks_like_a_card, minutes_of

CARD_UNTIL_IT_IS_BACK = "On the same connection: a card, then the picture."


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("monitor"), {}) as server:
        yield server


@pytest.fixture
def monitor(server) -> int:
    """The process that reads the camera."""
    wait_for(server.is_online)
    (monitor,) = server.monitor_pids()
    return monitor


@pytest.fixture
def viewer(server, monitor):
    """A stream that shows the class."""
    with closing(server.stream()) as viewer:
        wait_for(lambda: not looks_like_a_card(next(viewer)))
        yield viewer


def await_next_monitor(server: Server, monitor: int, viewer) -> None:
    """Wait until `monitor` is gone and another one's picture is there."""
    wait_for(lambda: looks_like_a_card(next(viewer)))
    wait_for(lambda: not looks_like_a_card(next(viewer)))
    assert monitor not in server.monitor_pids()
    wait_for(server.is_online)


def online_seconds(server: Server) -> float:
    return sum(minute["online_seconds"] for minute in minutes_of(server))


def test_a_killed_monitor_comes_back_and_loses_at_most_ten_seconds(server, monitor, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The monitor is killed.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost="Up to 10 s before the kill, and the time without pictures.",
    )
    wait_for(lambda: online_seconds(server) > 5)
    kept = online_seconds(server)
    restarts = server.get("/api/v1/state").json["monitor"]["restarts"]
    with fault.recovery():
        os.kill(monitor, signal.SIGKILL)
        await_next_monitor(server, monitor, viewer)
    state = server.get("/api/v1/state").json
    assert state["monitor"]["restarts"] == restarts + 1
    assert len(state["viewers"]) == 1
    assert kept <= online_seconds(server) < kept + 60


def test_a_monitor_that_stops_is_killed_and_started_again(server, monitor, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The monitor is stopped (SIGSTOP), as if it hung.",
        seen="On the same connection: the last picture for 10 s, a card, then the picture.",
        lost="Up to 10 s before the stop, and the time without pictures.",
    )
    with fault.recovery():
        os.kill(monitor, signal.SIGSTOP)
        await_next_monitor(server, monitor, viewer)


def test_a_monitor_without_memory_comes_back(server, monitor, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The monitor gets no more memory (RLIMIT_AS) until it fails.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost="Up to 10 s before, and the time without pictures.",
    )
    resource.prlimit(monitor, resource.RLIMIT_AS, (2**20, resource.RLIM_INFINITY))
    wait_for(lambda: looks_like_a_card(next(viewer)))
    with fault.recovery():
        with suppress(ProcessLookupError):
            resource.prlimit(monitor, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        wait_for(lambda: not looks_like_a_card(next(viewer)))


def test_a_stopped_monitor_ends_once_master_and_worker_are_killed(server, monitor, record_fault):
    """It used to stay for ever, and no new server got the camera. Comes last: it ends the server."""
    fault = record_fault(
        lambda: server.log,
        done="The monitor is stopped (SIGSTOP); then gunicorn's master and worker are killed.",
        seen="The stream ends.",
        lost="Up to 10 s. The camera is free for the next server.",
    )
    os.kill(monitor, signal.SIGSTOP)
    worker = parent_of(monitor)
    try:
        with fault.recovery():
            server.process.kill()
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda: not server.monitor_pids(), seconds=20)
    finally:
        kill_left(monitor)
