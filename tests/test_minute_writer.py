"""The monitor's thread that writes minutes: under a lease, with few queries, and after an outage."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import Engine, event, text

from app.clock import SYSTEM_CLOCK
from app.monitor.minute_aggregator import MAX_WAITING, MinuteAggregator
from app.monitor.minute_writer import MinuteWriter
from app.store import lecture_queries, minute_queries, room_queries
from app.store.changes import on_room_change
from app.store.counted_minute import CountedMinute
from app.store.minute_queries import LeaseSuperseded
from app.store.tables import Minute, db
from app.vision.emotion import Emotion
from app.vision.frame import Box, Face, Reading
from tests.manual_clock import ManualClock
from tests.server import wait_for

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
QUIET_QUERIES_PER_SECOND = 0.2


@pytest.fixture
def app(make_app, database_url):
    return make_app(DATABASE_URL=database_url)


def counted(seconds: float) -> CountedMinute:
    return CountedMinute(NOON, None, online_seconds=seconds, face_seconds=6 * seconds)


def stored() -> list[Minute]:
    db.session.expire_all()
    return list(db.session.query(Minute).order_by(Minute.minute))


def reading(at: datetime, monotonic: float) -> Reading:
    return Reading(at, monotonic, tuple(Face(n, Box(0, 0, 60, 60), None, Emotion.HAPPY) for n in range(6)))


def test_a_smaller_lease_number_writes_nothing(room):
    first, second = room_queries.take_lease_number(room.id), room_queries.take_lease_number(room.id)
    assert second > first
    minute_queries.save_minute(room, counted(30), 5, lease_number=second)
    with pytest.raises(LeaseSuperseded):
        minute_queries.save_minute(room, counted(50), 5, lease_number=first)
    assert [minute.online_seconds for minute in stored()] == [30]
    minute_queries.save_minute(room, counted(40), 5, lease_number=second)
    assert [minute.online_seconds for minute in stored()] == [40]


def test_a_writer_whose_lease_was_superseded_ends_and_says_so(app, room):
    writer = MinuteWriter(app, room.id, SYSTEM_CLOCK, room_queries.take_lease_number(room.id))
    try:
        wait_for(lambda: writer.effective_settings)
        room_queries.take_lease_number(room.id)
        for second in range(61, 64):
            writer.add(reading(NOON + timedelta(seconds=second), second), minimum_group=5)
        writer.add(reading(NOON + timedelta(minutes=5), 300), minimum_group=5)  # so that one is finished
        wait_for(lambda: writer.is_superseded)
    finally:
        writer.stop(10)
    assert stored() == []


def test_two_servers_that_know_nothing_of_each_other_never_write_both(app, room):
    """Without Redis, on one database: the one that came later reads the room."""
    first = MinuteWriter(app, room.id, SYSTEM_CLOCK)
    wait_for(lambda: first.effective_settings)
    second = MinuteWriter(app, room.id, SYSTEM_CLOCK)
    try:
        wait_for(lambda: second.effective_settings)
        for writer in (first, second):
            for moment in (0, 1, 70):
                writer.add(reading(NOON + timedelta(seconds=moment), moment), minimum_group=5)
        wait_for(lambda: first.is_superseded)
        wait_for(lambda: second.minutes_written)
    finally:
        first.stop(10)
        second.stop(10)
    assert stored()[0].frames_analysed == 2


class SteppedClock(ManualClock):
    """A clock on which the writer waits until the test lets a second pass."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on, self.is_waiting = Event(), Event()

    def wait(self, seconds, until=None) -> None:
        self.is_waiting.set()
        self.goes_on.wait(30)
        self.goes_on.clear()

    def step(self) -> None:
        """Let a second pass, and wait until the writer has done its work of that second."""
        self.is_waiting.wait(30)
        self.is_waiting.clear()
        self.pass_(1)
        self.goes_on.set()
        assert self.is_waiting.wait(30)


@pytest.fixture
def statements():
    """The SQL statements that are sent meanwhile, counted."""
    counts = Counter()

    def count(_connection, _cursor, statement, *_) -> None:
        counts[statement] += 1

    event.listen(Engine, "before_cursor_execute", count)
    yield counts
    event.remove(Engine, "before_cursor_execute", count)


def test_a_room_in_which_nothing_changes_costs_few_queries(app, room, statements):
    clock, room_id = SteppedClock(), room.id
    writer = MinuteWriter(app, room_id, clock, room_queries.take_lease_number(room_id))
    clock.step()
    statements.clear()
    for _ in range(5 * 60):
        writer.add(reading(clock.now(), clock.monotonic()), minimum_group=5)
        clock.step()
    count = statements.total()
    writer._ending.set()
    clock.goes_on.set()
    writer.stop(10)
    assert len(stored()) == 6, "all was written meanwhile"
    assert count <= QUIET_QUERIES_PER_SECOND * 5 * 60, statements.most_common()


def test_a_change_is_known_at_once_without_asking(app, room):
    changed = Event()
    on_room_change(app, lambda _: changed.set())
    writer = MinuteWriter(app, room.id, SYSTEM_CLOCK, settings_changed=changed)
    try:
        wait_for(lambda: writer.effective_settings)
        room_queries.change_room(room, camera="demo?students=3")
        wait_for(lambda: writer.effective_settings.camera == "demo?students=3")
        lecture_queries.start_lecture(room, "Algebra", "", SYSTEM_CLOCK.now())
        wait_for(lambda: writer._lecture_id)
    finally:
        writer.stop(10)


def test_a_day_of_minutes_waits_for_the_database_and_is_written_once_in_order(app, room):
    clock, room_id, minutes = SteppedClock(), room.id, 24 * 60
    writer = MinuteWriter(app, room_id, clock, room_queries.take_lease_number(room_id))
    clock.step()
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE minute RENAME TO minute_away"))
    began = clock.now()
    for number in range(minutes):
        for second in (0, 1):
            at = began + timedelta(minutes=number, seconds=second)
            writer.add(reading(at, 60 * number + second), minimum_group=5)
    clock.step()
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE minute_away RENAME TO minute"))
    clock.step()
    clock.step()
    rows = stored()
    assert len(rows) == minutes
    assert [row.minute for row in rows] == [row.minute for row in sorted(rows, key=lambda row: row.id)]
    assert {row.frames_analysed for row in rows} == {2}
    writer._ending.set()
    clock.goes_on.set()
    writer.stop(10)


def test_older_minutes_than_a_day_s_are_dropped():
    aggregator = MinuteAggregator()
    for number in range(MAX_WAITING + 5):
        aggregator.add(reading(NOON + timedelta(minutes=number), 60 * number), None, 5)
    waiting = aggregator.unwritten_minutes()
    assert len(waiting) == MAX_WAITING
    assert waiting[0].minute == NOON + timedelta(minutes=5)
