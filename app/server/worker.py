"""gunicorn's threaded worker, except that no thread ever waits for a slow client.

gunicorn reads a request in the thread that serves it, so as many slow clients as there are threads stop
everything. Here the main loop collects each request, and a thread gets it once it has arrived.
"""

import contextlib
import errno
import os
import re
import selectors
import socket
import ssl
import struct
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from gunicorn.http import get_parser
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 10.0  # for a request to arrive: its head, and its body up to MAX_COLLECTED_BODY
RECEIVE_SECONDS = 10  # between two pieces of a larger body
SEND_SECONDS = 15  # a client that takes no byte for this long is gone; amid a picture, twice as long
LINGER_SECONDS = 2.0  # after the response, for the client to read it and close
END_SECONDS = 10.0  # from the death of its master until a worker ends at the latest
DRAIN_SECONDS = 0.05  # to drop an unread body that has arrived; one that has not costs the connection
MAX_HEAD = 2**16
MAX_DIGITS = 15  # of a length; far more than MAX_COLLECTED_BODY
MAX_COLLECTED_BODY = 2**16  # as large as any form; only pictures may be larger, and only of people signed in
MAX_WAITING = 300
MAX_WAITING_OF_ADDRESS = 100
MAX_KEPT_ALIVE = 100
MAX_QUEUED = 300
CHUNK_BYTES = 2**16
WARNING_SECONDS = 60.0
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
RESERVED = (b"/healthz", b"/readyz")
"""Paths with a thread of their own."""

CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*0*(\d+)[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
EXPECTS_CONTINUE = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r$", re.IGNORECASE | re.MULTILINE)


def is_complete(received: bytes) -> bool:
    """Whether a thread may serve the request: its head has arrived, and its body if that is to be collected.

    A body is collected where its length is given and at most MAX_COLLECTED_BODY.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = CONTENT_LENGTH.search(received, 0, end + 2)
    if length and len(length[1]) > MAX_DIGITS:
        return True
    body_bytes = int(length[1]) if length else 0
    return body_bytes > MAX_COLLECTED_BODY or len(received) >= end + 4 + body_bytes


class IncomingConnection(TConn):
    """A connection and what the main loop has received on it."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.received = bytearray()
        self.data_ready = True  # threads need not wait for the first byte
        self.is_continued = False
        """Whether the client was told to send its body."""
        self.is_handshake_done = not self.cfg.is_ssl

    def init(self) -> None:
        """Pass the received bytes to the parser. gunicorn calls it in the thread, before each request."""
        if self.cfg.is_ssl:
            self.parser = self.parser or get_parser(self.cfg, self.sock, self.client)
            self.sock.settimeout(SEND_SECONDS)  # Python's TLS goes on after a time-out of the system's
        super().init()
        self.parser.unreader.unread(bytes(self.received))
        self.received.clear()

    def receive(self) -> bytes:
        """Receive up to CHUNK_BYTES; b"" at the end. Raises one of WOULD_BLOCK while nothing has arrived."""
        if not self.is_handshake_done:
            self.sock.do_handshake()
            self.is_handshake_done = True
        return self.sock.recv(CHUNK_BYTES)

    def send_close_notify(self) -> None:
        """Send a TLS client the alert that ends its connection, so that it knows that nothing was cut off."""
        if self.cfg.is_ssl and self.is_handshake_done:
            self.sock.setblocking(False)
            with contextlib.suppress(*WOULD_BLOCK):  # don't wait for the client's own alert
                self.sock.unwrap()

    def take_read_ahead(self) -> bytes:
        """What was read beyond the last request; TLS decrypts a record of up to 16 KB at once."""
        data = self.parser.unreader.take_buffered()
        if self.cfg.is_ssl and self.sock.pending():
            data += self.sock.recv(self.sock.pending())
        return data

    @property
    def path(self) -> bytes:
        """The path of the request, without its query."""
        words = bytes(self.received[:MAX_HEAD].partition(b"\r\n")[0]).split(b" ")
        return words[1].partition(b"?")[0] if len(words) > 1 else b""


class CollectingWorker(ThreadWorker):
    """Collects requests in the main loop, within REQUEST_SECONDS and bounds for all and for each address.

    Past a bound the oldest waiting connection is closed: an honest request has arrived before it is old.
    """

    def __init__(self, *arguments, **keywords) -> None:
        super().__init__(*arguments, **keywords)
        self.max_keepalived = MAX_KEPT_ALIVE
        self.reserved_pools = {path: ThreadPoolExecutor(1) for path in RESERVED}
        self.is_behind_proxy = self.cfg.forwarded_allow_ips == ["*"]  # then all connections have its address
        self._warned_at = -WARNING_SECONDS
        self._tls = ssl_context(self.cfg) if self.cfg.is_ssl else None

    def accept(self, listener) -> None:
        """Accept a connection, and wait for its first request."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._close_oldest(list(self.pending_conns))
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        # these hold while a thread reads or writes the socket without a time-out of Python's
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", RECEIVE_SECONDS, 0))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        if self._tls is not None:
            try:
                client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            except OSError:  # the client is gone already
                client.close()
                return
        self.nr_conns += 1
        connection = IncomingConnection(self.cfg, client, address, listener.getsockname())
        self._wait(connection, REQUEST_SECONDS, self._collect)
        self._enforce_bounds(connection)

    def on_client_socket_readable(self, conn: IncomingConnection, client: socket.socket) -> None:
        """Collect the next request of a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait(conn, REQUEST_SECONDS, self._collect)
        self._enforce_bounds(conn)

    def enqueue_req(self, conn: IncomingConnection) -> None:
        """Queue a request for a thread: RESERVED paths have their own, all others share a pool."""
        pool = self.reserved_pools.get(conn.path, self.tpool)
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def finish_request(self, conn: IncomingConnection, fs: Future) -> None:
        """Wait for the next request, or close the connection without holding up the others."""
        keep_alive = not fs.cancelled() and fs.exception() is None and fs.result()
        if not keep_alive:
            self._linger(conn)
        elif following := conn.take_read_ahead():
            conn.received += following
            conn.is_continued = False
            self._wait(conn, REQUEST_SECONDS, self._collect)
            self._advance(conn)
        else:
            conn.is_continued = False
            super().finish_request(conn, fs)

    def handle_request(self, req, conn: IncomingConnection) -> bool:
        """Serve one request; gives whether the connection may be kept."""
        try:
            return super().handle_request(req, conn)
        except (BlockingIOError, TimeoutError):
            self.log.debug("a client took no byte for %d s, or sent none", SEND_SECONDS)
            return False

    def _keepalive_after(self, conn: IncomingConnection, keepalive: bool) -> bool:
        """Whether the connection can be reused; not where a body is still to come that nobody will read."""
        return keepalive and conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS)

    def murder_pending(self) -> None:
        """Close connections that took too long and, once the server is ending, those that sent nothing."""
        now = time.monotonic()
        for conn in list(self.pending_conns):
            if conn.timeout <= now or not (self.alive or conn.received or conn.initialized):
                self._close(conn)

    def is_parent_alive(self) -> bool:
        """Whether the master lives. If it was killed, end the streams, which would hold the process."""
        is_alive = super().is_parent_alive()
        if not is_alive and self.alive:
            self.alive = False
            # no master will kill a worker that does not end by itself
            last_resort = threading.Timer(END_SECONDS, os._exit, [1])
            last_resort.daemon = True
            last_resort.start()
        return is_alive

    def _wait(self, conn: IncomingConnection, seconds: float, when_readable) -> None:
        """Call `when_readable` with the connection whenever bytes arrive, and close it after `seconds`."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + seconds
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read, conn, when_readable))

    def _read(self, conn: IncomingConnection, when_readable, _client: socket.socket) -> None:
        try:
            data = conn.receive()
        except WOULD_BLOCK:
            return
        except OSError:
            data = b""
        if data:
            when_readable(conn, data)
        else:
            self._close(conn)

    def _collect(self, conn: IncomingConnection, data: bytes) -> None:
        conn.received += data
        self._advance(conn)

    def _advance(self, conn: IncomingConnection) -> None:
        """Serve the request if it is complete, else ask for the rest where the client waits to be asked."""
        if is_complete(conn.received):
            self._serve(conn)
        elif (end := conn.received.find(b"\r\n\r\n")) < 0:
            if len(conn.received) > MAX_HEAD:
                self._send(conn, b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n")
                self._forget(conn)
                self._linger(conn)
        elif not conn.is_continued and EXPECTS_CONTINUE.search(conn.received, 0, end + 2):
            conn.is_continued = True
            self._send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")

    @staticmethod
    def _send(conn: IncomingConnection, response: bytes) -> None:
        with contextlib.suppress(OSError):  # the client is gone, which the next read finds
            conn.sock.send(response)

    def _serve(self, conn: IncomingConnection) -> None:
        self._forget(conn)
        self.enqueue_req(conn)

    def _linger(self, conn: IncomingConnection) -> None:
        """Close the sending half, and the rest once the client closes its own, or after LINGER_SECONDS.

        Closing at once, with bytes of the client unread, would take the response from it (RFC 9112, 9.6).
        """
        try:
            conn.send_close_notify()
            conn.sock.shutdown(socket.SHUT_WR)
            self._wait(conn, LINGER_SECONDS, lambda conn, data: None)
        except OSError:  # closed by the client or by the request
            self.nr_conns -= 1
            conn.close()

    def _enforce_bounds(self, newest: IncomingConnection) -> None:
        waiting = self.pending_conns
        if len(waiting) > MAX_WAITING:
            self._close_oldest(waiting)
        elif not self.is_behind_proxy and len(waiting) > MAX_WAITING_OF_ADDRESS:
            of_address = [conn for conn in waiting if conn.client[:1] == newest.client[:1]]
            if len(of_address) > MAX_WAITING_OF_ADDRESS:
                self._close_oldest(of_address)

    def _close_oldest(self, waiting) -> None:
        if not waiting:
            time.sleep(0.01)  # out of file descriptors, and all of them in use
            return
        now = time.monotonic()
        if now - self._warned_at > WARNING_SECONDS:
            self._warned_at = now
            self.log.warning(
                "%d connections have sent no complete request, the last from %s; closing the oldest",
                len(self.pending_conns),
                "".join(waiting[-1].client[:1]) or "a local socket",
            )
        self._close(waiting[0])

    def _close(self, conn: IncomingConnection) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: IncomingConnection) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
