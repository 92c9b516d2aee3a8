"""A WebSocket (RFC 6455) on the socket of a gunicorn request, in the thread of that request.

`websockets` implements the protocol; the request's thread reads and writes the socket. It reads only while
it waits for a message, so a client that sends too much fills its own connection and no memory here.
"""

# `websockets.sync.connection.Connection` (17.4) was tried in place of the class WebSocket. With max_queue=0
# it keeps the back-pressure, but it reads in a second thread. That thread answers a client's close frame
# before the relay knows that the client left, so the next page is told that somebody is sending: a test in
# test_sent_pictures.py fails. It also does not tell when the last byte came, so a picture that takes 10 s on
# a slow connection looks like silence. And its `send` has no timeout: a client that stops reading blocks it.

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator

from flask import Response, abort, request
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol
from werkzeug.wsgi import ClosingIterator

from app.web.access import warn_of_other_host

HANDSHAKE_HEADERS = ("Upgrade", "Connection", "Sec-WebSocket-Accept")
CHUNK_BYTES = 2**16
MAX_CONTROL_FRAME_BYTES = 131  # a client's ping, pong or close frame: 125 bytes of payload and 6 of header
LINGER_SECONDS = 1.0
SEND_TIMEOUT_SECONDS = 10.0  # a client that takes no byte for this long is gone


class WebSocketResponse(Response):
    """The handshake, as the response to a request; then `serve` with the WebSocket until it returns."""

    def __init__(self, serve: Callable[["WebSocket"], None], max_bytes: int, allow_no_origin: bool) -> None:
        """Aborts with 400 when the request is no handshake, with 403 when another site's page sent it.

        A client without an Origin header is no browser. Allow it only if it authenticates with a token.
        """
        origins = [re.compile(f"https?://{re.escape(request.host)}"), *([None] if allow_no_origin else [])]
        handshake = Handshake(request.full_path, Headers(list(request.headers)))
        answer = ServerProtocol(origins=origins).accept(handshake)
        if answer.status_code == 403:
            warn_of_other_host()
        if answer.status_code != 101:
            abort(403 if answer.status_code == 403 else 400, answer.body.decode().strip())
        super().__init__(status=101, headers={name: answer.headers[name] for name in HANDSHAKE_HEADERS})
        self._socket = request.environ["gunicorn.socket"]
        self._serve = serve
        self._max_bytes = max_bytes

    def get_app_iter(self, environ) -> Iterator[bytes]:
        """Called by gunicorn, which sends the headers with the first piece of the body, even an empty one."""
        return ClosingIterator(self._conversation(), self.close)

    def _conversation(self) -> Iterator[bytes]:
        yield b""
        websocket = WebSocket(self._socket, self._max_bytes)
        with contextlib.suppress(ConnectionClosed):
            self._serve(websocket)
        websocket.close(CloseCode.GOING_AWAY)


class ConnectionClosed(Exception):
    """The client closed the connection, or it broke."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """Messages from and to one client. All methods but `close` raise ConnectionClosed."""

    def __init__(self, connection: socket.socket, max_bytes: int) -> None:
        """A message of more than `max_bytes` closes the connection with code 1009."""
        self._socket = connection
        self._protocol = Protocol(SERVER, state=OPEN, max_size=max_bytes)
        self._messages: list[str | bytes] = []
        self._fragments = bytearray()  # of the message that is arriving
        self._is_text = False
        self._is_ended = False
        self.received_at = time.monotonic()
        """When the last byte came, monotonic seconds."""

    def receive(self, timeout_seconds: float) -> str | bytes | None:
        """The next message; None when none is complete after `timeout_seconds`."""
        until = time.monotonic() + timeout_seconds
        while not self._messages and (remaining := until - time.monotonic()) > 0:
            self._read(remaining)
        return self._messages.pop(0) if self._messages else None

    def has_message(self) -> bool:
        """Whether a message has arrived or begun to, as far as the next CHUNK_BYTES show."""
        if not self._messages:
            self._read(0)
        has_begun = self._fragments or len(self._protocol.reader.buffer) > MAX_CONTROL_FRAME_BYTES
        return bool(self._messages or has_begun)

    def send(self, text: str) -> None:
        """Send a text message."""
        if self._protocol.state is OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def ping(self) -> None:
        """Ask the client for a pong, which moves `received_at`."""
        if self._protocol.state is OPEN:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection, with at most 123 bytes of reason.

        Reads on for up to LINGER_SECONDS: a client that is still sending would not get the close frame.
        """
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
        with contextlib.suppress(ConnectionClosed, OSError):  # already closed
            self._flush()
            self._socket.shutdown(socket.SHUT_WR)
            until = time.monotonic() + LINGER_SECONDS
            while (remaining := until - time.monotonic()) > 0:
                self._socket.settimeout(remaining)
                if not self._socket.recv(CHUNK_BYTES):
                    break
            self._socket.shutdown(socket.SHUT_RDWR)
        # parser and protocol refer to each other, and would keep an incomplete message in memory
        self._protocol.parser.close()

    def _read(self, timeout_seconds: float) -> None:
        """Read one chunk, and send what the protocol answers to it by itself."""
        if self._protocol.state is not OPEN:
            raise ConnectionClosed(self._close_code())
        self._socket.settimeout(timeout_seconds)
        try:
            data = self._socket.recv(CHUNK_BYTES)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            raise self._broken(error) from None
        self.received_at = time.monotonic()
        if data:
            self._protocol.receive_data(data)
        else:
            self._is_ended = True
            self._protocol.receive_eof()
        self._messages += self._complete_messages()
        self._flush()

    def _complete_messages(self) -> Iterator[str | bytes]:
        """The messages that are complete now; long ones arrive in fragments."""
        for frame in self._protocol.events_received():
            if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._fragments += frame.data
            if frame.fin:
                message, self._fragments = bytes(self._fragments), bytearray()
                yield message.decode(errors="replace") if self._is_text else message

    def _flush(self) -> None:
        """Write what the protocol has to send."""
        self._socket.settimeout(SEND_TIMEOUT_SECONDS)
        try:
            for data in self._protocol.data_to_send():
                if data:
                    self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from None

    def _broken(self, error: OSError) -> ConnectionClosed:
        self._is_ended = isinstance(error, ConnectionError)
        self._protocol.receive_eof()
        return ConnectionClosed(self._close_code())

    def _close_code(self) -> int:
        """The code of the close frame. A client that ended the connection without one closed its tab."""
        if close_frame := self._protocol.close_rcvd or self._protocol.close_sent:
            return close_frame.code
        return CloseCode.GOING_AWAY if self._is_ended else CloseCode.ABNORMAL_CLOSURE
