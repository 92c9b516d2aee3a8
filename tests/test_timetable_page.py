"""The page of the timetable, its JSON, and a real server that follows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.monitor.shutter import Shutter
from app.store import room_queries, timetable_queries, user_queries
from app.store.effective_settings import EffectiveSettings, OutsideTimetable
from app.web.alert_watch import observation
from app.web.stream.hub import Hub
from app.web.stream.viewer import StreamSlots
from tests.browser import close, sign_in
from tests.forms import csrf_of, signed_in_client
from tests.http_camera import HttpCamera, body
from tests.server import Server, wait_for
from tests.test_calendar import ICS, calendar_of, event

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
OPEN = EffectiveSettings("demo", False, 5, 365, None, None)
OUTSIDE = EffectiveSettings("demo", False, 5, 365, None, None, outside=OutsideTimetable(MONDAY))
NOON_ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""Where it is noon now, so that the day does not end during a test."""
LINE = {"weekday": "0", "begins": "08:00", "ends": "08:45", "title": "Algebra", "course": "6a", "teacher": ""}


@pytest.fixture
def administrator(app):
    with app.app_context():
        user_queries.set_password("admin", "a long password", administrator=True)
    return signed_in_client(app)


def send(client, path: str, **fields):
    return client.post(path, data={"csrf_token": csrf_of(client.get("/timetable").text), **fields})


def lines_in(app) -> list[tuple]:
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        return [(each.id, each.title, f"{each.begins:%H:%M}") for each in timetable_queries.lines_of(room)]


def test_a_line_is_added_changed_and_removed(app, administrator):
    assert send(administrator, "/timetable/line", **LINE).location == "/timetable"
    page = administrator.get("/timetable").text
    assert "08:00–08:45" in page
    assert "Algebra" in page
    filled = administrator.get("/timetable?line=1").text
    assert 'value="Algebra"' in filled
    send(administrator, "/timetable/line", **LINE | {"line": "1", "begins": "08:10"})
    assert lines_in(app) == [(1, "Algebra", "08:10")]
    send(administrator, "/timetable/line/1/remove")
    assert lines_in(app) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"begins": "08:30", "ends": "09:15"}, "“Algebra” takes place then: Monday 08:00–08:45."),
        ({"begins": "10:00", "ends": "09:00"}, "must end after it begins"),
        ({"begins": "23:00", "ends": "00:30"}, "runs past midnight"),
        ({"begins": "25:00"}, "Not a valid time value."),
        ({"begins": ""}, "Enter a time"),
        ({"weekday": "7"}, "Not a valid choice"),
        ({"weekday": "x"}, "Invalid Choice"),
        ({"teacher": "99"}, "Not a valid choice"),
        ({"title": " "}, "Give the lecture a title."),
    ],
)
def test_a_line_that_can_not_be_gets_one_sentence_and_loses_nothing_typed(app, administrator, changes, said):
    send(administrator, "/timetable/line", **LINE)
    sent = LINE | {"title": "Biology", "course": "7b <b>"} | changes
    answer = send(administrator, "/timetable/line", **sent)
    assert answer.status_code == 400
    assert said in answer.text
    assert "7b &lt;b&gt;" in answer.text
    assert f'value="{sent["ends"]}"' in answer.text
    assert len(lines_in(app)) == 1


def test_a_calendar_is_read_at_once_and_its_address_is_not_shown(app, administrator):
    tomorrow = f":{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%SZ}"
    with HttpCamera({"/private-1/a.ics": body(ICS, calendar_of(event("Choir", begins=tomorrow)))}) as server:
        send(administrator, "/timetable/calendar", address=f"{server.url}/private-1/a.ics")
        page = administrator.get("/timetable").text
        assert "Choir" in page
        assert f"{server.url}/…" in page
        assert "private-1" not in page
        refused = send(administrator, "/timetable/calendar", address=f"{server.url}/typed.ics")
    assert refused.status_code == 400
    assert "has no calendar at that address" in refused.text
    assert f'value="{server.url}/typed.ics"' in refused.text
    assert "Choir" in refused.text, "the one before stays"
    assert send(administrator, "/timetable/calendar/remove").location == "/timetable"
    assert "Choir" not in administrator.get("/timetable").text


def test_a_teacher_reads_the_timetable_and_changes_nothing(app, administrator):
    send(administrator, "/timetable/line", **LINE)
    with app.app_context():
        user_queries.set_password("ben", "a long password")
        token = user_queries.create_token(user_queries.find_user("ben"), MONDAY)
    ben = app.test_client()
    ben.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    page = ben.get("/timetable").text
    assert "Algebra" in page
    assert "/timetable/line" not in page
    assert ben.post("/timetable/line", data=LINE).status_code == 403
    assert ben.post("/timetable/only", data={"only": "on"}).status_code == 403


def test_a_program_gets_the_lectures_of_the_next_seven_days(app, administrator):
    with app.app_context():
        anna = user_queries.set_password("anna", "a long password")
        send(administrator, "/timetable/line", **LINE | {"teacher": str(anna.id)})
    answer = administrator.get("/api/v1/timetable").json
    first = answer["lectures"][0]
    assert (first["title"], first["course"], first["teacher"]) == ("Algebra", "6a", "anna")
    assert first["begins_at"].endswith("T08:00:00Z")
    assert (answer["only_in_timetable"], answer["calendar_fetched_at"]) == (False, None)


def test_outside_the_timetable_the_camera_is_closed_and_says_when_it_opens():
    shutter = Shutter(stall_seconds=5, clock=SYSTEM_CLOCK)
    assert shutter.apply(OPEN)
    seen = next(captured for captured in shutter.frames(lambda: True) if captured)
    assert shutter.apply(replace(OUTSIDE, timezone=ZoneInfo("Europe/Berlin")))
    assert not shutter.is_current(seen)
    assert shutter.state.reason == Reason.OUTSIDE_TIMETABLE
    assert "08:00" in str(shutter.state.detail)
    shutter.release_camera()


def test_outside_the_timetable_the_web_process_shows_no_picture_that_is_still_on_its_way():
    hub = Hub(SYSTEM_CLOCK, ZoneInfo("UTC"), StreamSlots(2), snapshot_fps=50)
    hub.monitor_started()
    hub.receive(status(CameraState(True, None, None, MONDAY, 25.0)))
    hub.receive(AnnotatedPicture(b"faces", captured_at=1000, size=(640, 360)))
    assert not hub.newest_frame().is_card
    hub.apply_settings(OUTSIDE)
    assert hub.newest_frame().is_card
    hub.receive(status(CameraState(False, Reason.OUTSIDE_TIMETABLE, "closed", MONDAY, 0.0)))
    hub.receive(AnnotatedPicture(b"late", captured_at=1001, size=(640, 360)))
    assert hub.newest_frame().is_card
    assert str(hub.card_text().title) == "No lecture is running"
    assert observation(hub).is_dark_on_purpose, "nobody gets a message about it"


def status(camera: CameraState) -> MonitorStatus:
    return MonitorStatus(camera, live=None, analysed_fps=5, frames_dropped=0)


def test_outside_the_timetable_no_camera_is_tried_and_no_sent_picture_taken(make_app):
    app = make_app(CAMERA="browser")
    with app.app_context():
        room_queries.change_room(room_queries.get_or_create_room("Room 7"), only_in_timetable=True)
    client = signed_in_client(app)
    token = csrf_of(client.get("/timetable").text)
    refused = client.post("/api/v1/frames", data=b"x", headers={"X-CSRFToken": token})
    assert refused.status_code == 409
    assert "outside the timetable" in refused.json["detail"]
    assert "no lecture is running" in client.get("/notice").text


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path, {"TIMEZONE": NOON_ZONE})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_a_lecture_begins_and_ends_by_itself_and_outside_it_nothing_is_read(server, chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 844}, locale="en")
    sign_in(page, server)
    page.goto(f"{server.url}/timetable")
    page.get_by_role("switch").check()
    page.locator("#only").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.goto(server.url)
    expect(page.locator("#badge")).to_have_text("no lecture is running")
    assert server.get("/snapshot.jpg").status == 503
    assert server.get("/readyz").json["camera"] == "outside_timetable"
    detail = server.get("/api/v1/state").json["camera"]["detail"]
    assert detail == "Nothing is read outside the timetable; no lecture is planned."

    now = datetime.now(ZoneInfo(NOON_ZONE))
    page.goto(f"{server.url}/timetable")
    page.get_by_label("Day", exact=True).select_option(str(now.weekday()))
    page.get_by_label("From", exact=True).fill("00:00")
    page.get_by_label("To", exact=True).fill("23:59")
    page.get_by_label("Title").fill("Algebra")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".planned.is-now")).to_contain_text("Algebra")
    page.goto(server.url)
    expect(page.locator(".lecture .running")).to_be_visible()
    expect(page.locator(".lecture")).to_contain_text("ends by itself at 23:59")
    expect(page.locator("#badge")).to_contain_text("live")

    end = f"{datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%d %H:%M:%S.%f}"
    server.change_database("UPDATE lecture SET planned_end = ?", end)
    server.tell_monitor()
    (lecture,) = server.get("/api/v1/lectures").json["lectures"]
    ended = wait_for(lambda: server.get(f"/api/v1/lectures/{lecture['id']}").json["ended_at"])
    assert ended[:19] == end.replace(" ", "T")[:19]
    expect(page.locator("#badge")).to_have_text("no lecture is running")
    assert "it ended at" in server.get("/").body.decode()
    report = server.get(f"/lectures/{lecture['id']}").body.decode()
    assert "as the timetable says" in report
    wait_for(lambda: not server.is_online())
    assert len(server.get("/api/v1/lectures").json["lectures"]) == 1, "it is not begun again"

    soon = f":{datetime.now(UTC) + timedelta(seconds=5):%Y%m%dT%H%M%SZ}"
    with HttpCamera({"/a.ics": body(ICS, calendar_of(event("Choir", begins=soon)))}) as calendar:
        page.goto(f"{server.url}/timetable")
        page.get_by_label("Address of the calendar").fill(f"{calendar.url}/a.ics")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.locator(".planned").filter(has_text="Choir")).to_be_visible()
    page.wait_for_load_state()  # with its style sheet
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    wait_for(server.is_online)
    assert server.get("/api/v1/state").json["lecture"]["title"] == "Choir"
    close(page.context)


def test_each_room_has_a_timetable_of_its_own(app, administrator):
    with app.app_context():
        other = room_queries.get_or_create_room("Room 8")
        other_id, other_path = other.id, f"/rooms/{other.slug}/timetable"
    token = csrf_of(administrator.get(other_path).text)
    sent = administrator.post(f"{other_path}/line", data={"csrf_token": token, **LINE})
    assert sent.location == other_path
    assert lines_in(app) == []
    assert "Algebra" in administrator.get(other_path).text
    assert "Algebra" not in administrator.get("/timetable").text
    planned = administrator.get(f"/api/v1/rooms/{other_id}/timetable").json["lectures"]
    assert [each["title"] for each in planned][:1] == ["Algebra"]
    assert administrator.get("/api/v1/timetable").json["lectures"] == []
    assert administrator.get(f"{other_path}?line=1").text.count('value="Algebra"') == 1
    assert 'value="Algebra"' not in administrator.get("/timetable?line=1").text, "a line of another room"
