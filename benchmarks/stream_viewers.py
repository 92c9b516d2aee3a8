"""Many viewers in one thread: they read the stream as fast as it comes, and one a byte a second."""

import re
import selectors
import socket
import time
from dataclasses import dataclass, field

HEADERS = re.compile(rb"Content-Length: (\d+)\r\n.*?X-Captured-At: ([\d.]+)\r\n\r\n", re.DOTALL)
RECEIVED_AT_ONCE = 2**18
SLOW_BYTES_A_SECOND = 1


@dataclass(eq=False)
class Watcher:
    """One who watches, and how old each picture was once it was there."""

    connection: socket.socket
    ages: list[float] = field(default_factory=list)
    """Seconds."""
    _unread: bytes = b""
    _missing: int = 0
    """Bytes of the picture that are still to come."""
    _captured_at: float = 0.0

    def take(self, data: memoryview) -> None:
        """Read what came; only headers are looked at."""
        if self._missing:
            taken = min(self._missing, len(data))
            self._missing -= taken
            data = data[taken:]
            if not self._missing:
                self.ages.append(time.time() - self._captured_at)
        if not data:
            return
        self._unread += bytes(data)
        found = HEADERS.search(self._unread)
        if found:
            rest = memoryview(self._unread)[found.end() :]
            self._missing, self._captured_at, self._unread = int(found[1]), float(found[2]), b""
            self.take(rest)


def watch(port: int, request: bytes, viewers: int, seconds: float, settling: float) -> list[list[float]]:
    """Let `viewers` send `request` and read for `seconds`, beside one slow one.

    Gives for each the ages of the pictures that came after `settling` seconds.
    """
    selector = selectors.DefaultSelector()
    watchers = []
    for _ in range(viewers):
        watcher = Watcher(_ask(port, request))
        watcher.connection.setblocking(False)
        selector.register(watcher.connection, selectors.EVENT_READ, watcher)
        watchers.append(watcher)
    slow = _ask(port, request)
    buffer = memoryview(bytearray(RECEIVED_AT_ONCE))
    begin = next_byte = time.monotonic()
    settled = False
    while (now := time.monotonic()) - begin < settling + seconds:
        if not settled and now - begin >= settling:
            settled = True
            for watcher in watchers:
                watcher.ages.clear()
        if now >= next_byte:
            slow.recv(1)
            next_byte = now + 1 / SLOW_BYTES_A_SECOND
        for key, _ in selector.select(0.1):
            count = key.data.connection.recv_into(buffer)
            if not count:
                raise ConnectionError("the server ended a stream")
            key.data.take(buffer[:count])
    for connection in [slow, *(watcher.connection for watcher in watchers)]:
        connection.close()
    return [watcher.ages for watcher in watchers]


def _ask(port: int, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(request)
    return connection
