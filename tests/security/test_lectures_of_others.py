"""A teacher reads their own lectures and those shared with them, and watches the rooms they were given."""

from datetime import UTC, datetime, timedelta

import pytest

from app.role import Role
from app.store import lecture_queries, minute_queries, note_queries, room_queries, user_queries
from app.store.counted_minute import CountedMinute

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def school(app):
    """Rooms 7 and 8, two teachers and a viewer; Anna teaches in Room 7, minute by minute."""
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        room_queries.get_or_create_room("Room 8")
        users = {
            name: user_queries.set_password(name, "a long password")
            for name in ("admin", "anna", "bert", "walt")
        }
        users["walt"].role = Role.VIEWER
        lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON, users["anna"])
        for number, lecture_id in ((0, lecture.id), (1, lecture.id), (2, None)):
            minute_queries.save_minute(room, a_minute(number, lecture_id), minimum_group=5)
    return app


def a_minute(number: int, lecture_id: int | None) -> CountedMinute:
    spans = (0, 0, 0, 180, 0, 0, 120, 60)
    return CountedMinute(NOON + timedelta(minutes=number), lecture_id, 60, 300, 8, 360, spans)


def client_of(app, name: str, rooms: tuple[str, ...] | None = None, **options):
    """A program with a key of somebody, good for `rooms`."""
    with app.app_context():
        found = None if rooms is None else [room_queries.find_room(each) for each in rooms]
        text = user_queries.create_token(user_queries.find_user(name), NOON, rooms=found, **options)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def give_rooms(app, name: str, *rooms: str) -> None:
    with app.app_context():
        user = user_queries.find_user(name)
        user_queries.set_rooms(user, [room_queries.find_room(each) for each in rooms])


def lectures_of(client) -> list[str]:
    return [lecture["title"] for lecture in client.get("/api/v1/lectures").json["lectures"]]


def test_a_lecture_belongs_to_whom_started_it(school):
    bert = client_of(school, "bert")
    assert lectures_of(client_of(school, "anna")) == ["Algebra"]
    assert lectures_of(client_of(school, "admin")) == ["Algebra"]
    assert lectures_of(bert) == []
    assert "Algebra" not in bert.get("/lectures").text
    assert bert.get("/lectures/1").status_code == 404
    assert bert.get("/lectures/compare?a=1&b=1").status_code == 404
    assert bert.get("/lectures/1/report.pdf").status_code == 404
    assert bert.get("/courses?name=7b").status_code == 404


def test_nobody_finds_a_lecture_of_others_by_its_notes(school):
    with school.app_context():
        lecture = lecture_queries.find_lecture(1)
        note_queries.add_note(lecture, NOON, "fire drill", NOON)
    assert "fire drill”" in client_of(school, "anna").get("/lectures?q=fire").text
    assert "fire drill”" not in client_of(school, "bert").get("/lectures?q=fire").text


def test_a_shared_lecture_is_read_and_not_changed(school):
    anna, bert = client_of(school, "anna"), client_of(school, "bert")
    assert "bert" in anna.get("/lectures/1").text
    anna.post("/lectures/1/share", data={"user": "3"})
    assert lectures_of(bert) == ["Algebra"]
    page = bert.get("/lectures/1").text
    assert "anna" in page
    assert "Delete this lecture" not in page
    assert bert.patch("/api/v1/lectures/1", json={"title": "Geometry"}).status_code == 403
    anna.post("/lectures/1/share", data={})
    assert lectures_of(bert) == []


def test_a_program_shares_a_lecture_with_teachers_by_name(school):
    anna, bert = client_of(school, "anna"), client_of(school, "bert")
    assert anna.patch("/api/v1/lectures/1", json={"shared_with": ["bert"]}).json["shared_with"] == ["bert"]
    assert lectures_of(bert) == ["Algebra"]
    assert bert.get("/api/v1/lectures/1").json["shared_with"] is None, "only its owner's business"
    for nobody in ("walt", "anna", "zoe"):
        refused = anna.patch("/api/v1/lectures/1", json={"title": "Sets", "shared_with": ["bert", nobody]})
        assert refused.status_code == 422
        assert refused.json["detail"] == f"There is no other teacher {nobody}."
    assert anna.get("/api/v1/lectures/1").json["title"] == "Algebra", "a refused change changes nothing"
    assert anna.patch("/api/v1/lectures/1", json={"shared_with": []}).json["shared_with"] == []
    assert lectures_of(bert) == []


def test_minutes_of_a_lecture_of_somebody_else_are_left_out_and_the_answer_says_so(school):
    answer = client_of(school, "bert").get("/api/v1/minutes?room=Room 7&to=2026-11-20T13:00:00Z").json
    assert [minute["lecture_id"] for minute in answer["minutes"]] == [None]
    assert answer["lectures_of_others"] == [{"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T13:00:00Z"}]
    own = client_of(school, "anna").get("/api/v1/minutes?room=Room 7").json
    assert [minute["lecture_id"] for minute in own["minutes"]] == [1, 1, None]
    assert own["lectures_of_others"] == []


def test_the_live_page_says_whose_lecture_is_running_and_not_which(school):
    for name in ("bert", "walt"):
        client = client_of(school, name)
        page = client.get("/rooms/room-7").text
        assert "anna" in page
        assert "Algebra" not in page
        lecture = client.get("/api/v1/state").json["lecture"]
        assert (lecture["title"], lecture["course"], lecture["owner"]) == (None, None, "anna")
    refused = client_of(school, "bert").post("/api/v1/lectures", json={"title": "Geometry"})
    assert refused.status_code == 409
    assert refused.json["detail"] == "A lecture of anna is still running in Room 7; end it first."


def test_a_forgotten_lecture_is_ended_by_the_next_teacher_of_the_room_and_stays_with_its_owner(school):
    give_rooms(school, "bert", "Room 8")
    assert client_of(school, "bert").post("/lectures/1/end").status_code == 404
    give_rooms(school, "bert", "Room 7")
    bert = client_of(school, "bert")
    assert bert.post("/lectures/1/end").location == "/"
    assert bert.post("/api/v1/lectures", json={"title": "Geometry"}).status_code == 201
    assert lectures_of(bert) == ["Geometry"]
    assert lectures_of(client_of(school, "anna")) == ["Algebra"]


def test_a_teacher_sees_the_rooms_that_they_were_given(school):
    give_rooms(school, "bert", "Room 8")
    bert = client_of(school, "bert")
    assert [room["name"] for room in bert.get("/api/v1/rooms").json["rooms"]] == ["Room 8"]
    assert bert.get("/").status_code == 200, "without a name, their only room is meant"
    assert "Room 7" not in bert.get("/rooms").text
    for path in ("/rooms/room-7", "/rooms/room-7/snapshot.jpg", "/api/v1/rooms/1/events"):
        assert bert.get(path).status_code == 404, path
    assert bert.get("/api/v1/state").json["room"] == "Room 8"
    assert bert.get("/api/v1/minutes").json["minutes"] == []
    assert bert.get("/api/v1/minutes?room=Room 7").status_code == 404


def test_a_teacher_keeps_their_lectures_when_a_room_is_taken_from_them(school):
    give_rooms(school, "anna", "Room 8")
    assert lectures_of(client_of(school, "anna")) == ["Algebra"]


def test_a_key_opens_its_rooms_as_far_as_they_are_its_owner_s(school):
    give_rooms(school, "anna", "Room 7")

    def rooms_of(client) -> list[str]:
        return [room["name"] for room in client.get("/api/v1/rooms").json["rooms"]]

    assert rooms_of(client_of(school, "anna", rooms=("Room 7", "Room 8"))) == ["Room 7"]
    assert rooms_of(client_of(school, "anna", rooms=("Room 8",))) == []
    assert lectures_of(client_of(school, "anna", rooms=("Room 8",))) == []
    assert rooms_of(client_of(school, "admin", rooms=("Room 8",))) == ["Room 8"]
    assert lectures_of(client_of(school, "admin", rooms=("Room 8",))) == []


def test_a_key_for_one_room_changes_no_other_and_adds_none(school):
    admin = client_of(school, "admin", rooms=("Room 8",))
    with school.app_context():
        room = room_queries.find_room("Room 7")
        room_queries.change_room(room, archived_at=NOON)
        room_id = room.id
    assert admin.get("/rooms/room-8/settings").status_code == 200
    assert admin.get("/rooms/room-7/settings").status_code == 404
    assert admin.post(f"/archived-rooms/{room_id}/delete").status_code == 404
    assert admin.post("/rooms/new").status_code == 403


def test_a_key_stops_working_when_it_expires(school):
    assert client_of(school, "anna", expires_at=NOON).get("/api/v1/state").status_code == 401
    later = datetime.now(UTC) + timedelta(days=1)
    assert client_of(school, "anna", expires_at=later).get("/api/v1/state").status_code == 200
