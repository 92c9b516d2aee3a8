"""The better face detector: installed for all rooms in one click."""

import errno
import io
import threading
from multiprocessing import Pipe
from pathlib import Path

import pytest

from app.bus.publisher import Publisher
from app.clock import SYSTEM_CLOCK
from app.detector.install import install as install_bytes
from app.monitor.loop import Monitor
from app.purpose import Purpose
from app.store import room_queries
from app.store.audit_queries import AuditAction, AuditFilter, newest_entries
from app.store.changes import on_room_change
from app.store.effective_settings import effective_settings, first_room
from app.vision.detection.yunet_file import YUNET_FILE
from app.vision.detector_choice import CASCADES
from app.vision.face_analyser import FaceAnalyser
from app.web.pages import detector_page
from tests.forms import csrf_of, signed_in_client
from tests.server import free_port, wait_for
from tests.test_yunet import altered

PAGE = "/settings/detector"
CASCADES_IN_USE = "In use: OpenCV's cascades."
SHARED_FOLDER = "only to machines that share the folder"


@pytest.fixture
def administrator(app):
    return signed_in_client(app)


def press(client, path: str = PAGE, file: bytes | None = None, name: str = YUNET_FILE):
    """Press the button that sends the form at `path`."""
    form = {"csrf_token": csrf_of(client.get(PAGE).text)}
    if file is not None:
        form["file"] = (io.BytesIO(file), name)
    return client.post(path, data=form)


def detectors(app) -> set[str]:
    """The names of the detectors of all rooms."""
    with app.app_context():
        return {Path(effective_settings(room).detector).name for room in room_queries.rooms_in_use()}


def installed(app) -> list[str]:
    return [path.name for path in Path(app.instance_path).rglob("*.onnx")]


def test_one_click_fetches_it_checks_it_and_uses_it_in_all_rooms(
    app, administrator, weights, serve, monkeypatch
):
    monkeypatch.setattr(detector_page, "PUBLISHED_URL", serve(weights))
    with app.app_context():
        rooms = {first_room().id, room_queries.create_room("Lab").id}
    told = []
    on_room_change(app, told.append)
    assert CASCADES_IN_USE in administrator.get("/settings").text
    assert press(administrator).location == PAGE
    assert detectors(app) == {YUNET_FILE}
    assert set(told) == rooms, "monitors switch at once"
    assert "In use: YuNet." in administrator.get("/settings").text
    with app.app_context():
        entry = newest_entries(AuditFilter(action=AuditAction.DETECTOR_CHANGED))[0]
        assert (entry.who, entry.subject) == ("admin", "YuNet")


def test_a_school_without_internet_uploads_the_file(app, administrator, weights, monkeypatch):
    address = f"http://127.0.0.1:{free_port()}/{YUNET_FILE}"
    monkeypatch.setattr(detector_page, "PUBLISHED_URL", address)
    answer = press(administrator)
    assert answer.status_code == 422
    assert "can&#39;t be fetched" in answer.text
    assert "give it to this one" in answer.text
    assert "<details open>" in answer.text
    assert press(administrator, file=weights).status_code == 302
    assert detectors(app) == {YUNET_FILE}


def test_another_file_is_refused_in_words_and_changes_nothing(app, administrator, weights):
    for wrong, said in [(altered(weights), "altered or cut"), (b"", "Choose the file first")]:
        answer = press(administrator, file=wrong)
        assert answer.status_code == 422
        assert said in answer.text
    in_german = administrator.get(PAGE, headers={"Accept-Language": "de"})
    form = {"csrf_token": csrf_of(in_german.text), "file": (io.BytesIO(b"x"), YUNET_FILE)}
    assert "verändert" in administrator.post(PAGE, data=form, headers={"Accept-Language": "de"}).text
    assert installed(app) == []
    assert detectors(app) == {CASCADES}


def test_one_click_goes_back_to_the_cascades(app, administrator, weights):
    press(administrator, file=weights)
    assert press(administrator, f"{PAGE}/remove").location == PAGE
    assert detectors(app) == {CASCADES}
    assert CASCADES_IN_USE in administrator.get(PAGE).text


def test_the_environment_decides_where_it_names_a_detector(make_app, weights):
    app = make_app(DETECTOR="haar")
    client = signed_in_client(app)
    page = client.get(PAGE).text
    assert "Set by <code>DETECTOR</code>" in page
    assert "Download YuNet" not in page
    form = {"csrf_token": csrf_of(client.get("/settings").text), "file": (io.BytesIO(weights), YUNET_FILE)}
    assert client.post(PAGE, data=form).status_code == 422
    assert installed(app) == []
    form.pop("file")
    assert client.post(f"{PAGE}/remove", data=form).status_code == 422


def test_with_several_machines_the_page_says_which_ones_follow(make_app, postgres, administrator):
    assert SHARED_FOLDER not in administrator.get(PAGE).text
    app = make_app(REDIS_URL="redis://127.0.0.1:1", DATABASE_URL=postgres.new_database())
    assert SHARED_FOLDER in signed_in_client(app, "anna").get(PAGE).text


def test_a_shared_folder_that_is_away_changes_no_detector_and_ends_no_page(app, administrator, monkeypatch):
    def is_file(_path):
        raise OSError(errno.ESTALE, "Stale file handle")

    before = detectors(app)
    monkeypatch.setattr(Path, "is_file", is_file)
    assert detectors(app) == before
    assert administrator.get("/settings").status_code == 200


def test_nothing_is_installed_for_a_room_that_is_not_there(app, administrator):
    form = {"csrf_token": csrf_of(administrator.get(PAGE).text)}
    assert administrator.post("/rooms/no-such-room/settings/detector", data=form).status_code == 404


def test_a_monitor_switches_while_it_runs(app, tmp_path, weights):
    with app.app_context():
        room_id = first_room().id
    loaded, ending = [], threading.Event()

    def load(detector: str, purpose: Purpose) -> FaceAnalyser:
        analyser = FaceAnalyser(detector, purpose)
        loaded.append(Path(detector).name)
        return analyser

    bus, other_end = Pipe()
    with bus, other_end:
        publisher = Publisher(bus)
        monitor = Monitor(app, room_id, publisher, None, load, SYSTEM_CLOCK)
        thread = threading.Thread(target=monitor.run, args=[ending])
        thread.start()
        try:
            wait_for(lambda: loaded == [CASCADES])
            install_bytes(weights, "a test", Path(app.instance_path) / "uploads")
            publisher.settings_changed.set()
            wait_for(lambda: loaded == [CASCADES, YUNET_FILE])
        finally:
            ending.set()
            thread.join(20)
            monitor.stop()
