"""Every route for a stranger, a user and an administrator. A route that is missing in the table fails."""

import re

import pytest

from app.store import lecture_queries, user_queries
from app.store.effective_settings import first_room
from tests.test_api import NOON

PASSWORD = "a long password"
OPEN, SIGNED_IN, ADMINISTRATOR, OWN_TOKEN = "open", "signed in", "administrator", "token of its own"

WHO = {
    "GET /": SIGNED_IN,
    "GET /api/openapi.json": SIGNED_IN,
    "POST /api/v1/frames": SIGNED_IN,
    "GET /api/v1/lectures": SIGNED_IN,
    "POST /api/v1/lectures": SIGNED_IN,
    "GET /api/v1/lectures/1": SIGNED_IN,
    "PATCH /api/v1/lectures/1": SIGNED_IN,
    "DELETE /api/v1/lectures/1": SIGNED_IN,
    "GET /api/v1/lectures/1/minutes": SIGNED_IN,
    "GET /api/v1/lectures/1/notes": SIGNED_IN,
    "POST /api/v1/lectures/1/notes": SIGNED_IN,
    "DELETE /api/v1/lectures/1/notes/1": SIGNED_IN,
    "GET /api/v1/lectures/1/report": SIGNED_IN,
    "GET /api/v1/lectures/1/unusual": SIGNED_IN,
    "GET /api/v1/minutes": SIGNED_IN,
    "GET /api/v1/now": SIGNED_IN,
    "GET /api/v1/rooms": SIGNED_IN,
    "GET /api/v1/state": SIGNED_IN,
    "GET /api/v1/timetable": SIGNED_IN,
    "GET /healthz": OPEN,
    "POST /hide-faces": SIGNED_IN,
    "POST /language": OPEN,
    "GET /lectures": SIGNED_IN,
    "POST /lectures": SIGNED_IN,
    "GET /lectures/1": SIGNED_IN,
    "GET /lectures/1/delete": SIGNED_IN,
    "POST /lectures/1/delete": SIGNED_IN,
    "POST /lectures/1/end": SIGNED_IN,
    "POST /lectures/1/notes": SIGNED_IN,
    "POST /lectures/1/notes/1/delete": SIGNED_IN,
    "POST /lectures/1/rename": SIGNED_IN,
    "GET /lectures/1/report.x": SIGNED_IN,
    "GET /lectures/compare": SIGNED_IN,
    "GET /metrics": OWN_TOKEN,
    "GET /model": OPEN,
    "GET /notice": OPEN,
    "GET /notice.svg": OPEN,
    "GET /palette.css": OPEN,
    "POST /pause": SIGNED_IN,
    "GET /readyz": OPEN,
    "POST /resume": SIGNED_IN,
    "GET /send": SIGNED_IN,
    "GET /settings": ADMINISTRATOR,
    "POST /settings": ADMINISTRATOR,
    "GET /settings/areas": ADMINISTRATOR,
    "POST /settings/areas": ADMINISTRATOR,
    "POST /settings/camera": ADMINISTRATOR,
    "POST /settings/notify": ADMINISTRATOR,
    "GET /setup": OPEN,
    "POST /setup": OPEN,
    "GET /setup/room": ADMINISTRATOR,
    "POST /setup/room": ADMINISTRATOR,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "POST /sign-out": SIGNED_IN,
    "GET /snapshot.jpg": SIGNED_IN,
    "GET /static/x": OPEN,
    "GET /stream.mjpg": SIGNED_IN,
    "GET /timetable": SIGNED_IN,
    "POST /timetable/calendar": ADMINISTRATOR,
    "POST /timetable/calendar/remove": ADMINISTRATOR,
    "POST /timetable/line": ADMINISTRATOR,
    "POST /timetable/line/1/remove": ADMINISTRATOR,
    "POST /timetable/only": ADMINISTRATOR,
}
WEBSOCKET = {"GET /send/frames": SIGNED_IN, "GET /rooms/room-7/send/frames": SIGNED_IN}

OF_A_ROOM = (
    "/",
    "/hide-faces",
    "/lectures",
    "/notice",
    "/notice.svg",
    "/pause",
    "/resume",
    "/screen",
    "/send",
    "/settings",
    "/settings/areas",
    "/settings/camera",
    "/settings/notify",
    "/setup/room",
    "/snapshot.jpg",
    "/stream.mjpg",
    "/timetable",
    "/timetable/calendar",
    "/timetable/calendar/remove",
    "/timetable/line",
    "/timetable/line/1/remove",
    "/timetable/only",
)
"""Pages that each room has under its own address."""

WHO |= {
    "GET /screen": SIGNED_IN,
    "GET /rooms": SIGNED_IN,
    "GET /rooms/new": ADMINISTRATOR,
    "POST /rooms/new": ADMINISTRATOR,
    "POST /rooms/room-7/archive": ADMINISTRATOR,
    "POST /archived-rooms/1/restore": ADMINISTRATOR,
    "GET /archived-rooms/1/delete": ADMINISTRATOR,
    "POST /archived-rooms/1/delete": ADMINISTRATOR,
    "GET /api/v1/rooms/1/events": SIGNED_IN,
    "POST /api/v1/rooms/1/frames": SIGNED_IN,
    "GET /api/v1/rooms/1/lectures": SIGNED_IN,
    "POST /api/v1/rooms/1/lectures": SIGNED_IN,
    "GET /api/v1/rooms/1/minutes": SIGNED_IN,
    "GET /api/v1/rooms/1/now": SIGNED_IN,
    "GET /api/v1/rooms/1/state": SIGNED_IN,
    "GET /api/v1/rooms/1/timetable": SIGNED_IN,
}
for route, who in list(WHO.items()):
    method, path = route.split()
    if path in OF_A_ROOM and route != "GET /lectures":
        WHO[f"{method} /rooms/room-7{path.rstrip('/')}"] = who
CSRF_REFUSED = 400


@pytest.fixture
def app(make_app):
    """An application with an administrator, a user, and a lecture that both may change."""
    app = make_app(CAMERA="demo")
    with app.app_context():
        user_queries.set_password("admin", PASSWORD, administrator=True)
        user_queries.set_password("anna", PASSWORD)
        lecture_queries.start_lecture(first_room(), "Algebra", "", NOON)
    return app


def client_of(app, name: str):
    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text).group(1)
    form = {"name": name, "password": PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", data=form).status_code == 302
    return client


def routes_of(app) -> set[str]:
    """Every method and path, as the tables name them."""
    return {
        f"{method} {_filled(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def _filled(rule: str) -> str:
    """An address that a rule matches."""
    for part, text in (("<int:[^>]*>", "1"), ("<room_slug>", "room-7"), ("<[^>]*filename>|<extension>", "x")):
        rule = re.sub(part, text, rule)
    return rule


def status_of(client, route: str, **headers) -> int:
    method, path = route.split()
    with client.open(path, method=method, headers=headers) as answer:
        return answer.status_code


def test_the_tables_name_every_route(app):
    assert routes_of(app) == {*WHO, *WEBSOCKET}


def test_a_stranger_is_let_in_only_where_everybody_is(app):
    for route, who in WHO.items():
        status = status_of(app.test_client(), route)
        page_status = status_of(app.test_client(), route, Accept="text/html")
        if who in (OPEN, OWN_TOKEN):
            assert status != 401, route
        else:
            assert status == 401, route
            assert page_status == (302 if route.startswith("GET") and "/api/" not in route else 401), route


@pytest.mark.parametrize("name", ["anna", "admin"])
def test_a_session_opens_what_its_role_may_and_changes_nothing_without_its_page(app, name):
    client = client_of(app, name)
    for route, who in WHO.items():
        if route.endswith(("/stream.mjpg", "/events")):
            continue  # never ends; other tests ask for it
        status = status_of(client, route)
        if who == ADMINISTRATOR and name != "admin":
            assert status == 403, route
        elif not route.startswith("GET"):
            assert status == CSRF_REFUSED, route
        elif who == OWN_TOKEN:
            assert status in (401, 404), route
        else:
            assert status not in (401, 500), route
            assert status != 403 or route == "GET /setup", route


@pytest.mark.parametrize("name", ["anna", "admin"])
def test_a_token_opens_what_its_owner_may(app, name):
    with app.app_context():
        token = user_queries.create_token(user_queries.find_user(name), NOON)
    headers = {"Authorization": f"Bearer {token}"}
    skipped = ("GET /stream.mjpg", "POST /settings/camera", "POST /sign-out")
    for route, who in WHO.items():
        if route in skipped:
            continue
        status = status_of(app.test_client(), route, **headers)
        if who == ADMINISTRATOR and name != "admin":
            assert status == 403, route
        elif who == SIGNED_IN:
            assert status not in (401, 403, 500), route
