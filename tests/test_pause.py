"""Pause and hidden faces: in one click, at once, for everybody."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.monitor.shutter import Shutter
from app.store import room_queries, user_queries
from app.store.effective_settings import (
    NO_OVERRIDES,
    CurrentPause,
    EffectiveSettings,
    Overrides,
)
from app.web.stream.hub import Hub
from app.web.stream.viewer import StreamSlots
from tests.http_camera import HttpCamera
from tests.progressive_jpeg import progressive_jpeg
from tests.rooms import first_settings
from tests.server import wait_for
from tests.test_server import faces_now, looks_like_a_card, minutes_of

SINCE = datetime(2026, 11, 20, 10, 41, tzinfo=UTC)
PAUSED = EffectiveSettings("demo", False, 5, 365, None, CurrentPause(SINCE, "anna"))
HIDDEN = EffectiveSettings("demo", True, 5, 365, None, None)
OPEN = EffectiveSettings("demo", False, 5, 365, None, None)


@pytest.fixture
def hub():
    hub = Hub(SYSTEM_CLOCK, ZoneInfo("UTC"), StreamSlots(2), snapshot_fps=50)
    hub.monitor_started()
    camera = CameraState(True, None, None, SINCE, 25.0)
    hub.receive(MonitorStatus(camera, live=None, analysed_fps=5, frames_dropped=0))
    hub.receive(AnnotatedPicture(b"faces", captured_at=1000, size=(640, 360)))
    return hub


def test_from_the_click_on_no_picture_is_shown_though_the_monitor_sends_one(hub):
    hub.apply_settings(PAUSED)
    assert hub.newest_frame().is_card
    assert str(hub.card_text().title) == "Paused since 10:41 by anna"
    hub.receive(AnnotatedPicture(b"late", captured_at=1001, size=(640, 360)))
    assert hub.newest_frame().is_card


def test_a_picture_from_before_the_pause_is_not_shown_after_it(hub):
    hub.apply_settings(PAUSED)
    hub.apply_settings(OPEN)
    assert hub.newest_frame().is_card
    hub.receive(AnnotatedPicture(b"new", captured_at=1002, size=(640, 360)))
    assert hub.newest_frame().jpeg == b"new"


def test_from_the_click_on_only_pictures_without_faces_are_shown(hub):
    hub.apply_settings(HIDDEN)
    hub.receive(AnnotatedPicture(b"late", captured_at=1001, size=(640, 360)))
    assert hub.newest_frame().is_card
    hub.receive(AnnotatedPicture(b"frosted", captured_at=1002, size=(640, 360), faces_hidden=True))
    assert hub.newest_frame().jpeg == b"frosted"


def test_an_order_that_is_not_stored_yet_outlasts_what_the_database_says(hub):
    hub.override(Overrides(PAUSED.pause, hide_faces=True))
    assert hub.newest_frame().is_card
    hub.apply_settings(OPEN)
    assert hub.pause == PAUSED.pause
    assert hub.demand.overrides == Overrides(PAUSED.pause, hide_faces=True)
    hub.apply_settings(PAUSED)
    assert hub.overrides == Overrides(hide_faces=True), "the pause is stored now"
    hub.apply_settings(HIDDEN)
    hub.apply_settings(OPEN)
    assert hub.demand.overrides == NO_OVERRIDES


def test_a_stored_order_that_another_web_process_took_back_is_not_given_again(hub):
    ordered = Overrides(PAUSED.pause, hide_faces=True)
    hub.override(ordered)
    hub.reload_settings(lambda: OPEN, stored=ordered)
    assert hub.overrides == NO_OVERRIDES
    assert hub.pause is None


def test_no_camera_is_opened_before_the_database_has_said_whether_there_is_a_pause():
    shutter = Shutter(stall_seconds=5, clock=SYSTEM_CLOCK)
    assert not shutter.apply(None)
    assert shutter.state.reason == Reason.STARTING
    assert next(shutter.frames(lambda: True)) is None


def test_a_pause_releases_the_camera_and_its_end_opens_it_again():
    shutter = Shutter(stall_seconds=5, clock=SYSTEM_CLOCK)
    assert shutter.apply(OPEN)
    seen = next(captured for captured in shutter.frames(lambda: True) if captured)
    assert shutter.is_current(seen)
    assert not shutter.apply(OPEN), "nothing changed"
    assert shutter.apply(PAUSED)
    assert not shutter.is_current(seen), "a frame that is still being analysed is dropped"
    assert shutter.state.reason == Reason.PAUSED
    assert shutter.state.since == SINCE
    assert shutter.apply(OPEN)
    assert next(captured for captured in shutter.frames(lambda: True) if captured)
    shutter.release_camera()


def test_a_pause_ends_the_connection_to_a_network_camera():
    has_left = threading.Event()

    def film(request) -> None:
        part = b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + progressive_jpeg(size=(64, 48)) + b"\r\n"
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace;boundary=x")
        request.end_headers()
        try:
            while not has_left.wait(0.05):
                request.wfile.write(part)
        except OSError:
            has_left.set()

    with HttpCamera({"/": film}) as camera:
        shutter = Shutter(stall_seconds=5, clock=SYSTEM_CLOCK)
        open_settings = replace(OPEN, camera=f"{camera.url}/")
        shutter.apply(open_settings)
        assert next(captured for captured in shutter.frames(lambda: True) if captured)
        assert not has_left.is_set()
        shutter.apply(replace(open_settings, pause=PAUSED.pause))
        assert has_left.wait(10)


def test_a_pause_is_kept_with_who_and_since_when(api):
    assert api.get("/api/v1/state").json["paused"] is None
    api.post("/pause")
    state = api.get("/api/v1/state").json
    assert state["paused"]["by"] == "anna"
    assert (state["camera"]["online"], state["camera"]["reason"]) == (False, Reason.PAUSED)
    since = state["paused"]["since"]
    api.post("/pause")
    assert api.get("/api/v1/state").json["paused"]["since"] == since, "a second click changes nothing"
    api.post("/resume")
    assert api.get("/api/v1/state").json["paused"] is None
    (pause,) = api.get("/api/v1/minutes").json["pauses"]
    assert pause["from"] == since <= pause["to"]


def test_hidden_faces_are_kept(api):
    api.post("/hide-faces", data={"hide": "on"})
    assert api.get("/api/v1/state").json["faces_hidden"] is True
    assert api.post("/hide-faces", data={"hide": "perhaps"}).status_code == 400
    api.post("/hide-faces", data={"hide": "off"})
    assert api.get("/api/v1/state").json["faces_hidden"] is False


def test_only_an_administrator_shows_faces_that_an_administrator_hid(app, api):
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(room, hide_faces=True, hidden_by_administrator=True)
        user_queries.set_password("ben", "a long password")
        ben_s_token = user_queries.create_token(user_queries.find_user("ben"), SINCE)
    ben = app.test_client()
    ben.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {ben_s_token}"
    assert "only an administrator can show them again" in ben.get("/").text
    assert ben.post("/hide-faces", data={"hide": "on"}).status_code == 302
    refused = ben.post("/hide-faces", data={"hide": "off"})
    assert refused.status_code == 403
    assert "only an administrator can show them again" in refused.json["detail"]
    assert api.get("/api/v1/state").json["faces_hidden"] is True
    assert api.post("/hide-faces", data={"hide": "off"}).status_code == 302, "anna is one"
    assert api.get("/api/v1/state").json["faces_hidden"] is False
    api.post("/hide-faces", data={"hide": "on"})
    assert ben.post("/hide-faces", data={"hide": "off"}).status_code == 302, "on the live page anybody may"


def test_what_the_environment_says_can_t_be_changed_on_a_page(make_app):
    app = make_app(HIDE_FACES="on", RETENTION_DAYS="365")
    with app.app_context():
        token = user_queries.create_token(user_queries.set_password("anna", "a long password"), SINCE)
        room_queries.change_room(
            room_queries.get_or_create_room("Room 7"), hide_faces=False, retention_days=7, minimum_group=9
        )
    now = first_settings(app)
    assert (now.hide_faces, now.retention_days, now.minimum_group) == (True, 365, 9)
    client = app.test_client()
    answer = client.post("/hide-faces", data={"hide": "off"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 409
    assert "HIDE_FACES" in answer.json["detail"]


def test_nothing_is_read_recorded_or_shown_during_a_pause(start_server):
    server = start_server()
    wait_for(lambda: faces_now(server) > 5)
    watching = server.stream()
    wait_for(lambda: not looks_like_a_card(next(watching)))
    server.get("/pause", method="POST")
    assert wait_for(lambda: looks_like_a_card(next(watching)))
    assert server.get("/snapshot.jpg").status == 503
    assert server.get("/api/v1/now").status == 503
    assert server.get("/readyz").status == 200
    wait_for(lambda: server.get("/api/v1/state").json["camera"]["capture_fps"] == 0)
    wait_for(lambda: server.get("/api/v1/state").json["monitor"]["analysed_fps"] == 0)
    server.stop()
    recorded = frames_stored(server)
    assert recorded > 0
    server.start()
    wait_for(lambda: server.get("/readyz").status == 200)
    assert looks_like_a_card(next(server.stream())), "a restart does not end the pause"
    assert frames(server) == recorded
    server.get("/resume", method="POST")
    wait_for(lambda: faces_now(server) > 0)
    server.stop()
    assert frames_stored(server) > recorded


def frames(server) -> int:
    return sum(minute["frames_analysed"] for minute in minutes_of(server))


def frames_stored(server) -> int:
    """The frames recorded by a server that has ended, which writes the last ones then."""
    with closing(sqlite3.connect(server.sqlite_path)) as connection:
        return connection.execute("SELECT sum(frames_analysed) FROM minute").fetchone()[0]


def test_the_camera_can_be_changed_without_a_restart(start_server):
    server = start_server(CAMERA="")
    wait_for(server.is_online)
    assert server.get("/api/v1/state").json["camera"]["source"] == "demo"
    wait_for(lambda: faces_now(server) > 8)
    change_room(server, camera="demo?students=5")
    wait_for(lambda: server.get("/api/v1/state").json["camera"]["source"] == "demo?students=5")
    wait_for(lambda: 0 < faces_now(server) <= 5)
    assert server.get("/api/v1/state").json["monitor"]["restarts"] == 0


def change_room(server, **stored) -> None:
    """Store settings as the settings page does, in the server's database."""
    from app import create_app

    app = create_app(server.environment, server.log_path.parent / "instance")
    with app.app_context():
        room_queries.change_room(room_queries.get_or_create_room(server.environment["ROOM"]), **stored)
    server.tell_monitor()
