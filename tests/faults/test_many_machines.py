"""Two web servers, two monitor machines, three rooms, real Redis and PostgreSQL; then something fails."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from threading import Thread

import pytest
import requests

from app.web.stream.listener import GONE
from tests.machines import Installation, Machine, installation
from tests.redis_server import BINARY, RedisServer
from tests.server import Part, Server, read_parts, wait_for
from tests.test_server import looks_like_a_card

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

ROOMS = {1: "room-1", 2: "room-2", 3: "room-3"}
MOVED_WITHIN_SECONDS = 40  # 15 on a quiet machine
FRESH_SECONDS = 5
COUNTED_SHARE = 0.7
AWAY_SECONDS = 12  # longer than a lease lasts, and than a minute waits to be written: 10 s each
OTHERS_SEE = "The other viewers: nothing of it. "
NEXT_VERSION = """\
import dataclasses

import app.bus.messages as messages

messages.MonitorStatus = dataclasses.make_dataclass(
    "MonitorStatus",
    [("mood", str, dataclasses.field(default="calm"))],
    bases=(messages.MonitorStatus,),
    frozen=True,
)
messages.MonitorStatus.__module__ = messages.__name__
"""
"""Put into Python's start, it makes a program of a version that added a field to a message."""
INCOMPATIBLE_VERSION = """\
import app.bus.envelope as envelope

envelope.VERSION += 1
"""
CLOCK_AHEAD = """\
import time
from datetime import UTC, datetime, timedelta

from app.clock import SystemClock

real = time.time
time.time = lambda: real() + 60
SystemClock.now = lambda self: datetime.fromtimestamp(time.time(), UTC)
"""


@pytest.fixture(scope="module")
def school(redis, postgres, tmp_path_factory) -> Iterator[Installation]:
    """Three rooms that are read, at least one of them on each machine."""
    folder = tmp_path_factory.mktemp("school")
    settings = {"CAMERA": "demo?students=3", "DETECT_FPS": "2", "STREAM_FPS": "5", "MINIMUM_GROUP": "1"}
    with installation(folder, redis.url, postgres.new_database(), rooms=3, **settings) as school:
        wait_for(school.webs[0].is_online)
        await_pictures(school)
        yield school


@pytest.fixture
def showing_school(school) -> Installation:
    """The same with both machines, whichever rooms they read."""
    for machine in school.machines:
        if not machine.is_running:
            machine.start()
    await_pictures(school)
    return school


@pytest.fixture
def quiet_school(showing_school, redis) -> Installation:
    """The same with a room on each machine."""
    school = showing_school
    holders = {room: holder(redis, room) for room in ROOMS}
    for machine in school.machines:
        if machine.name not in holders.values():
            move(school, 1, machine.name)
            wait_for(lambda machine=machine: holder(redis, 1) == machine.name)
            move(school, 1, None)
            await_pictures(school)
    return school


def move(school: Installation, room: int, machine: str | None) -> None:
    school.query("UPDATE room SET machine = %s WHERE id = %s", machine, room)
    school.webs[0].tell_monitor()


def holder(redis: RedisServer, room: int) -> str | None:
    """The machine that holds a room's lease."""
    token = redis.client.get(f"aula:lease:{room}")
    return token.decode().partition(" ")[0] if token else None


def rooms_of(redis: RedisServer, machine: Machine) -> list[int]:
    return [room for room in ROOMS if holder(redis, room) == machine.name]


def shows_all(web: Server) -> bool:
    """Whether every room has a fresh picture."""
    for room in ROOMS:
        state = web.get(f"/api/v1/rooms/{room}/state").json
        if not (state["monitor"]["running"] and state["camera"]["online"]):
            return False
    return True


def await_pictures(school: Installation) -> None:
    for web in school.webs:
        wait_for(lambda web=web: shows_all(web), MOVED_WITHIN_SECONDS)


def stream(web: Server, room: int) -> Iterator[Part]:
    return web.stream(f"/rooms/{ROOMS[room]}/stream.mjpg")


def await_part(viewer: Iterator[Part], is_card: bool) -> None:
    """Read on until the viewer sees a card, or a picture."""
    wait_for(lambda: looks_like_a_card(next(viewer)) == is_card, MOVED_WITHIN_SECONDS)


@contextmanager
def watching(web: Server, room: int) -> Iterator[list[Part]]:
    """What a viewer gets meanwhile, who takes every picture at once."""
    seen: list[Part] = []
    with web.open(f"/rooms/{ROOMS[room]}/stream.mjpg") as answer:
        thread = Thread(target=lambda: seen.extend(read_parts(answer)), daemon=True)
        thread.start()
        yield seen
        answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def seconds_counted(school: Installation) -> dict[int, float]:
    rows = school.query("SELECT room_id, SUM(online_seconds) FROM minute GROUP BY room_id")
    return {room: float(seconds) for room, seconds in rows}


def check_minutes(school: Installation) -> None:
    """No minute counts a second twice."""
    rows = school.query("SELECT room_id, minute, SUM(online_seconds) FROM minute GROUP BY room_id, minute")
    assert rows
    assert max(seconds for _, _, seconds in rows) < 61, rows


def test_a_machine_that_loses_its_power_leaves_its_rooms_to_another(quiet_school, redis, record_fault):
    school = quiet_school
    dying, other = school.machines
    (room, *_) = rooms_of(redis, dying)
    fault = record_fault(
        lambda: school.log,
        done="One of two machines that read rooms is killed, with all its processes.",
        seen="On the same connection: the last picture for 10 s, a card, then the picture.",
        lost="Up to 10 s before the kill, and the time without pictures.",
    )
    with closing(stream(school.webs[1], room)) as viewer:
        await_part(viewer, is_card=False)
        with fault.recovery():
            dying.kill()
            await_part(viewer, is_card=True)
            await_part(viewer, is_card=False)
            await_pictures(school)
    assert holder(redis, room) == other.name
    dying.start()
    assert f"monitor of {ROOMS[room]} lost: {GONE}" in school.webs[1].log, "viewers see why"
    check_minutes(school)


def test_a_machine_that_was_frozen_neither_shows_nor_writes_once_it_wakes(quiet_school, redis, record_fault):
    school = quiet_school
    frozen, other = school.machines
    (room, *_) = rooms_of(redis, frozen)
    fault = record_fault(
        lambda: school.log,
        done="All processes of a machine are stopped (SIGSTOP) until another one shows its rooms; "
        "then they go on.",
        seen="On the same connection: the last picture for 10 s, a card, then another machine's picture.",
        lost="Up to 10 s before the stop, and the time without pictures. No minute counts anything twice.",
    )
    (number,) = school.query("SELECT lease_number FROM room WHERE id = %s", room)[0]
    with watching(school.webs[0], room) as seen:
        wait_for(lambda: seen and not looks_like_a_card(seen[-1]))
        with fault.recovery():
            frozen.send(signal.SIGSTOP)
            wait_for(lambda: looks_like_a_card(seen[-1]))
            wait_for(lambda: holder(redis, room) == other.name, MOVED_WITHIN_SECONDS)
            wait_for(lambda: not looks_like_a_card(seen[-1]), MOVED_WITHIN_SECONDS)
            await_pictures(school)
        count, said = len(seen), len(frozen.log)
        frozen.send(signal.SIGCONT)
        wait_for(lambda: re.search("another machine reads room|Another server reads", frozen.log[said:]))
        time.sleep(2)  # its monitors end meanwhile
        wait_for(lambda: len(seen) > count + 5)
        after = seen[count:]
    assert not any(looks_like_a_card(part) for part in after)
    assert all(part.received_at - part.captured_at < FRESH_SECONDS for part in after), "no old picture"
    assert [part.captured_at for part in after] == sorted(part.captured_at for part in after)
    assert school.query("SELECT lease_number FROM room WHERE id = %s", room)[0] == (number + 1,)
    check_minutes(school)


def test_redis_that_is_away_costs_no_minute_and_moves_no_room(quiet_school, redis, record_fault):
    school = quiet_school
    fault = record_fault(
        lambda: school.log,
        done=f"Redis is killed for {AWAY_SECONDS} s and started again, without its memory; "
        "two machines read three rooms.",
        seen="On the same connection: the last picture for 10 s, a card, then the picture.",
        lost="Nothing: the machines record meanwhile, and no room moves.",
    )
    numbers = school.query("SELECT id, lease_number FROM room ORDER BY id")
    started = {machine.name: machine.monitor_pids for machine in school.machines}
    with closing(stream(school.webs[0], 1)) as viewer:
        await_part(viewer, is_card=False)
        before, began = seconds_counted(school), time.monotonic()
        redis.stop()
        await_part(viewer, is_card=True)
        time.sleep(max(0.0, began + AWAY_SECONDS - time.monotonic()))
        with fault.recovery():
            redis.start()
            await_part(viewer, is_card=False)
            await_pictures(school)
    await_seconds(school, before, began)
    assert school.query("SELECT id, lease_number FROM room ORDER BY id") == numbers
    assert {machine.name: machine.monitor_pids for machine in school.machines} == started
    check_minutes(school)


def await_seconds(school: Installation, before: dict[int, float], began: float) -> None:
    """Wait until the time since `began`, more than half of it an outage, is counted in each room.

    A busy machine leaves gaps of its own: more than 2 s between two readings count for nothing.
    """
    due = COUNTED_SHARE * (time.monotonic() - began)

    def are_counted() -> bool:
        now = seconds_counted(school)
        return all(now.get(room, 0.0) - before.get(room, 0.0) >= due for room in ROOMS)

    wait_for(are_counted, 40)


def test_a_postgresql_that_is_away_costs_no_minute(quiet_school, postgres, record_fault):
    school = quiet_school
    fault = record_fault(
        lambda: school.log,
        done=f"PostgreSQL is stopped for {AWAY_SECONDS} s and started again; two machines read three rooms.",
        seen="The picture, as ever.",
        lost="Nothing: minutes wait in memory, for a day at most.",
    )
    with closing(stream(school.webs[0], 2)) as viewer:
        await_part(viewer, is_card=False)
        before, began = seconds_counted(school), time.monotonic()
        postgres.stop()
        while time.monotonic() < began + AWAY_SECONDS:
            assert not looks_like_a_card(next(viewer))
        with fault.recovery():
            postgres.start()
            await_pictures(school)
            await_seconds(school, before, began)
    check_minutes(school)


def test_a_web_process_that_is_killed_under_viewers_disturbs_no_other(showing_school, record_fault):
    school = showing_school
    dying, other = school.webs
    fault = record_fault(
        lambda: school.log,
        done="One of two web servers is killed under a viewer, and started again.",
        seen=OTHERS_SEE + "Its own: the stream ends, and begins anew at the other server.",
        lost="Nothing.",
    )
    with closing(stream(other, 1)) as viewer, closing(stream(dying, 1)) as unlucky:
        await_part(viewer, is_card=False)
        await_part(unlucky, is_card=False)
        with fault.recovery():
            worker = int(dying.log.rpartition("Booting worker with pid: ")[2].split()[0])
            dying.process.kill()
            os.kill(worker, signal.SIGKILL)
            dying.process.wait()
            assert not any(looks_like_a_card(part) for part in islice(viewer, 30))
            dying.start()
            await_pictures(school)
    check_minutes(school)


def test_a_room_is_moved_by_hand(quiet_school, redis, record_fault):
    school = quiet_school
    away, here = school.machines
    (room, *_) = rooms_of(redis, away)
    fault = record_fault(
        lambda: school.log,
        done="An administrator moves a room to another machine.",
        seen="On the same connection: a card, then the picture.",
        lost="The time without pictures.",
    )
    with closing(stream(school.webs[1], room)) as viewer:
        await_part(viewer, is_card=False)
        with fault.recovery():
            move(school, room, here.name)
            wait_for(lambda: holder(redis, room) == here.name)
            await_part(viewer, is_card=True)
            await_part(viewer, is_card=False)
    move(school, room, None)
    check_minutes(school)


@pytest.fixture
def restart(school, tmp_path) -> Iterator[Callable[[str], Machine]]:
    """Start a machine again with a line of Python of its own, and give it; afterwards it is stopped."""
    machine = school.machines[0]
    path = machine._environment.get("PYTHONPATH", "")

    def start(code: str) -> Machine:
        (tmp_path / "sitecustomize.py").write_text(code)
        machine.stop()
        machine._environment["PYTHONPATH"] = f"{tmp_path}:{os.getcwd()}"
        machine.start()
        return machine

    yield start
    machine.stop()
    machine._environment["PYTHONPATH"] = path


def test_machines_are_upgraded_one_after_the_other(quiet_school, redis, restart, record_fault):
    school = quiet_school
    fault = record_fault(
        lambda: school.log,
        done="A machine ends cleanly and starts with a version that added a field to a message.",
        seen="On the same connection: a card for its rooms, then the picture of another machine.",
        lost="The time without pictures.",
    )
    with fault.recovery():
        machine = restart(NEXT_VERSION)
        await_pictures(school)
    move(school, 1, machine.name)
    wait_for(lambda: holder(redis, 1) == machine.name)
    await_pictures(school)
    move(school, 1, None)
    for web in school.webs:
        assert "can't be read" not in web.log


def test_a_machine_of_a_version_that_nobody_understands_is_refused_with_one_line(
    school, redis, restart, record_fault
):
    fault = record_fault(
        lambda: school.log,
        done="A machine whose messages others can't read gets a room; then it ends.",
        seen="A card that names the two versions, then the picture of another machine.",
        lost="The time without pictures.",
    )
    machine = restart(INCOMPATIBLE_VERSION)
    move(school, 1, machine.name)
    wait_for(lambda: holder(redis, 1) == machine.name)

    def detail() -> str:
        return school.webs[0].get("/api/v1/rooms/1/state").json["camera"]["detail"] or ""

    wait_for(lambda: "messages of version 2, and this one reads version 1" in detail())
    assert school.webs[0].log.count("messages of version 2") == 1 + school.webs[0].log.count("lost: Another")
    with fault.recovery():
        machine.stop()
        await_pictures(school)
    move(school, 1, None)


def test_a_machine_whose_clock_is_a_minute_ahead_shows_pictures_as_any_other(
    school, redis, restart, record_fault
):
    fault = record_fault(
        lambda: school.log,
        done="The clock of one machine is a minute ahead.",
        seen="The picture, with its age as ever.",
        lost="Nothing; minutes have the time that the clock of their machine showed.",
    )
    machine = restart(CLOCK_AHEAD)
    with fault.recovery():
        move(school, 1, machine.name)
        wait_for(lambda: holder(redis, 1) == machine.name)
        await_pictures(school)
    with closing(stream(school.webs[0], 1)) as viewer:
        await_part(viewer, is_card=False)
        seen = list(islice(viewer, 10))
    assert all(0 <= part.received_at - part.captured_at < FRESH_SECONDS for part in seen)
    move(school, 1, None)


def test_a_machine_with_another_secret_is_not_heard_and_the_room_says_so(
    showing_school, redis, tmp_path, record_fault
):
    school = showing_school
    fault = record_fault(
        lambda: school.log,
        done="A machine starts with another SECRET_KEY and gets a room; then it ends.",
        seen="A card that names SECRET_KEY, then the picture of another machine.",
        lost="The time without pictures.",
    )
    environment = {**school.machines[0]._environment, "SECRET_KEY": "another key of somebody"}
    with Machine("stranger", tmp_path, environment):
        move(school, 2, "stranger")
        wait_for(lambda: holder(redis, 2) == "stranger")

        def detail() -> str:
            return school.webs[0].get("/api/v1/rooms/2/state").json["camera"]["detail"] or ""

        wait_for(lambda: "SECRET_KEY" in detail())
    with fault.recovery():
        await_pictures(school)
    move(school, 2, None)


def test_a_browser_s_picture_reaches_the_machine_that_reads_the_room(showing_school):
    """One web server takes the pictures, another one shows them, and no second sender gets in between."""
    school = showing_school
    one, two = school.webs
    school.query("UPDATE room SET camera = 'browser' WHERE id = 3")
    one.tell_monitor()
    jpeg = one.get("/rooms/room-1/snapshot.jpg").body
    headers = {"Content-Type": "image/jpeg"}

    def send(web: Server) -> int:
        headers["Authorization"] = f"Bearer {web.token}"
        return requests.post(f"{web.url}/api/v1/rooms/3/frames", jpeg, headers=headers).status_code

    def is_shown() -> bool:
        assert send(one) in (202, 503)
        state = two.get("/api/v1/rooms/3/state").json
        return state["camera"]["online"]

    try:
        wait_for(is_shown)
        wait_for(lambda: send(one) == 202 and not looks_like_a_card(next(stream(two, 3))))
        assert two.get("/api/v1/rooms/3/state").json["camera"]["source"] == "browser"
    finally:
        school.query("UPDATE room SET camera = 'demo?students=3' WHERE id = 3")
        one.tell_monitor()
