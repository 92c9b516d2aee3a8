"""Recordings are sent in pieces: cut off, resumed, refused, and seen on the lectures page."""

import re
import socket
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from app.store import recording_queries, uploads
from app.store.effective_settings import first_room
from app.store.recording_time import BadTime, check_time
from app.store.room_queries import change_room
from app.store.tables import Lecture, LectureRecording, db
from app.store.user_queries import create_token, find_user, set_password
from app.web.pages import recordings_page
from app.web.sending import upload_piece
from tests.browser import close, sign_in
from tests.recordings import film
from tests.server import Server, wait_for

PIECE = {"Content-Type": "application/offset+octet-stream"}
LAST_WEEK = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=7)


@pytest.fixture(scope="module")
def film_of_four_pieces(tmp_path_factory) -> Path:
    path = film(tmp_path_factory.mktemp("films") / "lecture.avi", seconds=200, fps=2)
    assert path.stat().st_size > 3 * 2**20
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"CAMERA": "demo?students=3", "DETECT_FPS": "1", "MINIMUM_GROUP": "1"}
    with Server(tmp_path_factory.mktemp("server"), settings) as server:
        yield server


def new(**fields) -> dict:
    return {"title": "Algebra", "course": "", "room": "1", "file_name": "a.mp4", "file_bytes": "10", **fields}


def send(api, address: str, data: bytes, offset: int):
    return api.patch(address, data=data, headers=PIECE | {"Upload-Offset": str(offset)})


def add(api, **fields) -> str:
    answer = api.post("/recordings", data=new(**fields))
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def test_pieces_are_put_together_in_their_order_only(api, app):
    address = add(api)
    assert send(api, address, b"12345", 0).headers["Upload-Offset"] == "5"
    again = send(api, address, b"12345", 0)
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, "5")
    assert send(api, address, b"6789012", 5).status_code == 413
    assert api.head(address).headers["Upload-Offset"] == "5"
    assert api.get(address).json["state"] == "uploading"
    last = send(api, address, b"67890", 5)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, "10")
    assert api.get(address).json["state"] == "waiting"
    assert send(api, address, b"x", 10).status_code == 410
    with app.app_context():
        (recording,) = db.session.query(LectureRecording)
        assert uploads.path_of(recording.file_key).read_bytes() == b"1234567890"


def test_an_upload_whose_last_request_broke_off_is_queued_when_its_sender_looks(api, app):
    address = add(api)
    with app.app_context():
        (recording,) = db.session.query(LectureRecording)
        uploads.path_of(recording.file_key).write_bytes(b"1234567890")
    assert api.head(address).headers["Upload-Offset"] == "10"
    assert api.get(address).json["state"] == "waiting"


def test_a_recording_that_is_cancelled_while_its_last_piece_arrives_is_not_queued(api, app, monkeypatch):
    address = add(api)

    def receive_and_cancel(recording: LectureRecording) -> int:
        db.session.execute(delete(LectureRecording).execution_options(synchronize_session=False))
        return recording.file_bytes

    monkeypatch.setattr(recordings_page, "receive_piece", receive_and_cancel)
    assert send(api, address, b"1234567890", 0).status_code == 410
    assert api.get(address).status_code == 404


def test_a_recording_that_is_read_keeps_its_beginning(api, app):
    address = add(api, began=f"{LAST_WEEK:%Y-%m-%dT%H:%M}")
    with app.app_context():
        (recording,) = db.session.query(LectureRecording)
        recording_queries.put_in_queue(recording)
        assert recording_queries.take_next(datetime.now(UTC)) == recording.id
        assert not recording_queries.put_in_queue(recording)
    answer = api.post(f"{address}/began", data={"began": f"{LAST_WEEK:%Y-%m-%dT11:30}"})
    assert (answer.status_code, answer.json["detail"]) == (409, "When it began is already known.")
    with app.app_context():
        (recording,) = db.session.query(LectureRecording)
        assert (recording.began_at, recording.state) == (LAST_WEEK, "reading")


@pytest.mark.parametrize(
    ("zone", "began"), [("Asia/Tokyo", "0001-01-01T00:00"), ("America/New_York", "9999-12-31T23:59")]
)
def test_a_time_outside_the_calendar_is_refused(api, app, zone, began):
    with app.app_context():
        change_room(first_room(), timezone=zone)
    answer = api.post("/recordings", data=new(began=began))
    assert (answer.status_code, answer.json["detail"]) == (400, "There is no such time."), answer.text


def test_a_recording_of_an_absurd_length_ends_in_the_future():
    with pytest.raises(BadTime):
        check_time(LAST_WEEK, 1e15, 365, datetime.now(UTC))


def test_two_uploads_at_once_do_not_mix(api, app):
    one, two = add(api), add(api)
    for offset, (first, second) in enumerate(zip(b"1234567890", b"abcdefghij", strict=True)):
        assert send(api, one, bytes([first]), offset).status_code == 204
        assert send(api, two, bytes([second]), offset).status_code == 204
    with app.app_context():
        files = [uploads.path_of(each.file_key) for each in db.session.query(LectureRecording)]
        assert sorted(file.read_bytes() for file in files) == [b"1234567890", b"abcdefghij"]


def test_a_piece_may_not_be_larger_than_said_nor_of_another_type(api):
    address = add(api, file_bytes="9000000")
    assert send(api, address, bytes(2**22 + 1), 0).status_code == 413
    assert api.patch(address, data=b"1", headers={"Upload-Offset": "0"}).status_code == 415
    assert api.head(address).headers["Upload-Offset"] == "0"
    assert send(api, address, bytes(2**22), 0).status_code == 204


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"title": " "}, 400, "Title: give the lecture a title."),
        ({"room": "99"}, 400, "Room"),
        ({"file_bytes": "0"}, 400, "File: the file is empty."),
        ({"file_bytes": "4000000001"}, 413, "The file has 4.0 GB; at most 4 GB can be sent."),
        ({"began": "yesterday"}, 400, "Began: enter a day and a time."),
        ({"began": "2999-01-01T10:00"}, 400, "would end in the future"),
        ({"began": "2001-01-01T10:00"}, 400, "older than the 365 days"),
    ],
)
def test_a_recording_that_can_not_be_is_refused_before_it_is_sent(api, app, fields, status, why):
    answer = api.post("/recordings", data=new(**fields))
    assert (answer.status_code, why in answer.json["detail"]) == (status, True), answer.text
    with app.app_context():
        assert db.session.query(LectureRecording).count() == 0
        assert list(uploads.folder().iterdir()) == []


def test_a_recording_that_the_disk_has_no_room_for_is_refused_in_one_sentence(api, monkeypatch):
    monkeypatch.setattr(uploads, "RESERVED_BYTES", 10**15)
    answer = api.post("/recordings", data=new())
    assert answer.status_code == 507
    assert answer.json["detail"].startswith("The server's disk has room for 0 MB, and 1 MB are needed.")


def test_a_piece_that_would_take_the_reserve_is_refused_and_goes_on_later(api, monkeypatch):
    address = add(api)
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "RESERVED_BYTES", 10**15)
        refused = send(api, address, b"1234567890", 0)
    assert (refused.status_code, refused.headers["Upload-Offset"]) == (507, "0")
    assert "The server's disk is full." in refused.json["detail"]
    assert send(api, address, b"1234567890", 0).status_code == 204


def test_a_sixth_upload_waits_until_one_of_five_is_complete(api):
    addresses = [add(api) for _ in range(recording_queries.MAX_UPLOADS)]
    refused = api.post("/recordings", data=new())
    assert refused.status_code == 429
    assert refused.json["detail"].startswith("5 of your recordings are still to be sent.")
    send(api, addresses[0], b"1234567890", 0)
    add(api)


def test_a_refused_piece_that_never_arrives_is_dropped_in_time(api, monkeypatch):
    monkeypatch.setattr(upload_piece, "PIECE_SECONDS", 0.2)
    address = add(api)
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs), ours.makefile("rb") as body:
        ours.settimeout(20)  # then reading fails
        gunicorn = {"gunicorn.socket": ours, "wsgi.input": body, "wsgi.input_terminated": True}
        answer = api.patch(
            address,
            headers=PIECE | {"Upload-Offset": "7"},
            environ_overrides=gunicorn | {"CONTENT_LENGTH": "10"},
        )
    assert answer.status_code == 409


def test_a_disk_that_becomes_full_keeps_what_has_arrived_and_the_upload_goes_on(api, app, monkeypatch):
    folder = Path(app.instance_path) / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a small file system")
    monkeypatch.setattr(uploads, "RESERVED_BYTES", -(2**22))  # others take the space after it was checked
    try:
        address = add(api, file_bytes=str(3 * 2**19))
        (folder / f"{datetime.now(UTC).timestamp():.0f}-other").write_bytes(bytes(2**20))
        answer = send(api, address, bytes(3 * 2**19), 0)
        assert answer.status_code == 507
        assert "The server's disk is full." in answer.json["detail"]
        offset = int(api.head(address).headers["Upload-Offset"])
        assert 0 < offset < 3 * 2**19
        next(folder.glob("*-other")).unlink()
        assert send(api, address, bytes(3 * 2**19 - offset), offset).status_code == 204
        assert api.get(address).json["state"] == "waiting"
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_nobody_sees_sends_or_cancels_a_recording_of_somebody_else(api, app):
    address = add(api)
    stranger = app.test_client()
    with app.app_context():
        set_password("bert", "a long password")
        key = create_token(find_user("bert"), datetime.now(UTC))
    stranger.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    assert "Algebra" not in stranger.get("/recordings").text
    assert stranger.get(address).status_code == 404
    assert send(stranger, address, b"1", 0).status_code == 404
    assert stranger.post(f"{address}/remove").status_code == 404
    assert stranger.post(f"{address}/began", data={"began": "2026-11-20T10:00"}).status_code == 404
    assert "Algebra" in api.get("/recordings").text


def test_a_cancelled_upload_leaves_no_file(api, app):
    address = add(api)
    send(api, address, b"12345", 0)
    assert api.post(f"{address}/remove").status_code == 302
    assert api.get(address).status_code == 404
    with app.app_context():
        assert list(uploads.folder().iterdir()) == []


def test_a_recorded_lecture_disturbs_neither_a_live_one_nor_the_minutes_of_the_room(api, app):
    api.post("/api/v1/lectures", json={"title": "Live"})
    with app.app_context():
        room = first_room()
        recorded = recording_queries.recorded_lecture(room, "Recorded", "", datetime.now(UTC), None)
        recording_queries.extend_lecture(recorded, datetime.now(UTC) + timedelta(minutes=1))
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        statement = (
            "INSERT INTO minute (room_id, lecture_id, minute, online_seconds, frames_analysed, faces_max,"
            " face_seconds, suppressed) VALUES (:room, :lecture, :minute, 60, 60, 4, 240, 1)"
        )
        values = {"room": room.id, "lecture": recorded.id, "minute": minute.replace(tzinfo=None)}
        db.session.execute(db.text(statement), values)
        db.session.commit()
    assert api.get("/api/v1/state").json["lecture"]["title"] == "Live"
    assert api.get("/api/v1/minutes").json["minutes"] == []
    assert len(api.get("/api/v1/lectures/2/minutes").json["minutes"]) == 1
    assert api.get("/api/v1/lectures/2").json["from_recording"]
    assert not api.get("/api/v1/lectures/1").json["from_recording"]
    assert api.get("/lectures/2/report.json").json["from_recording"]
    assert "from a recording" in api.get("/lectures/2").text
    header, row = api.get("/lectures/2/report.csv").text.splitlines()[:2]
    assert row.split(",")[header.split(",").index("from_recording")] == "True"


def test_what_arrived_of_a_piece_whose_connection_broke_off_is_kept(server):
    body = b"title=Cut&course=&room=1&file_name=a.avi&file_bytes=2000000"
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/x-www-form-urlencoded"}
    address = _post(server, "/recordings", body, headers)
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
        "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 1000000\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
        connection.sendall(head.encode() + bytes(400_000))
    arrived = lambda: int(server.get(address, method="HEAD").headers["Upload-Offset"])  # noqa: E731
    wait_for(lambda: arrived() == 400_000)
    _post(server, f"{address}/remove", b"", headers)


def _post(server: Server, path: str, body: bytes, headers: dict) -> str:
    import http.client

    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        assert answer.status in (201, 302), answer.read()
        return answer.headers["Location"]


def test_an_upload_that_is_cut_goes_on_and_becomes_a_report(chromium, server, film_of_four_pieces, tmp_path):
    context = chromium.new_context(locale="en")
    page = context.new_page()
    sent: list[int] = []

    def cut_after_two(route) -> None:
        sent.append(int(route.request.headers["upload-offset"]))
        route.abort("connectionreset") if len(sent) > 2 else route.continue_()

    try:
        sign_in(page, server)
        page.goto(f"{server.url}/lectures")
        page.get_by_text("Add a recording").click()
        page.set_input_files("#recording-file", film_of_four_pieces)
        page.get_by_label("Title", exact=True).fill("Algebra")
        page.get_by_label("Began").fill(f"{LAST_WEEK:%Y-%m-%dT%H:%M}")
        page.route(re.compile(r"/recordings/\d+$"), lambda route: _only(route, cut_after_two))
        page.get_by_role("button", name="Send and read").click()
        expect(page.get_by_text("The connection is lost.")).to_be_visible()
        assert max(sent) == 2 * 2**20  # the first two had arrived

        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        page.unroute_all()
        row = page.locator("[data-state=uploading]")
        expect(row).to_contain_text("2 of 5 MB sent.")
        other = tmp_path / "other.avi"
        other.write_bytes(b"another film")
        row.locator("input[type=file]").set_input_files(other)
        expect(page.get_by_text("This is another file: choose lecture.avi again.")).to_be_visible()
        row.locator("input[type=file]").set_input_files(film_of_four_pieces)

        expect(page.locator("[data-state=reading]")).to_be_visible()
        expect(page.get_by_role("link", name="Its report")).to_be_visible(timeout=120_000)
        page.get_by_role("link", name="Its report").click()
        expect(page.get_by_role("heading", name="Algebra")).to_be_visible()
        expect(page.get_by_text("from a recording")).to_be_visible()
        expect(page.locator("table.minutes tbody tr")).to_have_count(4)
    finally:
        close(context)


def _only(route, handle_piece) -> None:
    if route.request.method == "PATCH":
        handle_piece(route)
    else:
        route.continue_()


def test_a_command_reads_a_file_and_leaves_it_where_it_is(make_app, tmp_path):
    app = make_app(DETECT_FPS="1", MINIMUM_GROUP="1")
    path = film(tmp_path / "short.avi", seconds=20)
    run = app.test_cli_runner().invoke
    unknown = run(args=["recording", "add", str(path), "--title", "Algebra"])
    assert unknown.exit_code == 1
    assert "The file doesn't say when it began. Give --began." in unknown.output
    options = ["--title", "Algebra", "--course", "Maths", "--began", f"{LAST_WEEK:%Y-%m-%dT%H:%M}"]
    result = run(args=["recording", "add", str(path), *options])
    assert result.exit_code == 0, result.output
    assert "Lecture 1" in result.output
    assert path.exists()
    with app.app_context():
        (lecture,) = db.session.query(Lecture)
        assert (lecture.course, lecture.started_at) == ("Maths", LAST_WEEK)
        assert lecture.from_recording


def test_a_command_that_can_not_read_its_file_leaves_no_lecture(make_app, tmp_path):
    app = make_app()
    path = tmp_path / "notes.mp4"
    path.write_text("This is no film.\n" * 100)
    options = ["--title", "Algebra", "--began", f"{LAST_WEEK:%Y-%m-%dT%H:%M}"]
    result = app.test_cli_runner().invoke(args=["recording", "add", str(path), *options])
    assert result.exit_code == 1
    assert "is text, neither a video nor a picture" in result.output
    with app.app_context():
        assert db.session.query(Lecture).count() == 0
