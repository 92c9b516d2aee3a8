"""The JSON API, and who may use it."""

import re
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from app.store import lecture_queries, minute_queries, room_queries, user_queries
from app.store.counted_minute import CountedMinute
from app.web.pages.account import setup_path
from tests.forms import csrf_of
from tests.rooms import first_live_room

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HTML = {"Accept": "text/html"}
FOR_ALL = {
    "/p",
    "/p/<code>",
    "/p/<code>/state",
    "/p/<code>/answer",
    "/p/<code>/question",
    "/palette.css",
    "/healthz",
    "/readyz",
    "/setup",
    "/link",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/complete",
    "/notice",
    "/notice.svg",
    "/language",
    "/model",
    "/metrics",  # it has a token of its own
    "/static/<path:filename>",
    "/rooms/<room_slug>/notice",
    "/rooms/<room_slug>/notice.svg",
}


@pytest.fixture
def minutes(app):
    """Five minutes from noon on, in a lecture, the third of them missing."""
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON)
        for number in (0, 1, 3, 4):
            spans = (0, 0, 0, 180, 0, 0, 120, 60)
            counted = CountedMinute(NOON + timedelta(minutes=number), lecture.id, 60, 300, 8, 360, spans)
            minute_queries.save_minute(room, counted, minimum_group=5)
        lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=5))
        return lecture.id


def problem(answer) -> dict:
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return answer.json


def test_nothing_is_open_but_what_must_be(app):
    client = app.test_client()
    first_live_room(app)
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "1", rule.rule.replace("<room_slug>", "room-7"))
        answer = client.open(path, method="GET" if "GET" in rule.methods else "POST")
        if rule.rule in FOR_ALL:
            assert answer.status_code != 401, path
        else:
            assert answer.status_code in (400, 401), path
            assert answer.content_type == "application/problem+json"


def test_a_person_is_sent_to_sign_in_and_comes_back(app):
    client = app.test_client()
    assert client.get("/lectures?after=3", headers=HTML).location == "/sign-in?next=/lectures?after%3D3"


def test_a_wrong_token_opens_nothing(app):
    answer = app.test_client().get("/api/v1/state", headers={"Authorization": "Bearer wrong"})
    assert problem(answer)["status"] == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def sign_in(client, name: str, password: str, target: str = "/sign-in"):
    form = {"name": name, "password": password, "csrf_token": csrf_of(client.get("/sign-in").text)}
    return client.post(target, data=form)


def test_the_set_up_link_makes_one_account_and_then_none(app):
    client = app.test_client()
    with app.test_request_context():
        link = setup_path(app)
    assert client.get("/setup?key=guessed").status_code == 403
    form = {"name": "anna", "password": "a long password", "again": "a long password"}
    form["csrf_token"] = csrf_of(client.get(link).text)
    assert client.post(link, data=form | {"again": "another"}).status_code == 400
    assert client.post(link, data=form).location == "/setup/room"
    assert client.get("/", headers=HTML).status_code == 200
    assert app.test_client().get(link).status_code == 403
    assert app.test_client().post(link, data=form).status_code in (400, 403)


def test_signing_in_wants_the_right_password_and_not_too_many_tries(app, token):
    client = app.test_client()
    wrong = sign_in(client, "anna", "wrong password")
    assert wrong.status_code == 400
    assert "is wrong" in wrong.text
    assert sign_in(client, "nobody", "wrong password").status_code == 400
    assert sign_in(client, "anna", "a long password").location == "/"
    answers = [sign_in(app.test_client(), "anna", f"guess {number}").status_code for number in range(10)]
    assert answers[-1] == 429


def test_a_new_password_ends_every_session(app, token):
    client = app.test_client()
    sign_in(client, "anna", "a long password")
    assert client.get("/api/v1/state").status_code == 200
    with app.app_context():
        user_queries.set_password("anna", "another password")
    assert client.get("/api/v1/state").status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""])
def test_signing_in_leads_nowhere_else(app, token, target):
    answer = sign_in(app.test_client(), "anna", "a long password", f"/sign-in?next={target}")
    assert answer.location == "/"


def test_another_site_s_page_can_change_nothing_through_a_session(app, token):
    client = app.test_client()
    sign_in(client, "anna", "a long password")
    assert client.post("/api/v1/lectures", json={"title": "Algebra"}).status_code == 400
    assert client.post("/lectures", data={"title": "Algebra"}).status_code == 400
    assert client.post("/sign-out").status_code == 400
    assert client.get("/api/v1/lectures").json["lectures"] == []


def test_a_lecture_is_started_renamed_ended_and_deleted(api):
    lecture = api.post("/api/v1/lectures", json={"title": " Algebra 2 ", "course": "7b"})
    assert lecture.status_code == 201
    assert lecture.json["title"] == "Algebra 2"
    assert lecture.json["ended_at"] is None
    assert api.get("/api/v1/state").json["lecture"]["id"] == lecture.json["id"]
    assert "still running" in problem(api.post("/api/v1/lectures", json={"title": "B"}))["detail"]
    path = f"/api/v1/lectures/{lecture.json['id']}"
    assert api.patch(path, json={"title": "Algebra 3"}).json["title"] == "Algebra 3"
    assert api.patch(path, json={"ended_at": "now"}).json["ended_at"] is not None
    assert problem(api.patch(path, json={"ended_at": "now"}))["status"] == 409
    assert api.get("/api/v1/state").json["lecture"] is None
    assert api.delete(path).status_code == 204
    assert problem(api.get(path))["detail"] == f"There is no lecture {lecture.json['id']}."


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "A", "ended_at": "now"}, "ended_at"),
        ({"title": 7}, "title"),
        ([], ""),
    ],
)
def test_a_bad_lecture_is_refused_by_the_name_of_its_field(api, body, named):
    assert named in problem(api.post("/api/v1/lectures", json=body))["detail"]
    assert api.get("/api/v1/lectures").json["lectures"] == []


def test_a_body_that_is_no_json_is_refused(api):
    answer = api.post("/api/v1/lectures", data="{", content_type="application/json")
    assert 400 <= problem(answer)["status"] < 500


def test_a_minute_has_exactly_the_fields_that_are_promised(api, minutes):
    (minute, *_) = api.get("/api/v1/minutes").json["minutes"]
    assert minute == {
        "minute": "2026-11-20T12:00:00Z",
        "room": "Room 7",
        "lecture_id": minutes,
        "online_seconds": 60,
        "frames_analysed": 300,
        "faces_mean": 6,
        "faces_max": 8,
        "face_seconds": 360,
        "counted_seconds": 360,
        "shares": {
            "angry": 0,
            "disgust": 0,
            "fear": 0,
            "happy": 0.5,
            "sad": 0,
            "surprise": 0,
            "neutral": pytest.approx(1 / 3),
        },
        "uncertain_share": pytest.approx(1 / 6),
        "facing_share": None,
        "suppressed": False,
    }


def test_minutes_are_chosen_by_time_and_room_and_paged(api, minutes):
    path = "/api/v1/minutes?from=2026-11-20T13:01:00%2B01:00&to=2026-11-20T12:04:00Z"
    times = [minute["minute"] for minute in api.get(path).json["minutes"]]
    assert times == ["2026-11-20T12:01:00Z", "2026-11-20T12:03:00Z"]
    assert len(api.get("/api/v1/minutes?room=Room 7").json["minutes"]) == 4
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/v1/minutes?limit=3{cursor and '&cursor=' + cursor}").json
        found += page["minutes"]
        cursor = page["cursor"]
    assert len(found) == 4
    assert found == sorted(found, key=lambda minute: minute["minute"])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("from=yesterday", "from"),
        ("from=2026-11-20T12:00:00", "from"),
        ("to=2026-13-20T12:00:00Z", "to"),
        ("from=2026-11-20T12:00:00Z&to=2026-11-19T12:00:00Z", "to"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5IDE=", "cursor"),
        ("form=2026-11-20T12:00:00Z", "form"),
        ("room=Attic", "Attic"),
    ],
)
def test_a_bad_question_is_answered_with_what_was_wrong(api, query, named):
    answer = api.get(f"/api/v1/minutes?{query}")
    assert 400 <= answer.status_code < 500
    assert named in problem(answer)["detail"]


def test_without_a_camera_there_is_no_reading_and_the_state_says_so(api):
    assert problem(api.get("/api/v1/now"))["status"] == 503
    state = api.get("/api/v1/state").json
    assert state["camera"]["online"] is False
    assert state["monitor"]["running"] is False
    assert state["room"] == "Room 7"


def test_the_state_holds_no_password_of_the_camera(make_app):
    app = make_app(CAMERA="rtsp://user:pa55word@camera/stream")
    with app.app_context():
        token = user_queries.create_token(user_queries.set_password("anna", "a long password"), NOON)
    answer = app.test_client().get("/api/v1/state", headers={"Authorization": f"Bearer {token}"})
    assert answer.json["camera"]["source"] == "rtsp://camera/stream"


def test_health_says_ok_or_one_word(app):
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"database": "ok", "monitor": "stopped", "camera": "unknown"}


def test_every_endpoint_is_described(api, app):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described = api.get("/api/openapi.json").json
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1"):
            path = described["paths"][re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule)]
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert path[method.lower()]["security"] == [{"token": []}, {"session": []}]
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
    assert not [name for name in described["components"]["schemas"] if name.endswith("Schema")]
