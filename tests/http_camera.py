"""A real web server for tests that answers like a camera: `answers` maps a path to what it gives."""

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from tests.http_server import HttpServer, QuietHandler


class HttpCamera(HttpServer):
    """Calls `answers[path]` with the request handler: `with HttpCamera({"/x": …}) as camera: …`."""

    def __init__(self, answers: dict[str, Callable[[BaseHTTPRequestHandler], None]]) -> None:
        self.paths: list[str] = []
        camera = self

        class Answers(QuietHandler):
            timeout = 10

            def do_GET(self) -> None:
                camera.paths.append(self.path)
                answer = answers.get(self.path)
                with suppress(ConnectionError, TimeoutError):  # the reader may go away
                    answer(self) if answer else self.send_error(404)

        super().__init__(Answers)

    @property
    def url(self) -> str:
        return f"http://{self.host}"


def body(content_type: str, data: bytes, status: int = 200, **headers: str) -> Callable:
    """An answer of `data`."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return answer
