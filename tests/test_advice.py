"""What would let more faces be read: found by the monitor, said on the live page and in the state."""

import io

import pytest

from app.bus.messages import MonitorStatus
from app.camera.state import CameraState
from app.monitor.face_share import FaceShare
from app.purpose import Purpose
from app.role import Role
from app.store import room_queries, user_queries
from app.store.effective_settings import first_room
from app.vision.detection.yunet_file import YUNET_FILE
from tests.forms import csrf_of, signed_in_client
from tests.rooms import first_hub
from tests.test_settings_page import NOON


@pytest.fixture
def administrator(app):
    return signed_in_client(app)


@pytest.fixture
def teacher(app):
    client = signed_in_client(app, "berta")
    with app.app_context():
        user_queries.set_role(user_queries.find_user("berta"), Role.TEACHER)
    return client


def see(
    app, camera: str = "0", is_online: bool = True, purpose: Purpose = Purpose.EXPRESSIONS, **shares: float
) -> None:
    """Let the room's camera see so many turned or unreadable faces."""
    with app.app_context():
        room_queries.change_room(first_room(), camera=camera, purpose=purpose)
    state = CameraState(is_online, None, None, NOON, 25.0)
    first_hub(app).receive(MonitorStatus(state, None, 5, 0, **shares))


def advice(client) -> str | None:
    return client.get("/api/v1/state").json["advice"]


def shown(client) -> list[str]:
    """The advice that the live page shows when it is opened."""
    text = client.get("/").text
    forms = text.split("data-advice=")[1:]
    return [form.split('"')[1] for form in forms if not form.partition(">")[0].endswith(" hidden")]


def hide(client, name: str):
    """Press *Not now*."""
    return client.post("/hide-advice", data={"csrf_token": csrf_of(client.get("/").text), "advice": name})


def test_a_room_with_many_turned_faces_is_advised_to_use_yunet(app, administrator):
    see(app, turned=0.1)
    assert (advice(administrator), shown(administrator)) == (None, [])
    see(app, turned=0.4)
    assert (advice(administrator), shown(administrator)) == ("better_detector", ["better_detector"])


def test_a_room_whose_faces_are_too_small_is_advised_to_make_them_larger(app, administrator, teacher):
    see(app, unreadable=0.4)
    assert advice(teacher) is None
    see(app, unreadable=0.8, turned=0.8)
    for client in (teacher, administrator):
        assert (advice(client), shown(client)) == ("larger_faces", ["larger_faces"])
    see(app, purpose=Purpose.PRESENCE, unreadable=0.8, turned=0.8)
    assert advice(administrator) == "better_detector", "small faces are counted as well as large ones"


def test_advice_is_shown_to_those_who_can_follow_it(app, administrator, teacher):
    see(app, turned=0.4)
    assert shown(teacher) == [], "an administrator chooses the detector"
    see(app, unreadable=0.8)
    with app.app_context():
        user_queries.set_role(user_queries.find_user("berta"), Role.VIEWER)
    assert "data-advice" not in teacher.get("/").text


def test_who_presses_not_now_sees_that_advice_no_more(app, administrator):
    see(app, turned=0.4)
    assert hide(administrator, "better_detector").status_code == 302
    assert shown(administrator) == []
    see(app, unreadable=0.8)
    assert shown(administrator) == ["larger_faces"]
    answer = hide(administrator, "patience")
    assert answer.status_code == 400
    assert "larger_faces, better_detector" in answer.text


def test_where_yunet_is_in_use_or_nobody_sits_there_is_no_advice(app, administrator, weights):
    see(app, camera="demo", turned=0.4, unreadable=0.8)
    assert advice(administrator) is None
    see(app, is_online=False, turned=0.4, unreadable=0.8)
    assert advice(administrator) is None
    see(app, turned=0.4)
    form = {"csrf_token": csrf_of(administrator.get("/settings/detector").text)}
    administrator.post("/settings/detector", data=form | {"file": (io.BytesIO(weights), YUNET_FILE)})
    assert advice(administrator) is None


def share_of(*frames: tuple[float | None, int], seconds: int) -> float | None:
    """The share after so many seconds of 5 frames a second, which take turns."""
    faces = FaceShare()
    for step in range(seconds * 5):
        faces.add(*frames[step % len(frames)], step / 5)
    return faces.share


def test_a_share_is_that_of_the_last_minutes():
    assert share_of((0.5, 4), seconds=10) is None, "too little was seen"
    assert share_of((0.5, 1), (0.5, 1), (None, 0), seconds=300) == pytest.approx(0.5), "one face, often lost"
    assert share_of((0.5, 4), seconds=60) == pytest.approx(0.5)
    assert share_of((0.5, 2), (0.0, 6), seconds=300) == pytest.approx(0.125, abs=0.01)
    assert share_of((None, 9), seconds=300) is None, "it can't be told"
