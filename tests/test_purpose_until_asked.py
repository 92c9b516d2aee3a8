"""Until somebody has said what a room is for, people are only counted; what the environment said stays."""

import pytest

from app.purpose import Ground, Purpose
from app.store import recording_queries, room_queries
from app.store.effective_settings import effective_settings, first_room
from app.store.tables import db
from app.web.serve import _rooms_in_use
from tests.forms import signed_in_client
from tests.mjpeg_camera import MjpegCamera
from tests.rooms import first_settings
from tests.server import wait_for
from tests.test_presence import NOON, loaded
from tests.test_purpose_page import fill_in, subjects


@pytest.mark.parametrize("camera", ["rtsp://camera.example/1", "0", "browser"])
def test_a_camera_only_counts_faces_until_set_up_is_answered(make_app, camera):
    app = make_app(CAMERA=camera)
    assert first_settings(app).purpose is Purpose.PRESENCE
    administrator = signed_in_client(app)
    assert "Until then faces are only counted." in administrator.get("/").text
    assert "Until you choose, faces are only counted." in administrator.get("/setup/room").text
    assert fill_in(administrator, "/setup/room", purpose="research").status_code == 302
    assert first_settings(app).purpose is Purpose.EXPRESSIONS
    assert "Until then" not in administrator.get("/").text


@pytest.mark.parametrize("camera", ["demo?students=6", "lecture.mp4"])
def test_what_films_nobody_here_is_read(make_app, camera):
    app = make_app(CAMERA=camera)
    assert first_settings(app).purpose is Purpose.EXPRESSIONS
    page = signed_in_client(app).get("/setup/room").text
    assert "expressions are read in the drawn classroom and in the file" in page


def test_a_recording_is_counted_only_while_nobody_has_said_what_its_room_is_for(app):
    with app.app_context():
        room = first_room()
        assert effective_settings(room).purpose is Purpose.EXPRESSIONS, "it is the drawn classroom"
        of_unasked = recording_queries.recorded_lecture(room, "Algebra", "", NOON, None)
        room_queries.change_room(room, purpose=Purpose.EXPRESSIONS, ground=Ground.RESEARCH)
        of_asked = recording_queries.recorded_lecture(room, "Algebra", "", NOON, None)
        assert (of_unasked.purpose, of_asked.purpose) == (Purpose.PRESENCE, Purpose.EXPRESSIONS)
        db.session.commit()


def test_a_new_installation_with_a_camera_never_loads_the_network(start_server):
    with MjpegCamera() as camera:
        server = start_server(CAMERA=camera.url)
        now = wait_for(lambda: (found := server.get("/api/v1/now")).status == 200 and found.json)
        assert now["purpose"] == "presence"
        (pid,) = server.monitor_pids()
        assert "ai_edge_litert" not in loaded(pid)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_what_the_environment_said_stays_when_the_variable_goes(make_app, purpose):
    before = make_app(PURPOSE=purpose, CAMERA="rtsp://camera.example/1")
    with before.app_context():
        room_queries.change_room(first_room(), purpose=Purpose.EXPRESSIONS, ground=Ground.RESEARCH)
    for _ in range(2):
        _rooms_in_use(before)
    app = make_app(CAMERA="rtsp://camera.example/1")
    assert first_settings(app).purpose is purpose
    entries = [] if purpose is Purpose.EXPRESSIONS else [purpose]
    assert subjects(app, "purpose-chosen") == entries, "once, and only what is new"
    with app.app_context():
        assert first_room().ground == (Ground.RESEARCH if purpose is Purpose.EXPRESSIONS else None)


def test_expressions_in_the_environment_widen_nothing_for_good(make_app):
    before = make_app(PURPOSE="expressions", CAMERA="rtsp://camera.example/1")
    with before.app_context():
        room_queries.change_room(first_room(), purpose=Purpose.PRESENCE)
    _rooms_in_use(before)
    assert first_settings(before).purpose is Purpose.EXPRESSIONS
    assert first_settings(make_app(CAMERA="rtsp://camera.example/1")).purpose is Purpose.PRESENCE
