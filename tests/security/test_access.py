"""Every route for a stranger, a viewer, teachers and an administrator. A route missing in the table fails."""

import re

import pytest

from app.role import Role
from app.store import lecture_queries, note_queries, user_queries
from app.store.effective_settings import first_room
from app.web.permissions import WHO_MAY
from tests.forms import csrf_of
from tests.test_api import NOON

PASSWORD = "a long password"
OPEN, OWN_TOKEN = "open", "token of its own"
VIEWER, TEACHER, ADMINISTRATOR = "viewers and up", "teachers and up", "administrators"
READER, OWNER = "who may read the lecture", "whose lecture it is, and administrators"

WHO = {
    "GET /": VIEWER,
    "GET /api/openapi.json": VIEWER,
    "POST /api/v1/frames": TEACHER,
    "POST /api/v1/analyse": TEACHER,
    "GET /api/v1/lectures": TEACHER,
    "POST /api/v1/lectures": TEACHER,
    "GET /api/v1/lectures/1": READER,
    "PATCH /api/v1/lectures/1": OWNER,
    "DELETE /api/v1/lectures/1": OWNER,
    "GET /api/v1/lectures/1/minutes": READER,
    "GET /api/v1/lectures/1/notes": READER,
    "POST /api/v1/lectures/1/notes": OWNER,
    "DELETE /api/v1/lectures/1/notes/1": OWNER,
    "GET /api/v1/lectures/1/report": READER,
    "GET /api/v1/lectures/1/unusual": READER,
    "GET /api/v1/minutes": TEACHER,
    "GET /api/v1/lectures/1/questions": OWNER,
    "DELETE /api/v1/lectures/1/questions/1": OWNER,
    "GET /api/v1/now": VIEWER,
    "GET /api/v1/pulse": VIEWER,
    "GET /api/v1/rooms": VIEWER,
    "GET /api/v1/state": VIEWER,
    "GET /account": VIEWER,
    "POST /account/keys": VIEWER,
    "POST /account/keys/1/revoke": VIEWER,
    "POST /account/language": VIEWER,
    "POST /account/password": VIEWER,
    "POST /account/sessions/1/end": VIEWER,
    "POST /account/sessions/end-others": VIEWER,
    "POST /account/tags": TEACHER,
    "GET /audit": ADMINISTRATOR,
    "GET /audit.csv": ADMINISTRATOR,
    "GET /api/v1/timetable": TEACHER,
    "GET /healthz": OPEN,
    "GET /api/docs": VIEWER,
    "GET /courses": TEACHER,
    "GET /courses/x": TEACHER,
    "POST /hide-advice": TEACHER,
    "POST /hide-faces": TEACHER,
    "POST /language": OPEN,
    "GET /lectures": TEACHER,
    "POST /lectures": TEACHER,
    "GET /lectures/1": READER,
    "GET /lectures/1/delete": OWNER,
    "POST /lectures/1/delete": OWNER,
    "POST /lectures/1/end": TEACHER,
    "POST /lectures/1/notes": OWNER,
    "POST /lectures/1/notes/1/delete": OWNER,
    "POST /lectures/1/polls": OWNER,
    "POST /lectures/1/polls/1/end": OWNER,
    "POST /lectures/1/questions/1/delete": OWNER,
    "POST /lectures/1/notes/1/restore": OWNER,
    "POST /lectures/1/rename": OWNER,
    "POST /lectures/1/restore": OWNER,
    "POST /lectures/1/resume": OWNER,
    "GET /lectures/1/report.x": READER,
    "POST /lectures/1/share": OWNER,
    "GET /lectures/compare": TEACHER,
    "GET /link": OPEN,
    "POST /link": OPEN,
    "GET /metrics": OWN_TOKEN,
    "GET /model": OPEN,
    "GET /notice": OPEN,
    "GET /notice.svg": OPEN,
    "GET /palette.css": OPEN,
    "GET /p": OPEN,
    "POST /p": OPEN,
    "GET /p/x": OPEN,  # a code that is not open; tests/test_pulse.py has one that is
    "POST /p/x": OPEN,
    "GET /p/x/state": OPEN,
    "POST /p/x/answer": OPEN,
    "POST /p/x/question": OPEN,
    "POST /pause": TEACHER,
    "GET /people": ADMINISTRATOR,
    "GET /people/1": ADMINISTRATOR,
    "POST /people/1": ADMINISTRATOR,
    "POST /people/1/link": ADMINISTRATOR,
    "GET /people/1/remove": ADMINISTRATOR,
    "POST /people/1/remove": ADMINISTRATOR,
    "POST /people/invitations": ADMINISTRATOR,
    "POST /people/invitations/1/withdraw": ADMINISTRATOR,
    "GET /readyz": OPEN,
    "GET /recordings": TEACHER,
    "POST /recordings": TEACHER,
    "GET /recordings/1": TEACHER,  # there is none; tests/test_recording_uploads.py asks for somebody else's
    "PATCH /recordings/1": TEACHER,
    "POST /recordings/1/began": TEACHER,
    "POST /recordings/1/remove": TEACHER,
    "POST /resume": TEACHER,
    "GET /send": TEACHER,
    "GET /settings": ADMINISTRATOR,
    "POST /settings": ADMINISTRATOR,
    "GET /settings/areas": ADMINISTRATOR,
    "POST /settings/areas": ADMINISTRATOR,
    "POST /settings/camera": ADMINISTRATOR,
    "GET /settings/detector": ADMINISTRATOR,
    "POST /settings/detector": ADMINISTRATOR,
    "POST /settings/detector/remove": ADMINISTRATOR,
    "POST /settings/notify": ADMINISTRATOR,
    "GET /setup": OPEN,
    "POST /setup": OPEN,
    "GET /setup/room": ADMINISTRATOR,
    "POST /setup/room": ADMINISTRATOR,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /sign-in/complete": OPEN,
    "GET /sign-in/provider": OPEN,
    "POST /sign-out": VIEWER,
    "GET /snapshot.jpg": VIEWER,
    "GET /static/x": OPEN,
    "GET /stream.mjpg": VIEWER,
    "GET /timetable": TEACHER,
    "GET /try": TEACHER,
    "POST /try": TEACHER,
    "POST /try/why": TEACHER,
    "POST /timetable/calendar": ADMINISTRATOR,
    "POST /timetable/calendar/remove": ADMINISTRATOR,
    "POST /timetable/line": ADMINISTRATOR,
    "POST /timetable/line/1/remove": ADMINISTRATOR,
    "POST /timetable/only": ADMINISTRATOR,
}
TRYING = ("POST /api/v1/analyse", "POST /try", "POST /try/why")
WEBSOCKET = {"GET /send/frames": TEACHER, "GET /rooms/room-7/send/frames": TEACHER}

OF_A_ROOM = (
    "/",
    "/hide-advice",
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
    "/settings/detector",
    "/settings/detector/remove",
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
    "GET /screen": VIEWER,
    "GET /rooms": VIEWER,
    "GET /rooms/new": ADMINISTRATOR,
    "POST /rooms/new": ADMINISTRATOR,
    "POST /rooms/room-7/archive": ADMINISTRATOR,
    "POST /archived-rooms/1/restore": ADMINISTRATOR,
    "GET /archived-rooms/1/delete": ADMINISTRATOR,
    "POST /archived-rooms/1/delete": ADMINISTRATOR,
    "GET /api/v1/rooms/1/events": VIEWER,
    "POST /api/v1/rooms/1/frames": TEACHER,
    "GET /api/v1/rooms/1/lectures": TEACHER,
    "POST /api/v1/rooms/1/lectures": TEACHER,
    "GET /api/v1/rooms/1/minutes": TEACHER,
    "GET /api/v1/rooms/1/now": VIEWER,
    "GET /api/v1/rooms/1/pulse": VIEWER,
    "GET /api/v1/rooms/1/state": VIEWER,
    "GET /api/v1/rooms/1/timetable": TEACHER,
}
for route, who in list(WHO.items()):
    method, path = route.split()
    if path in OF_A_ROOM and route != "GET /lectures":
        WHO[f"{method} /rooms/room-7{path.rstrip('/')}"] = who
CSRF_REFUSED = 400
OF_STUDENTS = ("POST /p", "POST /p/x", "POST /p/x/answer", "POST /p/x/question")
"""Forms that need no session, and check the code."""

PEOPLE = {
    "walt": {OPEN, VIEWER},
    "bert": {OPEN, VIEWER, TEACHER},
    "carla": {OPEN, VIEWER, TEACHER, READER},
    "anna": {OPEN, VIEWER, TEACHER, READER, OWNER},
    "admin": {OPEN, VIEWER, TEACHER, READER, OWNER, ADMINISTRATOR},
}
"""Anna's lecture is shared with Carla. Bert is another teacher, Walt a viewer."""

BODIES = {
    "PATCH /api/v1/lectures/1": {"title": "Geometry"},
    "POST /api/v1/lectures/1/notes": {"text": "proof"},
}
NOT_FOR_KEYS = ("account", "audit", "audit.csv", "people")
ENDLESS = ("/stream.mjpg", "/events")  # other tests ask for them


@pytest.fixture
def app(make_app):
    """An application with a user of each kind, and a lecture of Anna's."""
    app = make_app(CAMERA="demo")
    with app.app_context():
        for name in PEOPLE:
            user_queries.set_password(name, PASSWORD)
        user_queries.find_user("walt").role = Role.VIEWER
        user_queries.find_user("admin").role = Role.ADMINISTRATOR
        anna, carla = user_queries.find_user("anna"), user_queries.find_user("carla")
        lecture = lecture_queries.start_lecture(first_room(), "Algebra", "", NOON, anna)
        note_queries.add_note(lecture, NOON, "began", NOON)
        lecture_queries.share_lecture(lecture, [carla])
    return app


def client_of(app, name: str):
    client = app.test_client()
    form = {"name": name, "password": PASSWORD, "csrf_token": csrf_of(client.get("/sign-in").text)}
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
    others = "<[^>]*filename>|<extension>|<code>|<path:name>"
    for part, text in (("<int:[^>]*>", "1"), ("<room_slug>", "room-7"), (others, "x")):
        rule = re.sub(part, text, rule)
    return rule


def status_of(client, route: str, **headers) -> int:
    method, path = route.split()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"} if route in WEBSOCKET else {}
    with client.open(path, method=method, headers=headers | upgrade, json=BODIES.get(route)) as answer:
        return answer.status_code


def refusal(name: str, who: str) -> int | None:
    """The status with which somebody is refused; None if they are not."""
    if who in PEOPLE[name] or who == OWN_TOKEN:
        return None
    if who in (READER, OWNER) and TEACHER in PEOPLE[name]:
        return 403 if READER in PEOPLE[name] else 404
    return 403


def test_the_tables_name_every_route(app):
    assert routes_of(app) == {*WHO, *WEBSOCKET}
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(WHO_MAY)


def test_a_route_that_the_table_forgets_is_for_administrators_only(app, monkeypatch):
    monkeypatch.delitem(WHO_MAY, "live.live")
    assert status_of(client_of(app, "anna"), "GET /") == 403
    assert status_of(client_of(app, "admin"), "GET /") == 200


def test_a_stranger_is_let_in_only_where_everybody_is(app):
    for route, who in WHO.items():
        status = status_of(app.test_client(), route)
        page_status = status_of(app.test_client(), route, Accept="text/html")
        if who in (OPEN, OWN_TOKEN):
            assert status != 401, route
        else:
            assert status == 401, route
            assert page_status == (302 if route.startswith("GET") and "/api/v1/" not in route else 401), route


@pytest.mark.parametrize("name", PEOPLE)
def test_a_session_opens_what_its_role_may_and_changes_nothing_without_its_page(app, name):
    client = client_of(app, name)
    for route, who in WHO.items():
        if route.endswith(ENDLESS) or route in OF_STUDENTS:
            continue
        status, expected = status_of(client, route), refusal(name, who)
        if not route.startswith("GET"):
            has_role = expected is None or (TEACHER in PEOPLE[name] and who in (READER, OWNER))
            assert status == (CSRF_REFUSED if has_role else 403), route
        elif expected is not None:
            assert status == expected, route
        elif who == OWN_TOKEN:
            assert status in (401, 404), route
        else:
            assert status not in (401, 500), route
            assert status != 403 or route in ("GET /setup", "GET /link"), route


@pytest.mark.parametrize("name", PEOPLE)
def test_a_key_opens_what_its_owner_may(app, name):
    headers = key_of(app, name)
    skipped = (
        *ENDLESS,
        "/settings/camera",
        "/settings/detector",  # would fetch it
        "/sign-out",
        "/settings/notify",
        "/archive",
    )
    destructive = ("DELETE /api/v1/lectures/1", "POST /lectures/1/delete")
    for route, who in sorted(WHO.items(), key=lambda each: each[0] in destructive):
        if route.endswith(skipped) or who == OWN_TOKEN:
            continue
        status, expected = status_of(app.test_client(), route, **headers), refusal(name, who)
        if expected is not None:
            assert status == expected, route
        elif route.split("/")[1] in NOT_FOR_KEYS:
            assert status == 403, route
        elif who != OPEN:
            assert status not in (401, 403, 500), route


def test_a_key_that_may_only_read_changes_nothing(app):
    headers = key_of(app, "admin", is_read_only=True)
    for route, who in (WHO | WEBSOCKET).items():
        if route.endswith(ENDLESS) or who in (OPEN, OWN_TOKEN) or route.split("/")[1] in NOT_FOR_KEYS:
            continue
        status = status_of(app.test_client(), route, **headers)
        changes = not route.startswith("GET") and route not in TRYING
        assert (status == 403) == (changes or route in WEBSOCKET), route


def key_of(app, name: str, **options) -> dict[str, str]:
    with app.app_context():
        user = user_queries.find_user(name)
        return {"Authorization": f"Bearer {user_queries.create_token(user, NOON, **options)}"}
