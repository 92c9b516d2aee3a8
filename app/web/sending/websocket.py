"""A WebSocket (RFC 6455) on the socket of a request that gunicorn serves, in the thread of that request.

The library speaks the protocol, the thread reads and writes: what comes is read only while somebody waits for
it, so a client that sends too much fills its own line and no memory here.
"""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator

from flask import Response, abort, request
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol
from werkzeug.wsgi import ClosingIterator

HANDSHAKE = ("Upgrade", "Connection", "Sec-WebSocket-Accept")
CHUNK = 2**16
LONGEST_SIGN = 131  # bytes; a ping, a pong or a goodbye is no longer
LINGER_SECONDS = 1.0
SEND_SECONDS = 10.0  # a client that takes no byte for so long is gone


class Upgrade(Response):
    """The answer to a page that opens a WebSocket: the handshake, then `talk` until it returns."""

    def __init__(self, talk: Callable[["WebSocket"], None], most_bytes: int, without_origin: bool) -> None:
        """Ends the request with 400 where it is no handshake, with 403 where another site's page sends it.

        A client `without_origin` is no page; only one that carries a secret of its own may be let in so.
        """
        origins = [re.compile(f"https?://{re.escape(request.host)}"), *([None] if without_origin else [])]
        handshake = Handshake(request.full_path, Headers(list(request.headers)))
        answer = ServerProtocol(origins=origins).accept(handshake)
        if answer.status_code != 101:
            abort(403 if answer.status_code == 403 else 400, answer.body.decode().strip())
        super().__init__(status=101, headers={name: answer.headers[name] for name in HANDSHAKE})
        self._socket = request.environ["gunicorn.socket"]
        self._talk = talk
        self._most_bytes = most_bytes

    def get_app_iter(self, environ) -> Iterator[bytes]:
        """Called by the server, which sends the headers at the first piece of the body, be it empty."""
        return ClosingIterator(self._conversation(), self.close)

    def _conversation(self) -> Iterator[bytes]:
        yield b""
        websocket = WebSocket(self._socket, self._most_bytes)
        with contextlib.suppress(ConnectionClosed):
            self._talk(websocket)
        websocket.close(CloseCode.GOING_AWAY)


class ConnectionClosed(Exception):
    """The client said goodbye, or the line broke."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """Messages from and to one client."""

    def __init__(self, connection: socket.socket, most_bytes: int) -> None:
        """Raises nothing; a message of more than `most_bytes` closes the connection with 1009."""
        self._socket = connection
        self._protocol = Protocol(SERVER, state=OPEN, max_size=most_bytes)
        self._messages: list[str | bytes] = []
        self._message = bytearray()  # as far as it has come
        self._is_text = False
        self._is_ended = False
        self.heard = time.monotonic()
        """When the last byte came."""

    def receive(self, timeout: float) -> str | bytes | None:
        """The next message, None where none has come whole after `timeout` seconds. Raises Closed."""
        until = time.monotonic() + timeout
        while not self._messages and (left := until - time.monotonic()) > 0:
            self._read(left)
        return self._messages.pop(0) if self._messages else None

    def is_spoken_to(self) -> bool:
        """Whether a message has begun to come, as far as the next CHUNK shows. Raises Closed."""
        if not self._messages:
            self._read(0)
        begun = self._message or len(self._protocol.reader.buffer) > LONGEST_SIGN
        return bool(self._messages or begun)

    def _code(self) -> int:
        """Why it is over. A client that ended the connection without a word was closed, as a tab is."""
        if end := self._protocol.close_rcvd or self._protocol.close_sent:
            return end.code
        return CloseCode.GOING_AWAY if self._is_ended else CloseCode.ABNORMAL_CLOSURE

    def send(self, text: str) -> None:
        """Send a text. Raises Closed."""
        if self._protocol.state is OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def ping(self) -> None:
        """Ask for a sign of life, which moves `heard`. Raises Closed."""
        if self._protocol.state is OPEN:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye, with at most 123 bytes of reason, and end the connection.

        A client that is still sending is read on for a moment: it would not hear the goodbye otherwise.
        """
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
        with contextlib.suppress(ConnectionClosed, OSError):  # it is gone already
            self._flush()
            self._socket.shutdown(socket.SHUT_WR)
            until = time.monotonic() + LINGER_SECONDS
            while (left := until - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(CHUNK):
                    break
            self._socket.shutdown(socket.SHUT_RDWR)
        # it and the protocol hold each other, and with them what has come of a message
        self._protocol.parser.close()

    def _read(self, timeout: float) -> None:
        """Take what has come and answer what the protocol answers by itself. Raises Closed."""
        if self._protocol.state is not OPEN:
            raise ConnectionClosed(self._code())
        self._socket.settimeout(timeout)
        try:
            data = self._socket.recv(CHUNK)
        except (TimeoutError, BlockingIOError):
            return
        except OSError as error:
            self._is_ended = isinstance(error, ConnectionError)
            self._protocol.receive_eof()
            raise ConnectionClosed(self._code()) from None
        self.heard = time.monotonic()
        if data:
            self._protocol.receive_data(data)
        else:
            self._is_ended = True
            self._protocol.receive_eof()
        self._messages += self._complete()
        self._flush()

    def _complete(self) -> Iterator[str | bytes]:
        """The messages that have come whole; long ones come in fragments."""
        for frame in self._protocol.events_received():
            if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._message += frame.data
            if frame.fin:
                whole, self._message = bytes(self._message), bytearray()
                yield whole.decode(errors="replace") if self._is_text else whole

    def _flush(self) -> None:
        self._socket.settimeout(SEND_SECONDS)
        try:
            for data in self._protocol.data_to_send():
                if data:
                    self._socket.sendall(data)
        except OSError as error:
            self._is_ended = isinstance(error, ConnectionError)
            self._protocol.receive_eof()
            raise ConnectionClosed(self._code()) from None
