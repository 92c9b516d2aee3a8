"""Limits the time for bodies that are too large for the worker to collect, so a thread reads them."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from flask import request

CHUNK_BYTES = 2**16


def start_deadline(seconds: float) -> threading.Timer:
    """Stop receiving this request after so many seconds; cancel the timer once the body has been read."""
    connection = request.environ.get("gunicorn.socket")
    timer = threading.Timer(seconds, _stop_receiving, [connection])
    if connection is not None:
        timer.start()
    return timer


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop receiving this request after so many seconds, while the block reads its body."""
    timer = start_deadline(seconds)
    try:
        yield
    finally:
        timer.cancel()


def drop_body(max_bytes: int) -> None:
    """Read and drop up to `max_bytes` of what is left: a client reads no response while it sends."""
    for _ in range(max_bytes // CHUNK_BYTES):
        if not request.environ["wsgi.input"].read(CHUNK_BYTES):
            return


def _stop_receiving(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client is gone already
        # not SSLSocket.shutdown, which would also end the encryption of the response
        socket.socket.shutdown(connection, socket.SHUT_RD)
