"""Frames that scripts post and pages send: a real server, real connections, every limit."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app.camera.jpeg import MAX_BYTES
from app.demo import Classroom
from tests.server import Answer, Server, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with CAMERA=browser."""
    settings = {"CAMERA": "browser", "TIMEZONE": "Europe/Berlin"}
    with Server(tmp_path_factory.mktemp("sent"), settings) as server:
        wait_for(lambda: camera(server)["reason"] == "waiting")
        yield server


def camera(server: Server) -> dict:
    return server.get("/api/v1/state").json["camera"]


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A class of twelve."""
    return jpeg_of(Classroom(12).draw(datetime(2026, 11, 21, 10, 2, tzinfo=UTC)))


def jpeg_of(image) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG with another size in its header."""
    header = jpeg.find(b"\xff\xc0")
    return jpeg[: header + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[header + 9 :]


def post(server: Server, jpeg: bytes, query: str = "", token: str | None = None) -> Answer:
    headers = {"Authorization": f"Bearer {token or server.token}", "Content-Type": "image/jpeg"}
    request = urllib.request.Request(f"{server.url}/api/v1/frames{query}", jpeg, headers)
    try:
        answer = urllib.request.urlopen(request, timeout=15)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Answer(answer.status, dict(answer.headers), answer.read())


def test_a_class_that_a_script_posts_is_analysed_like_any_other(server, picture):
    answer = post(server, picture)
    assert (answer.status, answer.json) == (202, {"bytes": len(picture)})

    def is_analysed() -> bool:
        post(server, picture)
        now = server.get("/api/v1/now")
        return now.status == 200 and now.json["faces"] >= 8

    wait_for(is_analysed)
    assert camera(server)["source"] == "browser"


def test_each_bad_picture_is_refused_with_its_reason(server, picture):
    for bad, status, words in (
        (b"hello", 422, "not a JPEG"),
        (b"", 422, "not a JPEG"),
        (picture[: len(picture) // 2], 422, "cut off"),
        (claiming(picture, 9000, 200), 422, "9000 × 200 pixels"),
        (claiming(picture, 8000, 8000), 422, "8000 × 8000 pixels"),
        (picture + bytes(MAX_BYTES), 413, "larger than 4 MB"),
    ):
        answer = post(server, bad)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert words in answer.json["detail"]


def test_a_picture_whose_size_differs_from_its_header_is_not_shown(server, picture):
    height, width = 720, 1280
    for lie in (claiming(picture, width, 2 * height), claiming(picture, width, height // 2)):
        wait_for(lambda lie=lie: post(server, lie).status == 202 and camera(server)["reason"] == "unreadable")
        wait_for(lambda: post(server, picture).status == 202 and server.is_online())


def test_a_room_of_another_server_is_refused(server, picture):
    assert post(server, picture, "?room=Attic").status == 404
    assert post(server, picture, f"?room={server.environment['ROOM'].replace(' ', '%20')}").status == 202
    assert post(server, picture, "?rooom=x").status == 422
    assert post(server, picture, token="wrong").status == 401


def test_a_paused_room_accepts_no_picture(server, picture):
    server.get("/pause", method="POST")
    try:
        assert "Paused by admin" in post(server, picture).json["detail"]
    finally:
        server.get("/resume", method="POST")
    wait_for(lambda: post(server, picture).status == 202)


class Page:
    """The end of the WebSocket that a page has."""

    def __init__(self, connection) -> None:
        self.connection = connection

    def receive(self, message_type: str) -> dict:
        """The next message of this type; `wait` and `ask` are skipped."""
        while True:
            message = json.loads(self.connection.recv(timeout=60))
            if message["type"] == message_type:
                return message
            assert message["type"] in ("wait", "ask"), message

    def close_error(self) -> ConnectionClosed:
        with pytest.raises(ConnectionClosed) as closed:
            self.receive("nothing")
        return closed.value


@contextmanager
def sending(server: Server, page: str, **options):
    """Connect as a page does, with a teacher's token."""
    query = "&take-over=yes" if options.pop("take_over", False) else ""
    headers = {"Authorization": f"Bearer {server.token}"}
    address = f"{server.url.replace('http', 'ws', 1)}/send/frames?page={page}{query}"
    with connect(address, additional_headers=headers, compression=None, **options) as connection:
        yield Page(connection)


@pytest.fixture
def free(server):
    """The server with no sender: a page takes over from any script, then stops."""
    with sending(server, "first", take_over=True) as page:
        page.connection.close(1000)
    wait_for(lambda: "stopped sending" in (camera(server)["detail"] or ""))
    return server


def test_a_page_is_asked_for_each_picture_and_the_card_says_when_it_closes(free, picture):
    with sending(free, "page") as page:
        for _ in range(5):
            assert page.receive("ask")["width"] in (1280, 1920)
            page.connection.send(picture)
        wait_for(free.is_online)
        page.connection.close(1001)
    wait_for(lambda: "admin closed the page at" in (camera(free)["detail"] or ""))
    assert camera(free)["reason"] == "stopped"


def test_a_second_page_hears_who_is_sending_and_can_take_over(free, picture):
    with sending(free, "first") as first:
        first.receive("ask")
        with sending(free, "second") as second:
            taken = second.receive("taken")
            assert taken["by"] == "admin"
            assert datetime.fromisoformat(taken["since"]).tzinfo
        assert "admin has been sending pictures since" in post(free, picture).json["detail"]
        with sending(free, "second", take_over=True) as second:
            second.receive("ask")
            assert first.receive("over")["by"] == "admin"
            second.connection.send(picture)
            wait_for(free.is_online)


def test_no_picture_of_the_first_page_is_shown_for_the_second(free):
    """The last one was shown until the second page had sent its own."""
    dark, bright = (jpeg_of(np.full((480, 640, 3), shade, np.uint8)) for shade in (60, 200))
    seen: list[tuple[float, float]] = []

    def watch() -> None:
        for part in free.stream():
            shown = cv2.imdecode(np.frombuffer(part.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
            seen.append((part.received_at, shown.mean()))
            if shown.mean() > 190:
                return

    with sending(free, "first") as first, ThreadPoolExecutor(1) as executor:
        watching = executor.submit(watch)
        while not any(55 < shade < 65 for _, shade in seen):
            first.receive("ask")
            first.connection.send(dark)
        with sending(free, "second", take_over=True) as second:
            second.receive("ask")
            connected_at = time.time()
            time.sleep(2.5)  # a picture is sent again each second
            while not watching.done():
                second.connection.send(bright)
                second.receive("ask")
        watching.result()
    assert not [shade for at, shade in seen if at > connected_at + 0.5 and 55 < shade < 65]


def test_another_page_can_take_over_in_the_middle_of_a_picture(free, picture):
    """The first page used to be refused for sending the rest unasked."""
    with sending(free, "first") as first:
        first.receive("ask")

        def in_two_parts() -> Iterator[bytes]:
            yield picture[:1000]
            with sending(free, "second", take_over=True) as second:
                second.receive("ask")
                time.sleep(1)
                yield picture[1000:]

        with suppress(ConnectionClosed):
            first.connection.send(in_two_parts())
        assert first.receive("over")["by"] == "admin"


def test_a_page_that_reconnects_replaces_itself(free):
    with sending(free, "page") as before:
        before.receive("ask")
        with sending(free, "page") as again:
            again.receive("ask")
            before.receive("over")


def test_a_page_that_breaks_the_rules_is_disconnected(free, picture):
    for wrong, words in (
        ("a text", "binary"),
        (b"hello", "not a JPEG"),
        (picture[:1000], "cut off"),
        (claiming(picture, 8000, 8000), "8000 × 8000"),
        (claiming(picture, 1280, 1440), "can't be decoded"),
    ):
        with sending(free, "page") as page:
            page.receive("ask")
            page.connection.send(wrong)
            assert words in page.receive("refused")["detail"]
    with sending(free, "page") as page:
        page.receive("ask")
        with suppress(ConnectionClosed):  # already while it sends
            page.connection.send(picture + bytes(MAX_BYTES))
        assert page.close_error().rcvd.code == 1009
    with sending(free, "page") as page:
        page.receive("ask")
        with suppress(ConnectionClosed):
            for _ in range(1000):
                page.connection.send(picture)
        assert "not asked for" in page.receive("refused")["detail"]


def test_another_sites_page_can_not_send(free):
    headers = {"Authorization": f"Bearer {free.token}"}
    address = f"{free.url.replace('http', 'ws', 1)}/send/frames"
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers=headers, origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        connect(address)
    assert refused.value.response.status_code == 401
    assert free.get("/send/frames").status == 400


def test_a_crowd_of_senders_is_refused_and_disturbs_nobody(free, picture):
    with sending(free, "first") as first:
        first.receive("ask")
        first.connection.send(picture)
        with ThreadPoolExecutor(20) as crowd:
            answers = set(crowd.map(lambda number: _try_to_send(free, f"crowd{number}"), range(200)))
        assert answers == {"taken", 429}
        assert free.get("/healthz").status == 200
        first.receive("ask")
        first.connection.send(picture)
        wait_for(free.is_online)


def _try_to_send(server: Server, page: str) -> str | int:
    """The answer to another sender from another address."""
    try:
        with sending(server, page, source_address=("127.0.0.2", 0)) as other:
            return json.loads(other.connection.recv(timeout=60))["type"]
    except InvalidStatus as refused:
        return refused.response.status_code
