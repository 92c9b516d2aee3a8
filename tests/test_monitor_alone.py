"""A monitor that runs separately from two web processes, connected through Redis."""

import signal
import subprocess
import time
from itertools import islice

import pytest

from tests.server import BIN, PROJECT, Server, wait_for
from tests.test_server import faces_now, looks_like_a_card, minutes_of


class SeparateMonitor:
    """`flask monitor run` for a server's room."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.start()

    def start(self) -> None:
        command = [BIN / "flask", "--app", "wsgi", "monitor", "run"]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, env=self.server.environment, stderr=subprocess.PIPE, text=True
        )

    def stop(self, signal_number: int = signal.SIGTERM) -> str:
        """Stop it and return its log."""
        self.process.send_signal(signal_number)
        return self.process.communicate(timeout=60)[1]


@pytest.fixture(scope="module")
def webs(redis, postgres, tmp_path_factory):
    """Two web servers for one room."""
    folder = tmp_path_factory.mktemp("webs")
    common = {
        "REDIS_URL": redis.url,
        "ROOM": "Room 9",
        "DATABASE_URL": postgres.new_database(),
        "CAMERA": "demo?students=6",
    }
    with Server(folder / "one", common) as one, Server(folder / "two", common) as two:
        yield [one, two]


@pytest.fixture(scope="module")
def monitor(webs):
    monitor = SeparateMonitor(webs[0])
    yield monitor
    if monitor.process.poll() is None:
        monitor.stop(signal.SIGKILL)


def shows_the_class(server) -> bool:
    return not all(looks_like_a_card(part) for part in islice(server.stream(), 5))


def detail(server) -> str:
    return server.get("/api/v1/state").json["camera"]["detail"] or ""


def test_without_a_monitor_the_pages_say_how_to_start_one(webs):
    assert "flask --app wsgi monitor run" in detail(webs[0])
    assert webs[0].get("/readyz").json["monitor"] == "stopped"
    assert webs[0].monitor_pids() == []


def test_every_web_server_shows_the_one_monitor_s_pictures(webs, monitor):
    for server in webs:
        wait_for(server.is_online)
        assert wait_for(lambda server=server: shows_the_class(server))
        wait_for(lambda server=server: faces_now(server) > 0)
        assert server.get("/readyz").status == 200
        assert server.get("/snapshot.jpg").status == 200


def test_a_pause_on_one_server_holds_on_the_other_and_can_be_ended_there(webs, monitor):
    one, two = webs
    one.get("/pause", method="POST")
    wait_for(lambda: not shows_the_class(two))
    assert two.get("/api/v1/now").status == 503
    two.get("/resume", method="POST")
    for server in webs:
        wait_for(server.is_online)
        wait_for(lambda server=server: shows_the_class(server))


def test_a_monitor_that_ends_writes_its_minute_and_the_pages_say_so_at_once(webs, monitor):
    wait_for(lambda: faces_now(webs[0]) > 0)
    frames = sum(minute["frames_analysed"] for minute in minutes_of(webs[0]))
    time.sleep(2)
    monitor.stop()
    assert monitor.process.returncode == 0
    for server in webs:
        wait_for(lambda server=server: detail(server) == "The camera process was stopped.")
        assert looks_like_a_card(next(server.stream()))
    assert sum(minute["frames_analysed"] for minute in minutes_of(webs[0])) > frames


def test_a_killed_monitor_is_noticed_and_the_next_one_takes_over(webs, monitor):
    monitor.start()
    wait_for(lambda: shows_the_class(webs[1]))
    monitor.stop(signal.SIGKILL)
    wait_for(lambda: "no longer answers" in detail(webs[1]))
    monitor.start()
    wait_for(lambda: shows_the_class(webs[1]))
    assert webs[1].get("/api/v1/state").json["monitor"]["restarts"] >= 2


def test_without_redis_a_separate_monitor_says_what_to_set(app):
    said = app.test_cli_runner().invoke(args=["monitor", "run"])
    assert said.exit_code == 1
    assert "set REDIS_URL" in said.output
