"""Lectures that nobody ends, and lectures that lasted for days."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from app.monitor.minute_writer import MinuteWriter
from app.report.stack_chart import MAX_COLUMNS
from app.store import lecture_queries, room_queries
from app.store.minute_queries import MAX_REPORTED
from app.store.tables import EXPRESSION_COLUMNS, Lecture, Minute, db
from tests.forms import signed_in_client
from tests.manual_clock import ManualClock
from tests.rooms import first_live_room
from tests.server import Server, wait_for

START = datetime(2024, 11, 20, 9, 30, tzinfo=UTC)
HTML = {"Accept": "text/html"}


@pytest.fixture
def browser(app):
    return signed_in_client(app)


class StandingClock(ManualClock):
    """A clock that stands still while the monitor waits."""

    def wait(self, seconds, until=None) -> None:
        until.wait(0.05)


def poll_once(app, clock: ManualClock) -> None:
    """Let the monitor look at the database."""
    writer = MinuteWriter(app, first_live_room(app).room_id, clock)
    wait_for(lambda: writer.effective_settings)
    writer.stop(timeout_seconds=10)


@pytest.mark.parametrize(("setting", "hours"), [({}, 4), ({"LECTURE_HOURS": "1"}, 1)])
def test_a_lecture_ends_by_itself_at_its_hour_even_if_nothing_ran_then(make_app, setting, hours):
    app, clock = make_app(**setting), StandingClock()
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture_queries.start_lecture(room, "Algebra", "", clock.now())
    poll_once(app, clock)
    with app.app_context():
        assert db.session.query(Lecture).one().ended_at is None
    clock.pass_(60 * 3600)
    poll_once(app, clock)
    with app.app_context():
        lecture = db.session.query(Lecture).one()
        assert lecture.ended_by_itself
        assert lecture.ended_at - lecture.started_at == timedelta(hours=hours)


def test_a_lecture_that_somebody_ended_stays_as_it_was(app):
    clock = ManualClock()
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture = lecture_queries.start_lecture(room, "Algebra", "", clock.now())
        stale = lecture_queries.find_lecture(lecture.id)
        db.session.expunge(stale)
        lecture = db.session.get(Lecture, stale.id)
        lecture_queries.end_lecture(lecture, clock.now() + timedelta(minutes=45))
        assert lecture_queries.end_if_overdue(stale, 4, clock.now() + timedelta(hours=5))
        lecture = db.session.get(Lecture, stale.id, populate_existing=True)
        assert not lecture.ended_by_itself
        assert lecture.ended_at - lecture.started_at == timedelta(minutes=45)


def test_the_server_ends_a_forgotten_lecture_and_says_so_on_the_live_page_and_in_the_report(tmp_path):
    server = Server(tmp_path, {"LECTURE_HOURS": "1"})
    try:
        server.start()
        lecture = server.get("/api/v1/lectures", method="POST", send={"title": "Algebra"}).json
        path = f"/lectures/{lecture['id']}"
        assert "ends by itself at" in server.get("/").body.decode()
        begin_earlier(server, hours=3)
        wait_for(lambda: server.get(f"/api/v1{path}").json["ended_at"])
        assert server.get(f"/api/v1{path}").json["ended_by_itself"]
        wait_for(lambda: "ended by itself after 1 hours" in server.log)
        assert f'<a href="{path}">Algebra</a>: nobody ended this lecture' in server.get("/").body.decode()
        assert "it ended by itself after 1 h 00 min." in server.get(path).body.decode()
        assert server.get(f"{path}/report.json").json["ended_by_itself"]
    finally:
        server.stop()


def begin_earlier(server: Server, hours: int) -> None:
    earlier = f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%d %H:%M:%S.%f}"
    server.change_database("UPDATE lecture SET started_at = ?", earlier)
    server.tell_monitor()


def add_long_lecture(app, days: int, minutes: int) -> int:
    """A lecture with this many minutes from its start on."""
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture = lecture_queries.start_lecture(room, "Forgotten", "", START)
        lecture_queries.end_lecture(lecture, START + timedelta(days=days))
        row = {
            "room_id": room.id,
            "lecture_id": lecture.id,
            "online_seconds": 60,
            "frames_analysed": 300,
            "faces_max": 9,
            "face_seconds": 480,
            "suppressed": False,
            **dict.fromkeys(EXPRESSION_COLUMNS, 60),
        }
        rows = [row | {"minute": START + timedelta(minutes=number)} for number in range(minutes)]
        db.session.execute(insert(Minute), rows)
        db.session.commit()
        return lecture.id


def test_a_lecture_of_400_days_is_a_page_of_a_normal_size_that_says_what_it_covers(app, browser):
    lecture_id = add_long_lecture(app, days=400, minutes=11_000)
    answer = browser.get(f"/lectures/{lecture_id}", headers=HTML)
    assert len(answer.data) < 1_500_000
    assert "this report covers its first 7 days" in answer.text
    assert len(re.findall(r"<tr\b", answer.text)) < MAX_COLUMNS + 20
    assert "Every 34 minutes" in answer.text
    minutes = browser.get(f"/api/v1/lectures/{lecture_id}/report").json["minutes"]
    assert len(minutes) == MAX_REPORTED / timedelta(minutes=1)
    csv = browser.get(f"/lectures/{lecture_id}/report.csv")
    assert csv.text.count("\n") == len(minutes) + 1
    assert "11000 minutes" in browser.get(f"/lectures/{lecture_id}/delete").text


def test_a_day_has_every_minute_in_its_files_and_steps_on_its_page(app, browser):
    lecture_id = add_long_lecture(app, days=1, minutes=24 * 60)
    page = browser.get(f"/lectures/{lecture_id}", headers=HTML).text
    assert "Every 5 minutes" in page
    assert "this report covers" not in page
    assert len(browser.get(f"/lectures/{lecture_id}/report.json").json["minutes"]) == 24 * 60


def test_a_lesson_of_an_hour_is_shown_minute_by_minute(app, browser):
    lecture_id = add_long_lecture(app, days=1, minutes=60)
    with app.app_context():
        lecture = lecture_queries.find_lecture(lecture_id)
        lecture.ended_at = START + timedelta(hours=1)
        db.session.commit()
    page = browser.get(f"/lectures/{lecture_id}", headers=HTML).text
    assert "Minute by minute" in page
    assert len(re.findall(r'<th scope="row">\d\d:\d\d</th>', page)) == 60
