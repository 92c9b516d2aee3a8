"""The first run, the settings page, and trying a camera from it."""

import base64
import json
from datetime import UTC, datetime

import pytest

from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.camera.devices import VideoDevice, video_devices
from app.camera.state import CameraState
from app.store import room_queries, user_queries
from app.store.effective_settings import first_room
from app.web.pages.account import setup_path
from tests.forms import csrf_of, signed_in_client
from tests.mjpeg_camera import MjpegCamera
from tests.rooms import first_hub, first_live_room, first_settings
from tests.server import wait_for
from tests.test_pause import change_room

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FILLED = {
    "kind": "demo",
    "minimum_group": "4",
    "retention_days": "30",
    "hide_faces": "y",
    "contact": "Anna Berg, room 12",
    "told": "y",
    "purpose": "outside-eu",
}


@pytest.fixture
def administrator(app):
    """Somebody who created the first account and is signed in."""
    client = app.test_client()
    with app.test_request_context():
        link = setup_path(app)
    account = {"name": "anna", "password": "a long password", "again": "a long password"}
    client.post(link, data=account | {"csrf_token": csrf_of(client.get(link).text)})
    return client


def fill_in(client, path: str, **changes):
    """Send the form at `path`; None leaves a field out."""
    form = {name: value for name, value in (FILLED | changes).items() if value is not None}
    return client.post(path, data=form | {"csrf_token": csrf_of(client.get(path).text)})


def test_the_first_run_sets_the_room_up(app, administrator):
    assert fill_in(administrator, "/setup/room").location == "/"
    now = first_settings(app)
    assert (now.camera, now.minimum_group, now.retention_days) == ("demo", 4, 30)
    assert now.hide_faces
    assert now.contact == "Anna Berg, room 12"
    assert administrator.get("/setup/room").location == "/settings"


def test_faces_that_are_hidden_under_settings_are_hidden_by_an_administrator(app, administrator):
    fill_in(administrator, "/settings")
    with app.app_context():
        assert room_queries.find_room("Room 7").hidden_by_administrator
    fill_in(administrator, "/settings", hide_faces=None)
    with app.app_context():
        assert not room_queries.find_room("Room 7").hidden_by_administrator
    assert not first_settings(app).hide_faces


def test_nothing_is_set_up_until_it_is_confirmed_that_it_is_allowed(app, administrator):
    assert "set-up is not finished" in administrator.get("/").text
    answer = fill_in(administrator, "/setup/room", told=None)
    assert answer.status_code == 400
    assert "Confirm this" in answer.text
    assert first_settings(app).minimum_group == 5
    assert fill_in(administrator, "/settings", told=None).status_code == 400
    fill_in(administrator, "/settings")
    assert "set-up is not finished" not in administrator.get("/").text
    assert fill_in(administrator, "/settings", told=None).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("minimum_group", "0", "1 to 60"),
        ("minimum_group", "many", "1 to 60"),
        ("retention_days", "", "1 to 3650"),
        ("contact", "x" * 201, "1 to 200 characters"),
        ("kind", "file", "Not a valid choice"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(app, administrator, field, value, said):
    answer = fill_in(administrator, "/settings", **{field: value})
    assert answer.status_code == 400
    assert said in answer.text
    assert first_settings(app).minimum_group == 5


@pytest.mark.parametrize("address", ["", "/etc/passwd", "ftp://camera/", "http://", "0"])
def test_only_an_address_is_taken_for_a_network_camera(app, administrator, address):
    assert fill_in(administrator, "/settings", kind="network", address=address).status_code == 400
    assert first_settings(app).camera == "demo"


def test_the_machine_of_a_room_can_be_chosen_where_there_are_several(make_app, postgres, administrator):
    assert 'name="machine"' not in administrator.get("/settings").text
    app = make_app(REDIS_URL="redis://127.0.0.1:1", DATABASE_URL=postgres.new_database())
    app.extensions["machines"] = lambda: ["cellar", "attic"]
    client = signed_in_client(app, "anna")
    page = client.get("/settings").text
    assert 'value="browser"' in page
    assert page.index("any machine") < page.index("attic") < page.index("cellar")
    assert fill_in(client, "/settings", machine="roof").status_code == 400
    assert fill_in(client, "/settings", machine="attic").status_code == 302
    with app.app_context():
        assert first_room().machine == "attic"
    app.extensions["machines"] = list  # it is away for more than a day, and stays chosen
    assert '<option selected value="attic">' in client.get("/settings").text
    assert fill_in(client, "/settings", machine="").status_code == 302
    with app.app_context():
        assert first_room().machine is None


def test_a_camera_that_was_not_found_is_refused(app, administrator):
    assert fill_in(administrator, "/settings", kind="device", device="94").status_code == 400


def test_a_password_in_the_address_is_never_shown_and_kept_when_left_empty(app, administrator):
    address = "rtsp://user:pa55word@camera/stream"
    fill_in(administrator, "/settings", kind="network", address=address)
    page = administrator.get("/settings").text
    assert "pa55word" not in page
    assert "rtsp://camera/stream" in page
    fill_in(administrator, "/settings", kind="network", address="")
    assert first_settings(app).camera == address


def test_a_value_from_the_environment_can_t_be_changed_and_the_page_says_why(make_app):
    app = make_app(HIDE_FACES="on", CAMERA="demo?students=6")
    client = signed_in_client(app, "anna")
    page = client.get("/settings").text
    assert "Set by <code>HIDE_FACES</code>" in page
    assert "Set by <code>CAMERA</code>" in page
    assert "Set by <code>RETENTION_DAYS</code>" not in page
    fill_in(client, "/settings", kind="network", address="http://camera/", hide_faces=None)
    now = first_settings(app)
    assert (now.camera, now.hide_faces, now.retention_days) == ("demo?students=6", True, 30)


@pytest.mark.parametrize("camera", ["lecture.mp4", "94", "rtsp://camera/stream", "demo"])
def test_the_rest_can_be_saved_while_the_environment_fixes_the_camera(make_app, camera):
    """The page has no fields for the settings that the environment fixes."""
    app = make_app(CAMERA=camera, MINIMUM_GROUP="8")
    client = signed_in_client(app, "anna")
    assert fill_in(client, "/settings", kind=None, minimum_group=None).status_code == 302
    now = first_settings(app)
    assert (now.camera, now.minimum_group, now.retention_days) == (camera, 8, 30)


def test_only_administrators_change_settings(app, administrator):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["user", "create", "ben", "--password", "a long password"]).exit_code == 0
    with app.app_context():
        token = user_queries.create_token(user_queries.find_user("ben"), NOON)
    ben = app.test_client()
    ben.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for path in ("/settings", "/setup/room", "/settings/camera"):
        assert ben.post(path, data=FILLED).status_code == 403
    assert ben.get("/settings").status_code == 403
    assert ben.post("/pause").status_code == 302, "everybody may pause"
    assert "/settings" not in ben.get("/").text


def test_cameras_of_the_machine_are_listed_without_their_second_entries(tmp_path):
    for number, index, name in ((2, "0", "Desk"), (0, "0", "Webcam"), (1, "1", "Webcam"), (10, None, None)):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        if index is not None:
            (folder / "index").write_text(f"{index}\n")
            (folder / "name").write_text(f"{name}\n")
    assert video_devices(tmp_path) == [VideoDevice(0, "Webcam"), VideoDevice(2, "Desk"), VideoDevice(10, "")]
    assert video_devices(tmp_path / "none") == []


def test_a_camera_is_tried_from_the_page_and_shows_a_picture(administrator):
    with MjpegCamera(with_password=True) as camera:
        works = fill_in_camera(administrator, kind="network", address=camera.url)
        assert works["works"]
        assert "320 × 240 pixels" in works["detail"]
        assert works["picture"].startswith("data:image/jpeg;base64,/9j/")
        wrong = fill_in_camera(administrator, kind="network", address=camera.url_as("teacher", "pa55word"))
    assert not wrong["works"]
    assert wrong["picture"] is None
    assert "password" in wrong["detail"]
    assert "pa55word" not in json.dumps(wrong)


def fill_in_camera(client, **camera) -> dict:
    token = csrf_of(client.get("/settings").text)
    return client.post("/settings/camera", data=FILLED | camera | {"csrf_token": token}).json


def test_a_browser_tries_its_own_camera_but_not_in_a_pause(app, administrator):
    assert fill_in_camera(administrator, kind="browser") == {"is_here": True, "hides_faces": False}
    fill_in(administrator, "/settings")
    assert fill_in_camera(administrator, kind="browser") == {"is_here": True, "hides_faces": True}
    with app.app_context():
        room_queries.pause_room(first_room(), "anna", NOON)
        first_live_room(app).control.reload()
    refused = fill_in_camera(administrator, kind="browser")
    assert "is_here" not in refused
    assert "The room is paused" in refused["detail"]


def test_the_camera_that_is_on_is_not_opened_a_second_time(app, administrator):
    hub = first_hub(app)
    online = CameraState(True, None, None, NOON, 25.0)
    hub.receive(MonitorStatus(online, live=None, analysed_fps=5, frames_dropped=0))
    hub.receive(AnnotatedPicture(b"picture", captured_at=1000, size=(640, 360)))
    tried = fill_in_camera(administrator, kind="demo")
    assert tried["works"]
    assert base64.b64decode(tried["picture"].partition(",")[2]) == b"picture"


def test_the_other_settings_can_be_saved_while_the_camera_is_unplugged(app, administrator):
    with app.app_context():
        room_queries.change_room(room_queries.get_or_create_room("Room 7"), camera="94")
    assert "94: not plugged in" in administrator.get("/settings").text
    assert fill_in(administrator, "/settings", kind="device", device="94").status_code == 302


def test_a_file_of_the_server_can_t_be_looked_at_from_the_page(administrator, tmp_path):
    answer = fill_in_camera(administrator, kind="network", address=str(tmp_path / "picture.jpg"))
    assert not answer["works"]
    assert "Enter its address" in answer["detail"]


def test_the_command_says_what_a_camera_gives_or_why_not(app, tmp_path):
    runner = app.test_cli_runner()
    picture = tmp_path / "picture.jpg"
    found = runner.invoke(args=["camera", "check", "demo", "--picture", str(picture)])
    assert found.output.startswith("It works: 1280 × 720 pixels, ")
    assert picture.read_bytes().startswith(b"\xff\xd8")
    missing = runner.invoke(args=["camera", "check", "/nowhere.mp4"])
    assert missing.exit_code == 1
    assert "There is no file /nowhere.mp4" in missing.output


def test_changed_settings_take_effect_without_a_restart(start_server):
    server = start_server(HIDE_FACES="", MINIMUM_GROUP="")
    wait_for(lambda: server.get("/api/v1/now").json.get("shares"))
    change_room(server, hide_faces=True, minimum_group=60)
    wait_for(lambda: server.get("/api/v1/now").json.get("suppressed"))
    assert server.get("/api/v1/state").json["faces_hidden"]
    assert server.get("/api/v1/state").json["monitor"]["restarts"] == 0
