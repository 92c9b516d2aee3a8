"""Which machine reads which room: leases in a real Redis, with the numbers that the database counts."""

import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from app.bus.messages import MonitorUnavailable
from app.bus.signed_channel import SignedChannel
from app.bus.web_link import WebLink
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.language import Translatable
from app.runner import machine_rooms, redis_leases
from app.runner.machine_rooms import MachineRooms, RoomToRead
from app.runner.monitor_machine import MonitorMachine
from app.runner.redis_leases import MachineLeases
from tests.redis_server import BINARY
from tests.server import wait_for
from tests.test_hub import ONLINE, SINCE, status

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

SECRET = "a key for tests only"
REFUSED = CameraState(False, Reason.REFUSED, Translatable("The camera refuses."), SINCE, capture_fps=0.0)
FULL = Translatable("This machine is full.")


class School:
    """The rooms and their numbers, as the database has them."""

    def __init__(self) -> None:
        self.rooms = [RoomToRead(number, None) for number in range(1, 5)]
        self.numbers = Counter()
        self.is_away = False

    def load(self) -> list[RoomToRead]:
        self._answer()
        return self.rooms

    def take_number(self, room_id: int) -> int:
        self._answer()
        self.numbers[room_id] += 1
        return self.numbers[room_id]

    def newest_numbers(self, room_ids) -> dict[int, int]:
        self._answer()
        return {room_id: self.numbers[room_id] for room_id in room_ids}

    def _answer(self) -> None:
        if self.is_away:
            raise OperationalError("SELECT", {}, Exception("the database is away"))


class Machine:
    """A machine that chooses rooms when a test lets it."""

    def __init__(self, name: str, url: str, school: School) -> None:
        self.name = name
        self.is_over = False
        self.statuses = {}
        self.most = 10
        self.channel = SignedChannel(url, SECRET)
        self.leases = MachineLeases(
            name,
            self.channel,
            school.take_number,
            school.newest_numbers,
            SYSTEM_CLOCK,
            lambda: self.is_over,
        )
        self.rooms = MachineRooms(
            name,
            self.leases,
            self.channel,
            school.load,
            lambda count: FULL if count >= self.most else None,
            self.statuses.get,
        )
        self.leases.start()
        wait_for(lambda: self.leases.may_take)

    def look(self) -> set[int]:
        """Choose, and give up what is not chosen, as the runner does."""
        self.rooms.has_changed.set()
        chosen = set(self.rooms.choose())
        for room_id in list(self.leases._held):
            if room_id not in chosen:
                self.leases.release(self.leases.lease_of(room_id))
        return chosen

    def stop(self) -> None:
        self.is_over = True
        self.leases.join()
        self.channel.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch, redis):
    """Leases that expire soon, and an empty Redis."""
    monkeypatch.setattr(redis_leases, "LEASE_SECONDS", 1.5)
    monkeypatch.setattr(redis_leases, "RENEWAL_SECONDS", 0.3)
    monkeypatch.setattr(redis_leases, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(redis_leases, "POLL_SECONDS", 0.05)
    redis.client.flushall()


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def make_machine(redis, school):
    with ExitStack() as machines:

        @contextmanager
        def running(name: str):
            machine = Machine(name, redis.url, school)
            yield machine
            if not machine.is_over:
                machine.stop()

        yield lambda name: machines.enter_context(running(name))


def look_together(*machines: Machine) -> list[set[int]]:
    """Let the machines look until every room is read."""
    wait_for(lambda: len(set().union(*(machine.look() for machine in machines))) == 4)
    return [machine.look() for machine in machines]


def test_machines_share_the_rooms_and_no_room_is_read_twice(make_machine):
    one, two = make_machine("one"), make_machine("two")
    ours, theirs = look_together(one, two)
    assert ours | theirs == {1, 2, 3, 4}
    assert not ours & theirs
    assert ours
    assert theirs
    time.sleep(2)  # longer than a lease lasts without renewal
    assert (one.look(), two.look()) == (ours, theirs)


def test_a_machine_takes_no_more_than_it_can_read_and_says_so(make_machine, caplog):
    one = make_machine("one")
    one.most = 3
    wait_for(lambda: len(one.look()) == 3)
    assert len(one.look()) == 3
    assert caplog.text.count(str(FULL)) == 1


def test_a_clean_end_frees_the_rooms_at_once(make_machine):
    one, two = make_machine("one"), make_machine("two")
    one.most = 0
    wait_for(lambda: len(two.look()) == 4)
    two.stop()
    one.most = 10
    assert one.look() == {1, 2, 3, 4}
    assert one.leases.machines() == ["one"]


def test_each_lease_has_a_larger_number_than_the_one_before(make_machine, redis):
    one = make_machine("one")
    one.look()
    numbers = {room: one.rooms.lease(room).number for room in one.leases.held}
    one.stop()
    redis.client.flushall()  # Redis loses its memory
    two = make_machine("two")
    two.look()
    assert all(two.rooms.lease(room).number > number for room, number in numbers.items())


def test_a_machine_that_could_not_renew_loses_its_rooms_and_knows_at_once(make_machine, monkeypatch):
    one, two = make_machine("one"), make_machine("two")
    two.most = 0
    wait_for(lambda: len(one.look()) == 4)
    lease = one.rooms.lease(1)
    with monkeypatch.context() as frozen:
        frozen.setattr(one.leases, "_renew", lambda lease: None)
        wait_for(lambda: not lease.is_held)  # by its own clock, without asking anybody
        two.most = 10
        wait_for(lambda: len(two.look()) == 4)
    wait_for(lambda: lease.is_lost)
    assert one.look() == set()


def test_a_redis_that_lost_its_memory_moves_no_room(make_machine, redis, school):
    one, two = make_machine("one"), make_machine("two")
    before = look_together(one, two)
    numbers = dict(school.numbers)
    redis.stop()
    wait_for(lambda: one.channel.outage and two.channel.outage)
    assert (one.look(), two.look()) == tuple(before), "what is read goes on"
    redis.start()
    wait_for(lambda: one.look() and two.look() and redis.client.exists("aula:lease:1", "aula:lease:4") == 2)
    assert [one.look(), two.look()] == before
    assert school.numbers == numbers


def test_a_superseded_number_counts_as_a_lost_lease(make_machine, school):
    one = make_machine("one")
    one.look()
    school.numbers[2] += 1
    assert 2 not in one.look()
    assert 2 in one.look()
    assert one.rooms.lease(2).number == school.numbers[2]


def test_without_the_database_no_room_is_taken_and_none_is_given_up(make_machine, school):
    one = make_machine("one")
    one.most = 2
    assert len(one.look()) == 2
    school.is_away = True
    one.most = 4
    assert len(one.look()) == 2
    school.is_away = False
    assert len(one.look()) == 4


def test_an_administrator_moves_a_room_to_a_machine_that_is_there(make_machine, school):
    one, two = make_machine("one"), make_machine("two")
    two.most = 0
    wait_for(lambda: len(one.look()) == 4)
    two.most = 10
    school.rooms[0] = RoomToRead(1, "two")
    school.rooms[1] = RoomToRead(2, "a machine that is away")
    assert one.look() == {2, 3, 4}
    assert two.look() == {1}
    two.stop()
    wait_for(lambda: one.look() == {1, 2, 3, 4}), "until that machine is there again"


def test_a_machine_takes_what_an_administrator_gives_it_beyond_what_it_can_read(make_machine, school):
    one = make_machine("one")
    one.most = 1
    school.rooms[2] = RoomToRead(3, "one")
    school.rooms[3] = RoomToRead(4, "one")
    assert one.look() == {3, 4}


def test_rooms_that_nobody_can_read_hear_why(make_machine, redis):
    web = WebLink(SignedChannel(redis.url, SECRET))
    web.receive(0)
    one = make_machine("one")
    one.most = 3
    wait_for(lambda: len(one.look()) == 3 and one.look())
    received = web.receive(5)
    assert received.message == MonitorUnavailable(FULL)
    assert (received.room_id, received.lease_number) == (({1, 2, 3, 4} - one.look()).pop(), 0)
    web.close()


def test_a_camera_out_of_reach_goes_to_another_machine_once(make_machine, school, monkeypatch, caplog):
    monkeypatch.setattr(machine_rooms, "REACH_SECONDS", 0.2)
    monkeypatch.setattr(machine_rooms, "ABANDONED_SECONDS", 1.0)
    school.rooms = [RoomToRead(1, None)]
    one = make_machine("one")
    assert one.look() == {1}
    one.statuses[1] = status(REFUSED)
    time.sleep(0.3)
    assert one.look() == {1}, "nobody else is there to try"
    two = make_machine("two")
    assert one.look() == set()
    assert "can't reach the camera of room 1" in caplog.text
    assert one.look() == set(), "left to the other machine"
    assert two.look() == {1}
    two.statuses[1] = status(ONLINE)
    time.sleep(0.3)
    assert (one.look(), two.look()) == (set(), {1})
    two.statuses[1] = status(REFUSED)
    assert two.look() == {1}, "it worked here, so the camera is broken, not far away"


def test_a_room_that_every_machine_gave_up_is_read_again(make_machine, school, monkeypatch):
    monkeypatch.setattr(machine_rooms, "REACH_SECONDS", 0.2)
    monkeypatch.setattr(machine_rooms, "ABANDONED_SECONDS", 0.5)
    school.rooms = [RoomToRead(1, None)]
    one, two = make_machine("one"), make_machine("two")
    two.most = 0
    assert one.look() == {1}
    one.statuses[1] = status(REFUSED)
    time.sleep(0.3)
    assert one.look() == set()
    wait_for(lambda: one.look() == {1})
    time.sleep(0.3)
    assert one.look() == {1}, "it tries on"


def test_a_full_redis_keeps_what_is_held_and_gives_no_new_lease(make_machine, school, redis, caplog):
    one = make_machine("one")
    one.most = 2
    held = one.look()
    redis.client.config_set("maxmemory", 1)
    try:
        time.sleep(2)
        one.most = 4
        assert one.look() == held
        assert all(one.rooms.lease(room).is_held for room in held)
        assert "Redis is full" in caplog.text
    finally:
        redis.client.config_set("maxmemory", 0)
    wait_for(lambda: len(one.look()) == 4)


@pytest.mark.parametrize(("policy", "lines"), [("allkeys-lru", 1), ("noeviction", 0)])
def test_a_redis_that_may_throw_leases_away_is_named(make_app, redis, postgres, caplog, policy, lines):
    app = make_app(REDIS_URL=redis.url, DATABASE_URL=postgres.new_database())
    machine = MonitorMachine(app, Event())
    redis.client.config_set("maxmemory-policy", policy)
    try:
        machine._warn_of_eviction()
    finally:
        redis.client.config_set("maxmemory-policy", "noeviction")
        machine._channel.close()
    assert caplog.text.count(f"its maxmemory-policy is {policy}; set it to noeviction") == lines
