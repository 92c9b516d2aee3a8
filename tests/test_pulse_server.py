"""The pulse on a real server: what it starts, logs, and keeps over a restart."""

from contextlib import closing

import pytest

from tests.pulse_telephones import Telephone
from tests.server import Answer, Server, wait_for

ACCESS_LOG = (
    "--access-logfile",
    "-",
    "--access-logformat",
    '%(h)s "%(r)s" %(s)s "%(f)s" %(U)s %({referer}i)s',
)


@pytest.fixture
def server(tmp_path):
    """A server whose room has no camera, with everything in its access log."""
    server = Server(tmp_path, {"PURPOSE": "pulse", "MINIMUM_GROUP": "5"})
    try:
        server.start(*ACCESS_LOG)
        yield server
    finally:
        server.stop()


def begin(server: Server) -> str:
    """Start a lecture, and give its code."""
    assert server.get("/api/v1/lectures", method="POST", send={"title": "Algebra"}).status == 201
    pulse = wait_for(lambda: (found := get_pulse(server)).status == 200 and found.json)
    return pulse["code"]


def get_pulse(server: Server) -> Answer:
    return server.get(f"/api/v1/rooms/{server.room_id()}/pulse")


def counts(server: Server) -> dict | None:
    return get_pulse(server).json["counts"]


def test_a_room_without_a_camera_starts_no_monitor_and_is_ready(server):
    assert server.monitor_pids() == []
    ready = wait_for(lambda: (found := server.get("/readyz")).status == 200 and found.json)
    assert ready == {"database": "ok", "monitor": "no_camera", "camera": "no_camera"}
    assert server.get("/snapshot.jpg").status == 503
    state = server.get("/api/v1/state").json
    assert state["camera"]["reason"] == "no_camera"
    begin(server)
    assert server.monitor_pids() == []


def test_votes_survive_a_restart_in_the_middle(server):
    code = begin(server)
    telephones = [Telephone(server.url, code) for _ in range(6)]
    for telephone in telephones:
        assert telephone.say("lost") == 200
    wait_for(lambda: (counts(server) or {}).get("lost", 0) >= 5)  # the sixth may wait for two more
    server.stop()
    server.launch(*ACCESS_LOG)
    wait_for(server.answers)
    assert counts(server)["lost"] >= 5
    for telephone in telephones[:3]:
        assert telephone.say("clear") == 200, "the same telephones, under the same code"
    wait_for(lambda: counts(server)["clear"] == 3)
    assert sum(counts(server).values()) == 6


def test_no_line_of_the_log_holds_the_code_of_a_lecture(server):
    code = begin(server)
    telephone = Telephone(server.url, code)
    telephone.say("clear")
    telephone.ask("Why?")
    telephone.get(f"/p/{code}/state")
    telephone.get(f"/p/{code.lower()}?sent=question")
    assert Telephone(server.url, "BCDFGH").status == 404
    wait_for(lambda: server.log.count("/p/-") >= 5)
    assert "127.0.0.1" in server.log
    for each in (code, code.lower(), "BCDFGH", "Why"):
        assert each not in server.log


def test_the_events_of_a_room_hold_the_pulse(server):
    code = begin(server)
    with closing(server.open("/api/v1/rooms/1/events")) as events:
        for telephone in [Telephone(server.url, code) for _ in range(5)]:
            telephone.say("lost")
        lines = (events.readline().decode() for _ in range(400))
        seen = next(line for line in lines if line.startswith("data: ") and '"lost": 5' in line)
    assert f'"code": "{code}"' in seen


def test_several_web_processes_show_the_same_counts(tmp_path, redis, postgres):
    """Two servers, one database: votes through one are shown by the other."""
    settings = {
        "PURPOSE": "pulse",
        "DATABASE_URL": postgres.new_database(),
        "REDIS_URL": redis.url,
        "ROOM": "Lab",
    }
    with Server(tmp_path / "a", settings) as first:
        second = Server(tmp_path / "b", settings)
        second.token = first.token
        with second:
            code = begin(first)
            for number in range(6):
                assert Telephone((first, second)[number % 2].url, code).say("too_fast") == 200
            for server in (first, second):
                wait_for(lambda here=server: counts(here) and counts(here)["too_fast"] >= 5)  # as above
            lecture = first.get("/api/v1/state").json["lecture"]["id"]
            ended = {"ended_at": "now"}
            assert second.get(f"/api/v1/lectures/{lecture}", method="PATCH", send=ended).status == 200
            assert get_pulse(first).status == 503
            minutes = first.get(f"/api/v1/lectures/{lecture}/minutes").json["pulse"]
            assert minutes[-1]["counts"]["too_fast"] in (5, 6)
            assert len({minute["minute"] for minute in minutes}) == len(minutes)


def test_a_room_whose_purpose_becomes_the_pulse_lets_go_of_its_camera(tmp_path):
    with Server(tmp_path, {}) as server:
        wait_for(server.is_online)
        server.change_database("UPDATE room SET purpose = 'pulse'")
        server.tell_monitor()
        wait_for(lambda: server.monitor_pids() == [])
        wait_for(lambda: server.get("/readyz").json["camera"] == "no_camera")
        server.change_database("UPDATE room SET purpose = 'presence'")
        server.tell_monitor()
        wait_for(server.is_online)
