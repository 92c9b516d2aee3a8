"""A real network camera for tests: MJPEG over HTTP on the loopback, with every fault that cameras have."""

import base64
import itertools
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from threading import Event

import cv2
import numpy as np

from tests.http_server import HttpServer, QuietHandler

LONGEST_STREAM_SECONDS = 120
USER, PASSWORD = "teacher", "p@ss/word"


def noise_pictures(width: int = 320, height: int = 240, count: int = 16) -> list[np.ndarray]:
    """Pictures of a grey wall as a sensor gives it: no two the same."""
    random = np.random.default_rng(7)
    return [random.integers(90, 140, (height, width, 3), dtype=np.uint8) for _ in range(count)]


class MjpegCamera(HttpServer):
    """Serves `pictures` in turn at `url`, as long as it is open: `with MjpegCamera() as camera: …`.

    While it runs: `show(pictures)` changes what it films, `hang()` keeps the connection and sends nothing,
    `end_streams()` cuts every connection, `send_garbage(n)` makes the next n parts noise instead of JPEG,
    `resume()` ends a hang. `page_url` is a web page, `missing_url` is not there.
    """

    def __init__(
        self,
        pictures: Sequence[np.ndarray] | None = None,
        fps: float = 25.0,
        with_password: bool = False,
        port: int = 0,
    ):
        self.fps = fps
        self.with_password = with_password
        self.connections = 0
        self.show(noise_pictures() if pictures is None else pictures)
        self.garbage_parts = 0
        self._closing = Event()
        self._running = Event()
        self._running.set()
        self._stream_number = 0
        super().__init__(self._handler(), port)
        self._server.daemon_threads = False  # closing waits for the streams, which end by themselves

    @property
    def url(self) -> str:
        """The stream's address, with user and password where it wants them."""
        return self.url_as(USER, "p%40ss%2Fword") if self.with_password else f"http://{self.host}/stream"

    def url_as(self, user: str, password: str) -> str:
        return f"http://{user}:{password}@{self.host}/stream"

    @property
    def page_url(self) -> str:
        return f"http://{self.host}/"

    @property
    def missing_url(self) -> str:
        return f"http://{self.host}/missing"

    def show(self, pictures: Sequence[np.ndarray]) -> None:
        self.show_jpegs([cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures])

    def show_jpegs(self, jpegs: Sequence[bytes]) -> None:
        self._jpegs = jpegs

    def hang(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def end_streams(self) -> None:
        self._stream_number += 1

    def send_garbage(self, parts: int) -> None:
        self.garbage_parts = parts

    def close(self) -> None:
        """Switch the camera off: streams end, the port closes."""
        self._closing.set()
        self._running.set()
        super().close()

    def _handler(self) -> type[QuietHandler]:
        camera = self
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

        class Handler(QuietHandler):
            timeout = 10

            def do_GET(self) -> None:
                if camera.with_password and self.headers.get("Authorization") != expected:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                elif self.path == "/stream":
                    camera.connections += 1
                    camera._stream(self)
                elif self.path == "/":
                    page = b"<!doctype html><title>Camera</title><p>Sign in to see the picture.</p>"
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.send_header("Content-Length", str(len(page)))
                    self.end_headers()
                    self.wfile.write(page)
                else:
                    self.send_error(404)

        return Handler

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        number = self._stream_number
        try:
            request.send_response(200)
            request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            request.end_headers()
            for index in itertools.count():
                if index >= LONGEST_STREAM_SECONDS * self.fps or number != self._stream_number:
                    return
                if not self._running.wait(LONGEST_STREAM_SECONDS) or self._closing.wait(1 / self.fps):
                    return
                body = self.next_part(index)
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                request.wfile.write(head.encode() + body + b"\r\n")
        except (ConnectionError, TimeoutError):
            return  # the reader went away

    def next_part(self, index: int) -> bytes:
        if self.garbage_parts > 0:
            self.garbage_parts -= 1
            return np.random.default_rng(index).bytes(5000)
        return self._jpegs[index % len(self._jpegs)]
