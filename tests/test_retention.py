"""What is too old is deleted: everywhere, and in each room by that room's days."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from app.runner import purger
from app.store import lecture_queries, minute_queries, note_queries, retention, room_queries
from app.store.tables import Lecture, Minute, Note, Pause, Room, db
from tests.manual_clock import ManualClock
from tests.test_store import NOON, counted

TABLES = (Minute, Lecture, Note, Pause)


def days_ago(days: float):
    return NOON - timedelta(days=days)


@pytest.fixture
def app(make_app, database_url):
    return make_app(DATABASE_URL=database_url)


def fill(room: Room, age_days: float) -> None:
    """Store one of everything, of this age."""
    lecture = lecture_queries.start_lecture(room, "Algebra", "", days_ago(age_days))
    lecture_queries.end_lecture(lecture, days_ago(age_days))
    minute_queries.save_minute(room, counted(days_ago(age_days), lecture_id=lecture.id), minimum_group=1)
    note_queries.add_note(lecture, days_ago(age_days), "began recursion", NOON)
    room_queries.pause_room(room, "anna", days_ago(age_days))
    room_queries.resume_room(room, days_ago(age_days))


def counts() -> list[int]:
    return [db.session.query(table).count() for table in TABLES]


def test_each_room_keeps_what_its_own_days_allow(room):
    other = room_queries.get_or_create_room("Room 8")
    for each in (room, other):
        fill(each, age_days=40)
    room_queries.change_room(room, retention_days=30)
    assert [(purged.name, days, minutes) for purged, days, minutes in retention.purge(NOON)] == [
        ("Room 7", 30, 1),
        ("Room 8", 365, 0),
    ]
    assert counts() == [1, 1, 1, 1]
    assert db.session.query(Minute).one().room_id == other.id
    assert len(retention.purge(NOON + timedelta(days=400))) == 2
    assert counts() == [0, 0, 0, 0], "a room without a server is purged too"


def test_the_environment_s_days_are_those_of_its_own_room(make_app, database_url):
    for name, days in (("Room 7", "7"), ("Room 8", "3650")):
        app = make_app(DATABASE_URL=database_url, ROOM=name, RETENTION_DAYS=days)
        with app.app_context():
            fill(room_queries.get_or_create_room(name), age_days=400)
            retention.purge(NOON - timedelta(days=400))
    app = make_app(DATABASE_URL=database_url, RETENTION_DAYS="7")
    with app.app_context():
        retention.purge(NOON)
        assert [minute.room.name for minute in db.session.query(Minute)] == ["Room 8"]


def test_a_lecture_that_nobody_ended_is_as_old_as_its_last_minute(room):
    lecture = lecture_queries.start_lecture(room, "Forgotten", "", days_ago(40))
    note_queries.add_note(lecture, days_ago(40), "began recursion", NOON)
    minute_queries.save_minute(room, counted(days_ago(29), lecture_id=lecture.id), minimum_group=1)
    retention.delete_older_than(room, 30, NOON)
    assert counts() == [1, 1, 0, 0], "the note is older than 30 days, the lecture is not"
    retention.delete_older_than(room, 30, NOON + timedelta(days=2))
    assert counts() == [0, 0, 0, 0]


def test_a_lecture_without_minutes_that_nobody_ended_is_as_old_as_its_start(room):
    lecture_queries.start_lecture(room, "Dark", "", days_ago(31))
    retention.delete_older_than(room, 32, NOON)
    assert db.session.query(Lecture).count() == 1
    retention.delete_older_than(room, 30, NOON)
    assert db.session.query(Lecture).count() == 0


def test_what_is_deleted_is_in_no_file_any_more(make_app, tmp_path):
    """SQLite leaves it in free pages and in the write-ahead log."""
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'records.sqlite'}")
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        fill(room, age_days=400)
        assert "began recursion" in stored_bytes(tmp_path)
        retention.purge(NOON)
        assert "began recursion" not in stored_bytes(tmp_path)


def stored_bytes(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.glob("records.sqlite*"))


def test_a_refused_statement_is_logged_with_its_trace_and_an_outage_is_not(make_app, monkeypatch, caplog):
    """The purger, and three threads like it, took a refusal for an outage that others log."""
    errors = [
        OperationalError("DELETE", {}, Exception("disk I/O error")),
        IntegrityError("DELETE", {}, Exception("NOT NULL constraint failed")),
    ]

    def delete_hidden(_now) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(purger, "delete_hidden", delete_hidden)
    purger.Purger(make_app(), ManualClock(), lambda: not errors).run()
    assert "disk I/O error" not in caplog.text
    assert "NOT NULL constraint failed" in caplog.text
