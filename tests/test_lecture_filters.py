"""`GET /api/v1/lectures` by course, owner and time."""

from datetime import UTC, datetime, timedelta

import pytest

from app.store import lecture_queries, room_queries, user_queries

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LECTURES = (("Fractions", "6a", "Anna Berg"), ("Acids", "7b", "Bert Kraus"), ("Decimals", "6a", "Bert Kraus"))


@pytest.fixture
def api(app, api):
    """A program of an administrator, who sees the lectures of two teachers, one a day."""
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        user_queries.set_password("anna", "a long password", administrator=True)
        for day, (title, course, owner) in enumerate(LECTURES):
            user = user_queries.find_user(owner) or user_queries.set_password(owner, "a long password")
            lecture = lecture_queries.start_lecture(room, title, course, NOON + timedelta(days=day), user)
            lecture_queries.end_lecture(lecture, NOON + timedelta(days=day, hours=1))
    return api


def test_lectures_are_found_by_course_owner_and_time(api):
    found = {
        "": ["Decimals", "Acids", "Fractions"],
        "course=6a": ["Decimals", "Fractions"],
        "course=6": [],
        "owner=Bert Kraus": ["Decimals", "Acids"],
        "owner=Bert": [],
        "course=6a&owner=Bert Kraus": ["Decimals"],
        "from=2026-11-21T12:00:00Z": ["Decimals", "Acids"],
        "from=2026-11-21T12:00:01Z": ["Decimals"],
        "to=2026-11-21T12:00:00Z": ["Fractions"],
        "from=2026-11-21T13:00:00%2B01:00&to=2026-11-22T13:00:00%2B01:00": ["Acids"],
    }
    for query, titles in found.items():
        for path in ("/api/v1/lectures", "/api/v1/rooms/1/lectures"):
            lectures = api.get(f"{path}?{query}").json["lectures"]
            assert [lecture["title"] for lecture in lectures] == titles, query


def test_pages_keep_their_filter(api):
    first = api.get("/api/v1/lectures?course=6a&limit=1").json
    assert [lecture["title"] for lecture in first["lectures"]] == ["Decimals"]
    second = api.get(f"/api/v1/lectures?course=6a&limit=1&cursor={first['cursor']}").json
    assert [lecture["title"] for lecture in second["lectures"]] == ["Fractions"]
    assert second["cursor"] is None


def test_a_filter_that_is_none_is_named(api):
    said = {
        "from=yesterday": "from: 'yesterday' is not a time such as 2026-11-20T10:30:00Z.",
        "to=2026-11-20": "to: '2026-11-20' is not a time such as 2026-11-20T10:30:00Z.",
        "from=2026-11-31T00:00:00Z": "from: '2026-11-31T00:00:00Z' is not a time",
        "from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z": "to: Must not lie before `from`.",
        "course=": "course: Length must be between 1 and 200.",
        "curse=6a": "curse: Unknown field.",
    }
    for query, detail in said.items():
        answer = api.get(f"/api/v1/lectures?{query}")
        assert answer.status_code == 422
        assert answer.json["detail"].startswith(detail)


def test_a_filter_shows_no_lecture_of_somebody_else(app, api):
    with app.app_context():
        carla = user_queries.set_password("Carla Lind", "a long password")
        key = user_queries.create_token(carla, NOON)
    client = app.test_client()
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/lectures?owner=Bert Kraus", headers=headers).json["lectures"] == []
