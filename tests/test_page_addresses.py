"""Addresses of pages that people type, and of courses with unusual names."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from app.store import lecture_queries, room_queries
from tests.browser import close, cookies_of
from tests.forms import signed_in_client
from tests.server import Server

NAMES = (
    "..",
    ".",
    "7b/Biology",
    "/",
    "a//b",
    "7b/",
    "50 %",
    "?x=1&y#z",
    "Ä+ö",
    "c\\d",
    "../../settings",
    "%2e%2e",
)


def test_a_slash_at_the_end_leads_to_the_page(app):
    client = signed_in_client(app)
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture_queries.start_lecture(room, "Fractions", "6a", datetime(2026, 11, 20, tzinfo=UTC))
    for path in ("/lectures", "/lectures/1", "/account", "/notice", "/rooms", "/rooms/room-7", "/api/docs"):
        answers = [client.get(each, headers={"Accept": "text/html"}) for each in (path, path + "/")]
        assert [answer.status_code for answer in answers] == [200, 200], path
        assert [answer.text.count("<h1") for answer in answers] == [1, 1], path


def test_a_slash_at_the_end_opens_nothing_to_strangers(app):
    client = app.test_client()
    assert client.get("/lectures/", headers={"Accept": "text/html"}).location == "/sign-in?next=/lectures/"
    assert client.get("/api/v1/lectures/").status_code == 401


def test_the_short_address_of_a_course_shows_the_same_page(app):
    client = signed_in_client(app)
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture_queries.start_lecture(room, "Cells", "Biology 7b", datetime(2026, 11, 20, tzinfo=UTC))
    for path in ("/courses?name=Biology 7b", "/courses/Biology 7b", "/courses/Biology 7b/"):
        assert "<h1>Biology 7b</h1>" in client.get(path).text, path


def test_a_course_without_a_name_is_not_found(app):
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture_queries.start_lecture(room, "Of no course", "", datetime(2026, 11, 20, tzinfo=UTC))
    assert signed_in_client(app).get("/courses", headers={"Accept": "text/html"}).status_code == 404


@pytest.fixture
def server(tmp_path):
    """A server whose room has no camera."""
    with Server(tmp_path / "server", {"PURPOSE": "pulse"}) as server:
        yield server


def test_a_course_of_any_name_opens_its_page(chromium, server):
    """A browser takes `/courses/..` for `/`, and the server `/courses/a//b` for `/courses/a/b`."""
    for name in NAMES:
        lecture = server.get("/api/v1/lectures", method="POST", send={"title": "A", "course": name}).json
        server.get(f"/api/v1/lectures/{lecture['id']}", method="PATCH", send={"ended_at": "now"})
    context = chromium.new_context()
    context.add_cookies(cookies_of(chromium, server))
    page = context.new_page()
    opened = []
    for name in NAMES:
        page.goto(f"{server.url}/lectures?course={quote(name, safe='')}")
        page.locator("table.lectures td a").first.click()
        opened.append(page.locator("h1").text_content())
    close(context)
    assert opened == list(NAMES)
