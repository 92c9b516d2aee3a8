"""What is kept, on SQLite and on PostgreSQL."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from threading import Event

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text

from app.clock import SYSTEM_CLOCK
from app.monitor.minute_writer import MinuteWriter
from app.role import Role
from app.store import lecture_queries, minute_queries, retention, room_queries
from app.store.changes import on_room_change
from app.store.counted_minute import CountedMinute
from app.store.scope import EVERYTHING
from app.store.tables import Lecture, Minute, Note, Room, Token, db
from app.vision.emotion import Emotion
from app.vision.frame import Box, Face, Reading
from tests.server import wait_for

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(make_app, database_url):
    return make_app(DATABASE_URL=database_url)


def counted(minute: datetime = NOON, faces: int = 6, seconds: float = 30, **changes) -> CountedMinute:
    spans = (0, 0, 0, faces * seconds / 2, 0, 0, faces * seconds / 4, faces * seconds / 4)
    known = {
        "minute": minute,
        "lecture_id": None,
        "online_seconds": seconds,
        "frames_analysed": 150,
        "faces_max": faces,
        "face_seconds": faces * seconds,
        "expression_seconds": spans,
    }
    return CountedMinute(**(known | changes))


def stored() -> list[Minute]:
    db.session.expire_all()
    return list(db.session.query(Minute).order_by(Minute.minute, Minute.id))


def test_the_migrations_make_what_the_tables_say(room):
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_the_migrations_can_be_taken_back_and_run_again(room):
    db.session.remove()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert "minute" in inspect(db.engine).get_table_names()


def test_a_database_of_version_0_1_0_keeps_everything_when_it_becomes_a_school_s(room):
    db.session.remove()
    downgrade(revision="0002")
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM room"))
        for statement in (
            "INSERT INTO room (id, name) VALUES (1, 'Straße 1'), (2, 'Strasse 1'), (3, '教室'), "
            "(4, 'Strasse 1 2'), (5, 'New')",
            "INSERT INTO \"user\" (id, name, password_hash) VALUES (1, 'anna', 'x')",
            "INSERT INTO token (id, user_id, sha256, created_at) VALUES (1, 1, 'abc', '2026-11-20 12:00:00')",
            "INSERT INTO lecture (id, room_id, title, course, started_at) "
            "VALUES (1, 2, 'Algebra', '', '2026-11-20 12:00:00')",
            "INSERT INTO note (id, lecture_id, at, text) VALUES (1, 1, '2026-11-20 12:00:00', 'Test')",
            "INSERT INTO minute (id, room_id, lecture_id, minute, online_seconds, frames_analysed, "
            "faces_max, face_seconds, suppressed) "
            "VALUES (1, 2, 1, '2026-11-20 12:00:00', 60, 300, 20, 1200, true)",
        ):
            connection.execute(text(statement))
    upgrade()
    rooms = db.session.scalars(select(Room).order_by(Room.id)).all()
    assert [room.slug for room in rooms] == ["strasse-1", "strasse-1-2", "jiao-shi", "strasse-1-2-2", "new-2"]
    assert [room.archived_at is None for room in rooms] == [False, True, False, False, False], (
        "the one that was read last"
    )
    lecture = db.session.get(Lecture, 1)
    assert (lecture.owner.name, lecture.owner.role) == ("anna", Role.ADMINISTRATOR)
    counts = {
        table: db.session.scalar(select(func.count()).select_from(table)) for table in (Token, Note, Minute)
    }
    assert counts == {Token: 1, Note: 1, Minute: 1}


@pytest.mark.parametrize(
    ("camera", "purposes"),
    [
        ("rtsp://camera.example/1", ["expressions", "expressions", "presence"]),
        ("demo?students=6", [None, "expressions", "presence"]),
    ],
)
def test_rooms_whose_purpose_nobody_chose_go_on_reading_expressions(make_app, camera, purposes):
    """Unless it was the drawn classroom, which nobody set up: the next camera is asked about."""
    with make_app(CAMERA=camera).app_context():
        downgrade(revision="0015")
        with db.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO room (id, name, slug, told_at, purpose) VALUES (1, 'A', 'a', NULL, NULL), "
                    "(2, 'B', 'b', '2026-11-20 12:00:00', NULL), "
                    "(3, 'C', 'c', '2026-11-20 12:00:00', 'presence')"
                )
            )
        upgrade()
        assert [room.purpose for room in db.session.scalars(select(Room).order_by(Room.id))] == purposes
        db.session.remove()
        db.engine.dispose()


def test_a_minute_is_written_over_itself_and_read_back_whole(room):
    minute_queries.save_minute(room, counted(seconds=10), minimum_group=5)
    minute_queries.save_minute(room, counted(seconds=30), minimum_group=5)
    (minute,) = stored()
    assert minute.minute == NOON
    assert minute.minute.tzinfo is UTC
    assert minute.faces_mean == pytest.approx(6)
    assert minute.shares[Emotion.HAPPY] == pytest.approx(0.5)
    assert sum(minute.shares.values()) + minute.uncertain_share == pytest.approx(1)
    assert minute_queries.load_minute(room, NOON, None) == counted(seconds=30)


def test_the_same_minute_in_and_outside_a_lecture_are_two(room):
    lecture = lecture_queries.start_lecture(room, "Algebra", "", NOON)
    minute_queries.save_minute(room, counted(), minimum_group=1)
    minute_queries.save_minute(room, counted(lecture_id=lecture.id), minimum_group=1)
    minute_queries.save_minute(room, counted(lecture_id=lecture.id), minimum_group=1)
    assert [minute.lecture_id for minute in stored()] == [None, lecture.id]


def test_a_minute_in_which_no_group_was_in_view_keeps_no_expressions(room):
    minute_queries.save_minute(room, counted(faces=4, expression_seconds=(0.0,) * 8), minimum_group=5)
    (minute,) = stored()
    assert minute.suppressed
    assert minute.shares is minute.happy_seconds is None
    assert minute.faces_mean == pytest.approx(4), "how many there were is no secret"
    assert minute.minimum_group == 5


def test_a_minute_goes_on_after_a_part_without_a_group(room):
    minute_queries.save_minute(room, counted(faces=2, expression_seconds=(0.0,) * 8), minimum_group=5)
    before = minute_queries.load_minute(room, NOON, None)
    minute_queries.save_minute(room, before.merged_with(counted(faces=20)), minimum_group=5)
    (minute,) = stored()
    assert not minute.suppressed
    assert (minute.face_seconds, minute.counted_seconds) == (660, 600)


def published_shares(room: Room, now: datetime) -> dict | None:
    (minute,) = minute_queries.minutes_between(EVERYTHING, None, None, room, now, limit=10)
    return minute.shares


def test_the_expressions_of_a_minute_are_given_out_once_it_can_not_grow_any_more(room):
    minute_queries.save_minute(room, counted(), minimum_group=5, is_finished=False)
    assert published_shares(room, NOON + timedelta(seconds=59)) is None
    assert published_shares(room, NOON + timedelta(seconds=61)) is None, (
        "its last seconds are not written yet"
    )
    minute_queries.save_minute(room, counted(seconds=60), minimum_group=5)
    assert published_shares(room, NOON + timedelta(seconds=61)) is not None


def test_the_expressions_of_a_minute_whose_monitor_was_killed_are_given_out_a_minute_later(room):
    minute_queries.save_minute(room, counted(), minimum_group=5, is_finished=False)
    assert published_shares(room, NOON + timedelta(minutes=2)) is not None


def test_the_last_minute_of_a_lecture_that_ended_is_given_out_once_it_is_counted(room):
    lecture = lecture_queries.start_lecture(room, "Algebra", "", NOON)
    now = NOON + timedelta(seconds=40)
    minute_queries.save_minute(room, counted(lecture_id=lecture.id), minimum_group=5)
    (minute,) = minute_queries.minutes_of_lecture(lecture, now)
    assert minute.shares is None
    assert minute_queries.expressions_of_lectures([lecture], now) == {lecture.id: []}
    lecture_queries.end_lecture(lecture, now)
    (minute,) = minute_queries.minutes_of_lecture(lecture, now)
    assert minute.shares is not None
    assert len(minute_queries.expressions_of_lectures([lecture], now)[lecture.id]) == 1


def test_a_minute_that_saw_nobody_has_no_shares_and_hides_nothing(room):
    minute_queries.save_minute(
        room, counted(faces=0, expression_seconds=(0.0,) * 8, face_seconds=0.0, faces_max=0), minimum_group=5
    )
    (minute,) = stored()
    assert minute.shares is None
    assert not minute.suppressed


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 500), min_size=8, max_size=8).filter(lambda spans: sum(spans) > 1e-3))
def test_the_shares_of_any_minute_add_up_to_one(room, spans):
    minute_queries.save_minute(
        room, counted(expression_seconds=tuple(spans), face_seconds=sum(spans)), minimum_group=1
    )
    (minute,) = stored()
    assert sum(minute.shares.values()) + minute.uncertain_share == pytest.approx(1)


def test_times_of_another_zone_are_kept_in_utc_and_naive_ones_refused(room):
    there = datetime(2026, 11, 20, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert lecture_queries.start_lecture(room, "Algebra", "", there).started_at == NOON
    with pytest.raises(Exception, match="no time zone"):
        lecture_queries.start_lecture(room, "Algebra", "", datetime(2026, 11, 20))
    db.session.rollback()


def test_a_room_has_one_running_lecture(room):
    first = lecture_queries.start_lecture(room, "Algebra", "", NOON)
    with pytest.raises(lecture_queries.LectureError, match=r"Algebra.* is still running in Room 7"):
        lecture_queries.start_lecture(room, "Geometry", "", NOON)
    lecture_queries.end_lecture(first, NOON)
    with pytest.raises(lecture_queries.LectureError, match="ended already"):
        lecture_queries.end_lecture(first, NOON)
    lecture_queries.start_lecture(room, "Geometry", "", NOON)


def test_a_deleted_lecture_takes_its_minutes_along(room):
    lecture = lecture_queries.start_lecture(room, "Algebra", "", NOON)
    minute = counted(lecture_id=lecture.id)
    minute_queries.save_minute(room, minute, minimum_group=1)
    minute_queries.save_minute(room, counted(), minimum_group=1)
    lecture_queries.delete_lecture(lecture)
    minute_queries.save_minute(room, minute, minimum_group=1)
    assert [minute.lecture_id for minute in stored()] == [None]


def test_what_is_old_is_deleted(room):
    old = lecture_queries.start_lecture(room, "Old", "", NOON - timedelta(days=40))
    lecture_queries.end_lecture(old, NOON - timedelta(days=40))
    minute_queries.save_minute(room, counted(NOON - timedelta(days=40), lecture_id=old.id), minimum_group=1)
    minute_queries.save_minute(room, counted(NOON - timedelta(days=31)), minimum_group=1)
    minute_queries.save_minute(room, counted(NOON - timedelta(days=29)), minimum_group=1)
    assert retention.delete_older_than(room, 30, NOON) == 2
    assert len(stored()) == 1
    assert db.session.query(Lecture).count() == 0


def test_minutes_come_in_pages_without_loss(room):
    for number in range(7):
        minute_queries.save_minute(room, counted(NOON + timedelta(minutes=number)), minimum_group=1)
    found, after, start, later = [], None, NOON + timedelta(minutes=1), NOON + timedelta(hours=1)
    while page := minute_queries.minutes_between(EVERYTHING, start, None, room, later, 2, after):
        found += [row.minute for row in page]
        after = (page[-1].minute, page[-1].id)
    assert found == [NOON + timedelta(minutes=number) for number in range(1, 7)]


def reading(second: float, emotion: Emotion) -> Reading:
    faces = tuple(Face(track, Box(0, 0, 60, 60), None, emotion) for track in range(6))
    return Reading(NOON + timedelta(seconds=second), second, faces)


def record(app, room: Room, seconds: range, emotion: Emotion) -> None:
    writer = MinuteWriter(app, room.id, SYSTEM_CLOCK)
    for second in seconds:
        writer.add(reading(second, emotion), minimum_group=5)
    writer.stop(timeout_seconds=10)


def test_a_new_process_goes_on_with_the_minute_of_the_one_before(app, room):
    record(app, room, range(0, 21), Emotion.HAPPY)
    record(app, room, range(30, 51), Emotion.NEUTRAL)
    (minute,) = stored()
    assert minute.online_seconds == pytest.approx(40)
    assert minute.frames_analysed == 42
    assert minute.shares[Emotion.HAPPY] == pytest.approx(0.5)
    assert minute.shares[Emotion.NEUTRAL] == pytest.approx(0.5)


def test_what_is_written_after_a_second_connection_is_there_for_other_processes(make_app, tmp_path):
    """Guards against opening and closing SQLite's file beside SQLite, which ends the process's locks."""
    path = tmp_path / "shared.sqlite"
    rows = f"sqlite3.connect({str(path)!r}).execute('SELECT name FROM room').fetchall()"
    read = f"import sqlite3; print({rows})"
    app = make_app(DATABASE_URL=f"sqlite:///{path}")
    with app.app_context(), db.engine.connect() as first, db.engine.connect() as second:
        second.execute(text("SELECT name FROM room"))
        subprocess.run([sys.executable, "-c", read], check=True, capture_output=True)
        first.execute(text("INSERT INTO room (name, slug) VALUES ('Room 8', 'room-8')"))
        first.commit()
        seen = subprocess.run([sys.executable, "-c", read], check=True, capture_output=True, text=True).stdout
        assert "Room 8" in seen
        db.engine.dispose()


def test_the_last_seconds_of_a_lecture_are_written_as_soon_as_it_ends(app, room):
    lecture = lecture_queries.start_lecture(room, "Algebra", "", SYSTEM_CLOCK.now())
    changed = Event()
    on_room_change(app, lambda _: changed.set())
    writer = MinuteWriter(app, room.id, SYSTEM_CLOCK, settings_changed=changed)
    try:
        wait_for(lambda: writer._lecture_id)
        for second in range(0, 31):
            writer.add(reading(second, Emotion.HAPPY), minimum_group=1)
        lecture_queries.end_lecture(lecture, SYSTEM_CLOCK.now())
        db.session.remove()
        wait_for(lambda: stored(), seconds=6)  # sooner than WRITE_SECONDS
    finally:
        writer.stop(timeout_seconds=10)


def test_minutes_wait_in_memory_while_the_database_is_away(app, room, caplog):
    room_id = room.id
    db.session.remove()
    downgrade(revision="base")
    writer = MinuteWriter(app, room_id, SYSTEM_CLOCK)
    for second in range(0, 130):
        writer.add(reading(second, Emotion.SAD), minimum_group=5)
    while "wait in memory" not in caplog.text:
        SYSTEM_CLOCK.wait(0.05)
    upgrade()
    room_queries.get_or_create_room("Room 7")
    writer.stop(timeout_seconds=10)
    assert [round(minute.face_seconds) for minute in stored()] == [360, 360, 54]
