"""gunicorn's own HTTPS (`--certfile`, `--keyfile`): pages, streams and pictures, whatever slow clients do."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import cv2
import pytest
from websockets.sync.client import connect

from app.demo import Classroom
from tests.server import Server, wait_for

BOUND_SECONDS = 10.0  # generous: an idle machine answers in milliseconds
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: room\r\n\r\n"


class TlsServer(Server):
    """A server that speaks TLS alone."""

    def __init__(self, folder, settings: dict[str, str]) -> None:
        super().__init__(folder, settings)
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", self.key, "-out", self.certificate]
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
        self.tls = ssl.create_default_context(cafile=self.certificate)

    def launch(self, *arguments: str) -> None:
        super().launch(*arguments, "--certfile", str(self.certificate), "--keyfile", str(self.key))

    def answers(self) -> bool:
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            assert self.process.poll() is None, self.log
            return False

    def ask(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
        """Ask for a path with the token, on a connection of its own."""
        with closing(
            http.client.HTTPSConnection("localhost", self.port, timeout=15, context=self.tls)
        ) as client:
            client.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
            answer = client.getresponse()
            return answer.status, answer.read()

    def raw(self) -> socket.socket:
        """A connection that has sent nothing."""
        return socket.create_connection(("localhost", self.port), timeout=15)

    def secure(self) -> ssl.SSLSocket:
        """A connection that has shaken hands."""
        return self.tls.wrap_socket(self.raw(), server_hostname="localhost", suppress_ragged_eofs=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[TlsServer]:
    """A server with 18 threads, to which browsers send the picture."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    server = TlsServer(tmp_path_factory.mktemp("tls"), {"MAX_VIEWERS": "2", "CAMERA": "browser"})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_pages_and_large_bodies_are_served(server):
    assert server.ask("/")[0] == 200
    assert len(server.ask("/static/vendor/pico-2.1.1.min.css")[1]) > 2**16, "many records of TLS"
    assert server.ask("/api/v1/frames", "POST", bytes(300_000))[0] == 422, "all of the body was read"
    assert "Traceback" not in server.log


def test_requests_follow_each_other_on_one_connection(server):
    with closing(server.secure()) as connection:
        for pieces in ([HEALTH], [HEALTH[:20], HEALTH[20:]], [HEALTH + HEALTH]):
            for piece in pieces:
                connection.sendall(piece)
            for _ in range(b"".join(pieces).count(b"GET")):
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                assert (answer.status, answer.read()) == (200, b'{"status":"ok"}\n')


def test_a_connection_ends_as_tls_wants_it(server):
    """Otherwise a client can't tell the end of a stream from a cut."""
    with closing(server.secure()) as connection:
        connection.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while piece := connection.recv(2**16):
            received += piece
    assert received.startswith(b"HTTP/1.1 200")


def slow_hands(server: TlsServer) -> list[bytes]:
    """Beginnings of a handshake: nothing, one byte, half of the first message, all of it, and no TLS."""
    outgoing = ssl.MemoryBIO()
    hands = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        hands.do_handshake()
    hello = outgoing.read()
    return [b"", hello[:1], hello[:100], hello, b"GET / HTTP/1.1\r\n\r\n"]


def test_handshakes_that_never_end_stop_nobody(server):
    with ExitStack() as connections:
        for beginning in slow_hands(server) * 40:
            connection = connections.enter_context(closing(server.raw()))
            connection.sendall(beginning)
        for path in ("/healthz", "/sign-in", "/readyz", "/notice"):
            began = time.monotonic()
            assert server.ask(path)[0] in (200, 503)
            assert time.monotonic() - began < BOUND_SECONDS
    assert "Traceback" not in server.log


def test_a_handshake_that_never_ends_is_closed(server):
    with ExitStack() as connections:
        slow = [connections.enter_context(closing(server.raw())) for _ in range(4)]
        for connection, beginning in zip(slow, slow_hands(server), strict=False):
            connection.settimeout(60)
            connection.sendall(beginning)
        for connection in slow:
            while connection.recv(2**16):
                pass


def test_a_page_sends_pictures(server):
    wait_for(lambda: server.ask("/readyz")[1].find(b'"monitor":"ok"') > 0)
    picture = cv2.imencode(".jpg", Classroom(3).draw(datetime(2026, 11, 21, 10, 2, tzinfo=UTC)))[1].tobytes()
    address = f"wss://localhost:{server.port}/send/frames"
    with connect(
        address, ssl=server.tls, additional_headers={"Authorization": f"Bearer {server.token}"}
    ) as page:
        for _ in range(3):
            while '"ask"' not in page.recv(15):
                pass
            page.send(picture)


def test_a_stream_is_served_and_ends_with_its_viewer(server):
    for _ in range(6):  # three times as many as may watch at once
        with closing(server.secure()) as connection:
            head = f"GET /stream.mjpg HTTP/1.1\r\nHost: room\r\nAuthorization: Bearer {server.token}\r\n\r\n"
            connection.sendall(head.encode())
            wait_for(lambda connection=connection: b"image/jpeg" in connection.recv(2**16))
        wait_for(lambda: b'"viewers":[]' in server.ask("/api/v1/state")[1])
