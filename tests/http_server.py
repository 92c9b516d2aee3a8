"""A web server of a test's own, on the loopback."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests and prints nothing."""

    def log_message(self, *_: object) -> None:
        pass


class HttpServer:
    """Answers with `handler` as long as it is open: `with HttpServer(…) as server: …`."""

    def __init__(self, handler: type[QuietHandler], port: int = 0) -> None:
        """Take `port`, or a free one."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End, and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
