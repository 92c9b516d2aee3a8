"""A thread that dies of an error is a fault: its trace is logged, and its work begins again."""

import os
import re
import resource
import threading
from contextlib import contextmanager

import pytest

from app.bus.messages import Demand, MonitorUnavailable
from app.bus.publisher import Publisher
from app.monitor.process import FAULT, _failure_published
from app.web.stream.listener import Listener
from tests.manual_clock import ManualClock
from tests.server import Server, parent_of, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("threads"), {}) as server:
        wait_for(server.is_online)
        yield server


@contextmanager
def no_new_descriptors(pid: int):
    """Let a process open nothing more."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_the_supervisor_goes_on_after_it_could_not_start_a_monitor(server, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The monitor is killed while the web process can open no file; then it can.",
        seen="A card, then the picture.",
        lost="Up to 10 s before the kill, and the time without pictures.",
    )
    (monitor,) = server.monitor_pids()
    with no_new_descriptors(parent_of(monitor)):
        os.kill(monitor, 9)
        wait_for(lambda: re.search("the thread supervisor \\S+ failed", server.log))
    with fault.recovery():
        wait_for(server.is_online)
    assert "Traceback" in server.log
    assert "Too many open files" in server.log


def test_minutes_that_cannot_be_written_in_a_pause_end_the_monitor_with_a_trace(server, record_fault):
    """The error was noticed by the next reading only; in a pause there is none."""
    fault = record_fault(
        lambda: server.log,
        done="The thread that writes minutes dies of an error, in a pause; then the cause is gone.",
        seen="The card of the pause; after it the picture.",
        lost="Nothing.",
    )
    server.get("/pause", method="POST")
    (monitor,) = server.monitor_pids()
    server.change_database("UPDATE room SET areas = ?", "[[1]]")
    server.tell_monitor("/hide-faces", b"hide=off")
    wait_for(lambda: "the thread minute-writer died" in server.log)
    wait_for(lambda: monitor not in server.monitor_pids())
    assert re.search(r"Traceback[\s\S]+TypeError", server.log)
    server.change_database("UPDATE room SET areas = ?", "[]")
    with fault.recovery():
        server.get("/resume", method="POST")
        wait_for(server.is_online)


class KeptLink:
    """A link that keeps what is sent."""

    def __init__(self) -> None:
        self.sent = []
        self.closing = threading.Event()

    def send(self, message) -> None:
        self.sent.append(message)

    def recv(self) -> Demand:
        self.closing.wait()
        raise EOFError


def test_an_unexpected_error_of_the_monitor_is_logged_with_its_trace_and_published(caplog):
    link = KeptLink()
    bus = Publisher(link)
    try:
        with pytest.raises(RuntimeError), _failure_published(bus):
            raise RuntimeError("dictionary changed size during iteration")
    finally:
        bus.closed.set()
        link.closing.set()
    assert "Traceback" in caplog.text
    assert link.sent == [MonitorUnavailable(FAULT)]


class FaultyLink:
    """A bus whose first message can't be read."""

    process_id = ""

    def __init__(self) -> None:
        self.polls = 0

    def receive(self, timeout_seconds: float) -> None:
        self.polls += 1
        if self.polls == 1:
            raise AttributeError("a message of another version")

    def close(self) -> None:
        pass


def test_the_listener_goes_on_after_a_message_that_it_cannot_read(app, caplog):
    link = FaultyLink()
    listener = Listener(app, link, lambda: None, ManualClock(), is_ending=lambda: link.polls > 3)
    listener.start()
    listener.join()
    assert link.polls > 3
    assert "the thread listener failed" in caplog.text
    assert "a message of another version" in caplog.text
