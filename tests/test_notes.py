"""Notes: what somebody wrote down for a moment of a lecture."""

from datetime import UTC, datetime, timedelta

import pytest

from app.store import lecture_queries, note_queries, retention, room_queries
from app.store.tables import Note, db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(make_app, database_url):
    """An application on each kind of database."""
    app = make_app(DATABASE_URL=database_url)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def path(app) -> str:
    """Where the notes of a lecture of an hour are, from noon on."""
    with app.app_context():
        lecture = lecture_queries.start_lecture(
            room_queries.get_or_create_room("Room 7"), "Algebra", "7b", NOON
        )
        lecture_queries.end_lecture(lecture, NOON + timedelta(hours=1))
        return f"/api/v1/lectures/{lecture.id}/notes"


def test_notes_are_added_listed_in_order_and_deleted(api, path):
    late = api.post(path, json={"at": "2026-11-20T12:40:00Z", "text": "exercise"})
    early = api.post(path, json={"at": "2026-11-20T13:10:00+01:00", "text": "  began <b>recursion</b> "})
    assert (late.status_code, early.status_code) == (201, 201)
    assert early.json == {
        "id": early.json["id"],
        "at": "2026-11-20T12:10:00Z",
        "text": "began <b>recursion</b>",
    }
    assert [note["text"] for note in api.get(path).json["notes"]] == ["began <b>recursion</b>", "exercise"]
    assert api.delete(f"{path}/{early.json['id']}").status_code == 204
    assert api.get(path).json["notes"] == [late.json]
    assert api.delete(f"{path}/{early.json['id']}").status_code == 404


def test_a_note_without_a_time_is_of_this_moment(api):
    lecture = api.post("/api/v1/lectures", json={"title": "Algebra"}).json
    note = api.post(f"/api/v1/lectures/{lecture['id']}/notes", json={"text": "worked example"})
    assert note.status_code == 201
    assert note.json["at"] >= lecture["started_at"]


@pytest.mark.parametrize("at", ["2026-11-20T11:59:59Z", "2026-11-20T13:00:01Z"])
def test_a_note_outside_its_lecture_is_refused(api, path, at):
    answer = api.post(path, json={"at": at, "text": "too late"})
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert "from 2026-11-20 12:00:00 to 2026-11-20 13:00:00 UTC" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "x" * 501}, "text"),
        ({"text": "two\nlines"}, "text"),
        ({"text": "x", "at": "noon"}, "at"),
        ({"text": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_bad_note_is_refused_by_the_name_of_its_field(api, path, body, named):
    answer = api.post(path, json=body)
    assert answer.status_code == 422
    assert named in answer.json["detail"]
    assert api.get(path).json["notes"] == []


def test_an_unknown_lecture_has_no_notes_and_another_lecture_s_note_is_not_found(api, app, path):
    assert api.get("/api/v1/lectures/999/notes").status_code == 404
    assert api.post("/api/v1/lectures/999/notes", json={"text": "x"}).status_code == 404
    note = api.post(path, json={"at": "2026-11-20T12:10:00Z", "text": "x"}).json["id"]
    other = api.post("/api/v1/lectures", json={"title": "Other"}).json["id"]
    assert api.delete(f"/api/v1/lectures/{other}/notes/{note}").status_code == 404


def test_notes_have_an_end(api, app, path, monkeypatch):
    monkeypatch.setattr(note_queries, "MAX_NOTES", 1)
    assert api.post(path, json={"at": "2026-11-20T12:10:00Z", "text": "x"}).status_code == 201
    assert (
        "1 notes at most" in api.post(path, json={"at": "2026-11-20T12:10:00Z", "text": "x"}).json["detail"]
    )


def test_notes_go_with_their_lecture(api, app, path):
    api.post(path, json={"at": "2026-11-20T12:10:00Z", "text": "x"})
    assert api.delete(path.removesuffix("/notes")).status_code == 204
    with app.app_context():
        assert db.session.query(Note).count() == 0


def test_notes_are_deleted_when_their_lecture_is_old(api, app, path):
    api.post(path, json={"at": "2026-11-20T12:10:00Z", "text": "x"})
    with app.app_context():
        room = room_queries.find_room("Room 7")
        retention.delete_older_than(room, 30, NOON + timedelta(days=40))
        assert db.session.query(Note).count() == 0
