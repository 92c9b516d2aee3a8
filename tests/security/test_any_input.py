"""Whatever is sent or set, nothing crashes. `test_description.py` tries the JSON API in the same way."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode

from app.camera.errors import CameraError, FrameUnavailable
from app.camera.files import read_picture
from app.camera.jpeg import InvalidJpeg, check_jpeg
from app.camera.sources.browser_camera import BrowserCamera
from app.clock import SYSTEM_CLOCK
from app.settings import SettingError, Settings, read_settings
from app.web.sending.websocket import ConnectionClosed, WebSocket
from tests.forms import csrf_of, signed_in_client
from tests.progressive_jpeg import progressive_jpeg

HTML = {"Accept": "text/html"}
ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\x85",
    "\u2028",
    "=1+1",
    "9" * 5000,
    "-1",
    "1e999",
    "nan",
    "now",
    "http://[x",
    "10:41",
]
SENDABLE = some.text(some.characters(exclude_categories=["Cs"]), max_size=300)  # no half of a surrogate pair
TEXTS = SENDABLE | some.sampled_from(ODD_TEXTS)
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
MORE = settings(MANY, max_examples=400)

FORMS = {
    "/lectures": ("title", "course"),
    "/lectures/1/rename": ("title", "course"),
    "/lectures/1/notes": ("time", "text"),
    "/hide-faces": ("hide",),
    "/language": ("language", "next"),
    "/settings": (
        "kind",
        "device",
        "address",
        "hide_faces",
        "minimum_group",
        "retention_days",
        "contact",
        "told",
        "purpose",
    ),
    "/settings/areas": ("left", "top", "width", "height"),
    "/sign-in": ("name", "password"),
    "/lectures/1/polls": ("text", "answers"),
    "/p": ("code",),
}
MEANT = {
    "kind": ["demo", "device", "network", "browser"],
    "address": ["rtsp://camera/1", "http://a:b@camera:99999/", "rtsp://[::1", "file:///etc/passwd"],
    "hide": ["on", "off"],
    "language": ["de", "en"],
    "told": ["y"],
    "purpose": ["presence", "research", "pulse"],
    "answers": ["A, B", ",,,,", "A,A"],
    "code": ["BCDFGH"],
    "minimum_group": ["5"],
    "retention_days": ["365"],
    "left": ["0"],
    "top": ["10"],
    "width": ["10"],
    "height": ["10,5"],
}
SMALL_JPEGS = (progressive_jpeg(size=(64, 48)), progressive_jpeg(scans=51, size=(64, 48)))


@pytest.fixture
def count(request, capsys):
    """A list for the cases of a test; their number is printed."""
    cases = []
    yield cases.append
    with capsys.disabled():
        print(f" {request.node.name}: {len(cases)} cases")


@pytest.fixture
def browser(app):
    """A browser in which an administrator has signed in, with a lecture that runs."""
    browser = signed_in_client(app)
    form = {"title": "Algebra", "csrf_token": csrf_of(browser.get("/", headers=HTML).text)}
    assert browser.post("/lectures", data=form).status_code == 302
    return browser


def test_no_query_is_a_crash(browser, count):
    names = some.sampled_from(["view", "after", "a", "b", "fps", "next"])

    @MANY
    @given(some.dictionaries(names, TEXTS, max_size=4))
    def ask(query):
        for path in ("/", "/lectures", "/lectures/compare", "/lectures/1", "/snapshot.jpg"):
            answer = browser.get(path, query_string=query, headers=HTML)
            count(answer.status_code)
            assert answer.status_code < 500 or path == "/snapshot.jpg", answer.text

    ask()


def test_no_path_is_a_crash(browser, count):
    @MANY
    @given(some.integers(0).map(str) | SENDABLE)
    def ask(part):
        quoted = part.replace("?", "").replace("#", "")
        for template in (
            "/lectures/{}",
            "/lectures/{}/report.csv",
            "/lectures/1/report.{}",
            "/static/{}",
            "/{}",
        ):
            path = "/" + template.format(quoted).lstrip("/")  # after two, the client would look for a host
            answer = browser.get(path, headers=HTML)
            count(answer.status_code)
            assert answer.status_code < 500, answer.text
            answer.close()

    ask()


@pytest.mark.parametrize("path", FORMS)
def test_no_form_is_a_crash(app, browser, count, path):
    token = csrf_of(browser.get("/", headers=HTML).text)
    values = {name: TEXTS | some.sampled_from(MEANT.get(name, ["Algebra"])) for name in FORMS[path]}

    @MANY
    @given(some.fixed_dictionaries({}, optional=values))
    def send(form):
        answer = browser.post(path, data=form | {"csrf_token": token}, headers=HTML)
        count(form)
        assert answer.status_code < 500, answer.text
        assert "open too long" not in answer.text, "its token was refused, and nothing else was looked at"

    app.config["RATELIMIT_ENABLED"] = False
    send()


def test_no_environment_is_a_crash(tmp_path, count):
    names = [f"{name.upper()}{suffix}" for name in Settings.__annotations__ for suffix in ("", "_FILE")]
    meant = some.sampled_from(
        ["on", "5", "demo", "postgres://a:b@h:x/y", "redis://h", "Europe/Berlin", "::1"]
    )

    @MORE
    @given(some.dictionaries(some.sampled_from(names), TEXTS | meant, max_size=3))
    def read(environment):
        count(environment)
        with suppress(SettingError):
            read_settings(environment, tmp_path / ".env")

    read()


def test_no_env_file_is_a_crash(tmp_path, count):
    path = tmp_path / ".env"

    @MANY
    @given(some.binary(max_size=100) | TEXTS.map(lambda text: f"CONTACT={text}\n".encode()))
    def read(content):
        count(content)
        path.write_bytes(content)
        with suppress(SettingError):
            read_settings({}, path)

    read()


@some.composite
def damaged_jpegs(draw) -> bytes:
    """A small JPEG in which some bytes were changed, cut out or doubled."""
    jpeg = bytearray(draw(some.sampled_from(SMALL_JPEGS)))
    for _ in range(draw(some.integers(1, 6))):
        at = draw(some.integers(0, len(jpeg) - 1))
        piece = draw(some.binary(max_size=8) | some.sampled_from([b"\xff\xda", b"\xff\xc2", b"\xff\xd9"]))
        jpeg[at : at + draw(some.integers(0, 40))] = piece
    return bytes(jpeg)


def test_no_damaged_jpeg_is_a_crash(tmp_path, count):
    path = tmp_path / "damaged.jpg"
    monitor, web = socket.socketpair()
    camera = BrowserCamera(monitor, SYSTEM_CLOCK)

    @MORE
    @given(damaged_jpegs())
    def decode(jpeg):
        count(jpeg)
        with suppress(InvalidJpeg):
            check_jpeg(jpeg)
        with suppress(FrameUnavailable):
            assert camera._decode(jpeg).ndim == 3
        path.write_bytes(jpeg)
        with suppress(CameraError):
            assert read_picture(Path(path)).ndim == 3

    with monitor, web:
        decode()


@some.composite
def websocket_bytes(draw) -> bytes:
    """Frames as a client may send them: any kind, masked or not, whole or cut, and bytes that are none."""
    data = b""
    for _ in range(draw(some.integers(1, 5))):
        frame = Frame(
            draw(some.sampled_from(Opcode)),
            draw(some.binary(max_size=200)),
            fin=draw(some.booleans()),
            rsv1=draw(some.integers(0, 9)) == 0,
        )
        with suppress(ProtocolError):  # no client can make such a frame: a ping in fragments, say
            data += frame.serialize(mask=draw(some.integers(0, 9)) > 0)
        data += draw(some.just(b"") | some.binary(max_size=3))
    return data[: draw(some.integers(0, len(data)))] if draw(some.booleans()) else data


def test_no_websocket_frame_is_a_crash(count):
    @MORE
    @given(websocket_bytes() | some.binary(max_size=300))
    def receive(data):
        count(data)
        server, client = socket.socketpair()
        with closing(server), closing(client):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            websocket = WebSocket(server, max_bytes=100)
            with suppress(ConnectionClosed):
                while (message := websocket.receive(5)) is not None:
                    assert len(message) <= 100
            websocket.close(1001)

    receive()
