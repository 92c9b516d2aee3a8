"""Many viewers in one thread, who read the stream as fast as it comes, and one who reads a byte a second."""

import re
import selectors
import socket
import time
from dataclasses import dataclass, field

HEADERS = re.compile(rb"Content-Length: (\d+)\r\n.*?X-Captured-At: ([\d.]+)\r\n\r\n", re.DOTALL)
BUFFER_BYTES = 2**18
SLOW_BYTES_A_SECOND = 1


@dataclass(eq=False)
class Viewer:
    """A viewer's connection, and the age of each picture when its last byte arrived."""

    connection: socket.socket
    ages: list[float] = field(default_factory=list)
    """Seconds."""
    _unread: bytes = b""
    _missing_bytes: int = 0
    """Bytes of the current picture that have not arrived."""
    _captured_at: float = 0.0

    def receive(self, data: memoryview) -> None:
        """Parse the headers in `data` and skip over the pictures."""
        if self._missing_bytes:
            skipped = min(self._missing_bytes, len(data))
            self._missing_bytes -= skipped
            data = data[skipped:]
            if not self._missing_bytes:
                self.ages.append(time.time() - self._captured_at)
        if not data:
            return
        self._unread += bytes(data)
        headers = HEADERS.search(self._unread)
        if headers:
            rest = memoryview(self._unread)[headers.end() :]
            self._missing_bytes, self._captured_at, self._unread = int(headers[1]), float(headers[2]), b""
            self.receive(rest)


def picture_ages(
    port: int, request: bytes, count: int, seconds: float, warm_up_seconds: float
) -> list[list[float]]:
    """Open `count` streams with `request`, and one slow one beside them, and read for `seconds`.

    Returns the ages, in seconds, of each viewer's pictures that came after `warm_up_seconds`.
    """
    selector = selectors.DefaultSelector()
    viewers = []
    for _ in range(count):
        viewer = Viewer(_open_stream(port, request))
        viewer.connection.setblocking(False)
        selector.register(viewer.connection, selectors.EVENT_READ, viewer)
        viewers.append(viewer)
    slow_connection = _open_stream(port, request)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    start = next_byte_at = time.monotonic()
    is_warm = False
    while (now := time.monotonic()) - start < warm_up_seconds + seconds:
        if not is_warm and now - start >= warm_up_seconds:
            is_warm = True
            for viewer in viewers:
                viewer.ages.clear()
        if now >= next_byte_at:
            slow_connection.recv(1)
            next_byte_at = now + 1 / SLOW_BYTES_A_SECOND
        for key, _ in selector.select(0.1):
            count = key.data.connection.recv_into(buffer)
            if not count:
                raise ConnectionError("the server ended a stream")
            key.data.receive(buffer[:count])
    for connection in [slow_connection, *(viewer.connection for viewer in viewers)]:
        connection.close()
    return [viewer.ages for viewer in viewers]


def _open_stream(port: int, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(request)
    return connection
