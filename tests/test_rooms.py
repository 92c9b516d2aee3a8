"""Several rooms on one server: each is read, shown and recorded by itself."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from app import create_app
from app.monitor.loop import _labels
from app.purpose import Purpose
from app.runner import runner as rooms_runner
from app.runner.capacity import Capacity
from app.store import lecture_queries, room_queries
from app.store.effective_settings import effective_settings, first_room
from app.store.tables import Lecture, db
from app.web.serve import NO_CAMERA, _refusal, _refuse_room
from tests.browser import close, sign_in
from tests.forms import csrf_of, signed_in_client
from tests.manual_clock import ManualClock
from tests.mjpeg_camera import MjpegCamera
from tests.server import wait_for
from tests.test_api import NOON
from tests.test_server import looks_like_a_card

LAB = {
    "room": "Lab 2",
    "kind": "demo",
    "minimum_group": "3",
    "retention_days": "30",
    "contact": "",
    "timezone": "",
    "language": "",
    "told": "y",
    "purpose": "outside-eu",
}


@pytest.fixture
def administrator(app):
    return signed_in_client(app)


def add_room(client, **changes):
    form = {**LAB, **changes, "csrf_token": csrf_of(client.get("/rooms/new").text)}
    return client.post("/rooms/new", data=form)


class Runner:
    """Notes that it was woken; pages of an application without a server need no more."""

    def __init__(self) -> None:
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1


@pytest.fixture(autouse=True)
def runner(request):
    if "app" in request.fixturenames:
        app = request.getfixturevalue("app")
        app.extensions["runner"] = Runner()
        return app.extensions["runner"]
    return None


def test_a_room_is_added_with_settings_of_its_own(app, administrator, runner):
    assert add_room(administrator).location == "/rooms/lab-2"
    assert runner.wakes == 1
    with app.app_context():
        lab, first = room_queries.find_room("Lab 2"), first_room()
        assert (effective_settings(lab).minimum_group, effective_settings(lab).retention_days) == (3, 30)
        assert effective_settings(first).minimum_group == 5


def test_the_environment_describes_the_first_room_alone(make_app):
    app = make_app(CAMERA="rtsp://camera.example/1", MINIMUM_GROUP="9")
    with app.app_context():
        first, other = first_room(), room_queries.create_room("Lab 2")
        assert effective_settings(first).camera == "rtsp://camera.example/1"
        assert effective_settings(first).minimum_group == 9
        assert (effective_settings(other).camera, effective_settings(other).minimum_group) == ("demo", 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"room": "Room 7"}, "Another room has this name already"),
        ({"room": ""}, "Must be"),
        ({"told": ""}, "Confirm this"),
        ({"kind": "network", "address": ""}, "Enter its address"),
    ],
)
def test_a_room_that_can_t_be_added_is_refused_with_the_reason(app, administrator, changes, said):
    answer = add_room(administrator, **changes)
    assert answer.status_code == 400
    assert said in answer.text
    with app.app_context():
        assert len(room_queries.all_rooms()) == 1


@pytest.mark.parametrize(
    ("name", "slug"), [("Straße 4", "strasse-4"), ("room 7", "room-7-2"), ("New", "new-2"), ("…", "room")]
)
def test_every_name_gives_an_address_of_its_own(app, administrator, name, slug):
    assert add_room(administrator, room=name).location == f"/rooms/{slug}"


def test_two_rooms_can_t_have_one_camera_device(app, administrator, monkeypatch):
    from app.camera.devices import VideoDevice

    monkeypatch.setattr("app.web.room_form.video_devices", lambda: [VideoDevice(0, "Webcam")])
    assert add_room(administrator, kind="device", device="0").status_code == 302
    refused = add_room(administrator, room="Lab 3", kind="device", device="0")
    assert refused.status_code == 400
    assert "Lab 2 uses this camera already" in refused.text


def test_a_room_is_archived_restored_and_deleted_with_what_is_in_it(app, administrator, runner):
    def send(path: str):
        token = csrf_of(administrator.get("/settings").text)
        return administrator.post(path, data={"csrf_token": token})

    add_room(administrator)
    with app.app_context():
        lab = room_queries.find_room("Lab 2")
        lecture_queries.end_lecture(lecture_queries.start_lecture(lab, "Acids", "", NOON), NOON)
        lab_id = lab.id
    assert send("/rooms/lab-2/archive").location == "/rooms"
    assert administrator.get("/rooms/lab-2").status_code == 404
    assert administrator.get(f"/api/v1/rooms/{lab_id}/state").status_code == 404
    assert "Acids" in administrator.get("/lectures").text
    assert send(f"/archived-rooms/{lab_id}/restore").location == "/rooms/lab-2"
    assert send(f"/archived-rooms/{lab_id}/delete").status_code == 404, "a room in use is archived first"
    send("/rooms/lab-2/archive")
    assert "1 lecture" in administrator.get(f"/archived-rooms/{lab_id}/delete").text
    send(f"/archived-rooms/{lab_id}/delete")
    with app.app_context():
        assert room_queries.find_room("Lab 2") is None
        assert db.session.query(Lecture).count() == 0
    assert runner.wakes == 4


def test_the_only_room_and_one_with_a_running_lecture_are_not_archived(app, administrator):
    def archive(slug: str) -> str:
        token = csrf_of(administrator.get("/settings").text)
        answer = administrator.post(f"/rooms/{slug}/archive", data={"csrf_token": token})
        assert answer.status_code == 409
        return answer.json["detail"]

    assert "the only room in use" in archive("room-7")
    add_room(administrator)
    assert "environment describes the first room" in archive("room-7")
    with app.app_context():
        lecture_queries.start_lecture(room_queries.find_room("Lab 2"), "Acids", "", NOON)
    assert "A lecture is running" in archive("lab-2")


def test_links_on_a_room_s_pages_lead_to_the_same_room(app, administrator):
    add_room(administrator)
    page = administrator.get("/rooms/lab-2").text
    paths = ("/pause", "/hide-faces", "/settings", "/notice", "/stream.mjpg", "?view=screen", "/lectures")
    for path in paths:
        assert f'"/rooms/lab-2{path}"' in page
    assert administrator.get("/").location == "/rooms/lab-2", "the one last seen"
    administrator.get("/rooms/room-7")
    assert administrator.get("/").location == "/rooms/room-7"
    assert signed_in_client(app, "ben").get("/").location == "/rooms"


def test_with_one_room_no_page_offers_others(app, administrator):
    page = administrator.get("/").text
    assert 'class="rooms"' not in page
    assert "All rooms" not in page


def test_an_open_page_acts_on_the_room_that_it_shows(app, administrator):
    """Another room may have become the first one meanwhile."""
    page = administrator.get("/").text
    assert 'action="/rooms/room-7/pause"' in page
    assert 'src="/rooms/room-7/stream.mjpg"' in page


def test_what_the_environment_says_never_falls_to_another_room(make_app):
    app = make_app(ROOM="", CAMERA="rtsp://camera.example/1", RETENTION_DAYS="7")
    app.extensions["runner"] = Runner()
    administrator = signed_in_client(app)
    with app.app_context():
        slug = first_room().slug
        other_id = room_queries.create_room("Lab 2", camera="demo").id
    token = csrf_of(administrator.get("/settings").text)
    refused = administrator.post(f"/rooms/{slug}/archive", data={"csrf_token": token})
    assert refused.status_code == 409
    assert "environment describes the first room" in refused.json["detail"]
    with app.app_context():
        assert effective_settings(room_queries.room_by_id(other_id)).retention_days == 365


def test_a_room_of_an_earlier_start_is_not_read_as_the_drawn_classroom(make_app):
    app = make_app(ROOM="Physics")
    with app.app_context():
        first_room()
        earlier = room_queries.create_room("Chemistry")
        assert _refusal(app, None, earlier.id, 0) is NO_CAMERA
        assert _refusal(app, None, first_room().id, 0) is None


def test_a_room_that_follows_a_deleted_one_under_its_id_is_another(app):
    with app.app_context():
        first_room()
        old = room_queries.create_room("Old")
        held = app.extensions["rooms"].get(old)
        room_queries.delete_room(old)
        fresh = room_queries.create_room("Fresh")
        assert fresh.id == held.room_id, "SQLite gives an id again"
        assert app.extensions["rooms"].get(fresh).control is not held.control


def test_an_address_by_id_never_becomes_the_first_room(app, administrator, api):
    add_room(administrator)
    with app.app_context():
        lab_id = room_queries.find_room("Lab 2").id
        first = app.extensions["rooms"].get(first_room(), None)
    events = administrator.get(f"/api/v1/rooms/{lab_id}/events").response
    next(events)
    assert app.extensions["rooms"].known(None) is first


def test_an_archived_room_is_not_restored_onto_a_camera_that_another_uses(app, administrator):
    with app.app_context():
        old = room_queries.create_room("Old", camera="0", archived_at=NOON)
        room_queries.create_room("New home", camera="0")
        old_id = old.id
    token = csrf_of(administrator.get("/settings").text)
    refused = administrator.post(f"/archived-rooms/{old_id}/restore", data={"csrf_token": token})
    assert refused.status_code == 409
    assert "New home uses" in refused.json["detail"]


class Keeper:
    def __init__(self) -> None:
        self.is_started = self.is_joined = False

    def start(self) -> None:
        self.is_started = True

    def join(self) -> None:
        self.is_joined = True


def test_the_runner_keeps_what_is_wanted_and_one_bad_room_stops_no_other(caplog):
    keepers, forgotten, wanted = {}, [], [1, 2, 3]

    def keeper_of(room_id, _is_ending):
        if room_id == 2:
            raise ValueError("no such zone")
        return keepers.setdefault(room_id, Keeper())

    refusals = []
    runner = rooms_runner.Runner(
        lambda: wanted,
        keeper_of,
        forgotten.append,
        lambda room_id, _running: "full" if room_id == 3 else None,
        lambda room_id, why: refusals.append((room_id, why)),
        ManualClock(),
        lambda: False,
    )
    runner._keep(wanted)
    assert keepers[1].is_started
    assert "no such zone" in caplog.text
    assert refusals == [(3, "full")]
    runner._keep([2])
    assert keepers[1].is_joined
    assert sorted(forgotten) == [1, 3]


def test_the_json_of_a_room_is_found_by_its_id(app, administrator, api):
    add_room(administrator)
    rooms = {room["name"]: room["id"] for room in api.get("/api/v1/rooms").json["rooms"]}
    assert rooms.keys() == {"Room 7", "Lab 2"}
    started = api.post(f"/api/v1/rooms/{rooms['Lab 2']}/lectures", json={"title": "Acids"}).json
    assert started["room"] == "Lab 2"
    assert api.get("/api/v1/state").json["lecture"] is None
    assert api.get(f"/api/v1/rooms/{rooms['Lab 2']}/state").json["lecture"]["title"] == "Acids"
    assert api.get(f"/api/v1/rooms/{rooms['Lab 2']}/now").status_code == 503
    assert [
        each["title"] for each in api.get(f"/api/v1/rooms/{rooms['Room 7']}/lectures").json["lectures"]
    ] == []
    assert api.get("/api/v1/rooms/99/state").status_code == 404


def test_rooms_are_listed_in_the_order_of_their_numbers(app):
    with app.app_context():
        for name in ("Room 10", "room 8", "Lab", "7b", "Room 10a", "12"):
            room_queries.create_room(name)
        first_room()
        names = [room.name for room in room_queries.rooms_in_use()]
        assert names == ["7b", "12", "Lab", "Room 7", "room 8", "Room 10", "Room 10a"]


def test_a_forgotten_lecture_ends_in_a_room_that_is_not_read(app):
    with app.app_context():
        room_id = first_room().id
        long_ago = datetime.now(UTC) - timedelta(hours=30)
        lecture = lecture_queries.start_lecture(first_room(), "Acids", "", long_ago)
        lecture_id = lecture.id
    _refuse_room(app, room_id, NO_CAMERA)
    with app.app_context():
        ended = lecture_queries.find_lecture(lecture_id)
        assert ended.ended_by_itself
        assert ended.ended_at == long_ago + timedelta(hours=4)


def test_a_machine_reads_as_many_rooms_as_it_can():
    capacity = Capacity(detect_fps=5, cores_in_use=lambda: [], cores=2)
    assert [capacity.refusal(rooms) is None for rooms in range(8)] == [True] * 6 + [False] * 2
    slow = Capacity(detect_fps=5, cores_in_use=lambda: [0.9, 0.7], cores=2)
    assert slow.refusal(1) is None
    assert "reads 2 rooms at 5 frames a second: each takes 0.8 of its 2 cores" in str(slow.refusal(2))
    assert Capacity(detect_fps=60, cores_in_use=lambda: [], cores=1).refusal(0) is None, "one room always"


@pytest.fixture
def school(start_server):
    """A server with two rooms: the drawn classroom, and a lab whose camera shows no face."""
    server = start_server(ROOM="Room 7")
    with MjpegCamera() as camera:
        yield server, camera


def events_of(server, room_id: int, count: int) -> list[tuple[str, dict]]:
    request = urllib.request.Request(
        f"{server.url}/api/v1/rooms/{room_id}/events", headers={"Authorization": f"Bearer {server.token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = (line.decode().rstrip("\n") for line in answer)
        events = []
        while len(events) < count:
            name = next(line for line in lines if line.startswith("event: "))
            events.append((name.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))))
        return events


def test_two_rooms_are_set_up_on_pages_and_taught_in_at_once(school, chromium):
    server, camera = school
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    try:
        sign_in(page, server)
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("button", name="Add a room").click()
        page.get_by_label("Name of the room").fill("Lab 2")
        page.get_by_label("Camera address").fill(camera.url)
        page.get_by_label("the room is outside the European Union").check()
        page.get_by_label("This is allowed here").check()
        page.get_by_role("button", name="Add a room").click()
        page.wait_for_url(f"{server.url}/rooms/lab-2")
        expect(page.locator("#badge")).to_contain_text("live")
        for room, title in (("Lab 2", "Acids"), ("Room 7", "Algebra")):
            link = page.get_by_role("navigation", name="Rooms").get_by_role("link", name=room)
            page.goto(server.url + link.get_attribute("href"))  # and wait until it is there, unlike a click
            page.get_by_label("Title").fill(title)
            page.get_by_role("button", name="Start lecture").first.click()
            expect(page.get_by_text("Lecture running")).to_be_visible()
        page.get_by_role("link", name="All rooms").click()
        tiles = page.locator("#wall li")
        expect(tiles.filter(has_text="Room 7")).to_contain_text("Algebra")
        expect(tiles.filter(has_text="Lab 2")).to_contain_text("Acids")
        expect(tiles.filter(has_text="Room 7")).to_contain_text("faces")
        pictures = "[...document.querySelectorAll('#wall img')].map((image) => image.naturalWidth)"
        wait_for(lambda: all(page.evaluate(pictures)))
    finally:
        close(context)
    assert len(server.monitor_pids()) == 2
    rooms = {room["name"]: room["id"] for room in server.get("/api/v1/rooms").json["rooms"]}
    wait_for(lambda: server.get(f"/api/v1/rooms/{rooms['Room 7']}/now").json["faces"] > 5)
    named = dict(events_of(server, rooms["Room 7"], 3))
    assert named["state"]["lecture"]["title"] == named["lecture"]["title"] == "Algebra"
    assert named["now"]["faces"] > 5
    pictures = [part.jpeg for part in islice(server.stream("/rooms/lab-2/stream.mjpg"), 2)]
    assert Image.open(BytesIO(pictures[0])).size == (320, 240), "the lab's own picture"
    small = server.get("/rooms/room-7/snapshot.jpg?width=320")
    assert Image.open(BytesIO(small.body)).size == (320, 180)
    wait_for(lambda: server.get("/readyz").status == 200)


def test_a_room_that_is_archived_lets_go_of_its_camera_and_its_viewers(school):
    server, camera = school
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    with app.app_context():
        lab = room_queries.create_room("Lab 2")
        room_queries.change_room(lab, camera=camera.url, told_at=NOON)
    server.tell_monitor()
    stream = server.stream("/rooms/lab-2/stream.mjpg")
    wait_for(lambda: not looks_like_a_card(next(stream)))
    wait_for(lambda: len(server.monitor_pids()) == 2)
    with app.app_context():
        room_queries.change_room(room_queries.find_room("Lab 2"), archived_at=NOON)
    server.tell_monitor()
    for _ in stream:
        pass  # until it ends
    wait_for(lambda: len(server.monitor_pids()) == 1)
    wait_for(server.is_online)  # the other room goes on


def test_a_room_has_a_time_zone_and_a_language_of_its_own(app, administrator):
    add_room(administrator, timezone="Asia/Tokyo", language="de")
    with app.app_context():
        lab = room_queries.find_room("Lab 2")
        in_force = effective_settings(lab)
        assert (in_force.timezone.key, in_force.language) == ("Asia/Tokyo", "de")
        assert effective_settings(first_room()).timezone.key == "UTC"
        lecture = lecture_queries.start_lecture(lab, "Acids", "", NOON)
        lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=3))
        lecture_id = lecture.id
    page = administrator.get(f"/lectures/{lecture_id}", headers={"Accept-Language": "en"}).text
    assert "21:00" in page
    assert "JST" in page
    report = administrator.get(f"/lectures/{lecture_id}/report.csv").text
    assert "2026-11-20T21:00:00+09:00" in report
    refused = add_room(administrator, room="Lab 3", timezone="Mars/Base")
    assert "IANA time zone database" in refused.text


def test_the_words_in_a_picture_are_in_the_room_s_language():
    assert _labels("de", Purpose.EXPRESSIONS)["happy"] == "fröhlich"
    assert _labels("en", Purpose.EXPRESSIONS)["happy"] == "happy"
