"""Slow clients hold no thread, so pages and health checks answer whatever others send."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.server import Server, wait_for

SLOW_CONNECTIONS = 500
BOUND_SECONDS = 5.0  # generous: an idle machine answers in milliseconds
FRAME = b"POST /api/v1/frames HTTP/1.1\r\nHost: room\r\nContent-Length: 999999\r\n"
SIGN_IN = b"POST /sign-in HTTP/1.1\r\nHost: room\r\nContent-Type: application/x-www-form-urlencoded\r\n"

SLOW_STARTS = {
    "nothing": b"",
    "one_byte": b"G",
    "half_a_request_line": b"GET /sign",
    "half_the_headers": b"GET /sign-in HTTP/1.1\r\nHost: ro",
    "a_body_that_never_comes": SIGN_IN + b"Content-Length: 100\r\n\r\n",
    "half_a_body": SIGN_IN + b"Content-Length: 100\r\n\r\nname=",
    "a_chunked_body_that_never_comes": SIGN_IN + b"Transfer-Encoding: chunked\r\n\r\n",
    "a_large_body_that_never_comes": SIGN_IN + b"Content-Length: 9999999\r\n\r\n",
    "a_picture_of_a_stranger": FRAME + b"\r\n",
    "a_body_that_waits_to_be_asked_for": SIGN_IN
    + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n",
    "a_second_request": b"GET /healthz HTTP/1.1\r\nHost: room\r\n\r\nGET /he",
    "a_response_that_nobody_reads": b"GET /sign-in HTTP/1.1\r\nHost: room\r\nConnection: close\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """A server with 18 threads."""
    with Server(tmp_path_factory.mktemp("slow"), {"MAX_VIEWERS": "2"}) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def vanished_viewers(server) -> Iterator[float]:
    """As many viewers as there may be, who take nothing any more; gives when they fell silent."""
    with closing(server.open("/stream.mjpg")), closing(server.open("/stream.mjpg")):
        yield time.monotonic()


def connect(server: Server, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=15)
    connection.sendall(data)
    return connection


def seconds_for(server: Server, path: str) -> float:
    began = time.monotonic()
    assert server.get(path, token=False).status == 200
    return time.monotonic() - began


def received(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    data = b""
    try:
        while piece := connection.recv(2**16):
            data += piece
    except ConnectionResetError:
        pass
    return data


@pytest.mark.parametrize("start", SLOW_STARTS.values(), ids=SLOW_STARTS.keys())
def test_500_slow_connections_leave_pages_and_health_checks_as_fast_as_ever(server, start):
    """66 of them used to stop everything, `/healthz` too."""
    with ExitStack() as connections:
        for _ in range(SLOW_CONNECTIONS):
            connections.enter_context(closing(connect(server, start)))
        for path in ("/healthz", "/sign-in", "/notice"):
            assert seconds_for(server, path) < BOUND_SECONDS
    wait_for(lambda: seconds_for(server, "/healthz") < 1)


@pytest.mark.parametrize(
    "length", [b"60000", b"0" * 30 + b"60000", b"9" * 30], ids=["plain", "zeros", "huge"]
)
def test_a_form_that_never_comes_holds_no_thread_however_its_length_is_written(server, length):
    """A page's cookie leads past the first checks. 60 lengths of more than 15 digits stopped everything."""
    with server.open("/sign-in", token=False) as page:
        cookie = page.headers["Set-Cookie"].partition(";")[0].encode()
    with ExitStack() as connections:
        for _ in range(60):
            start = SIGN_IN + b"Cookie: " + cookie + b"\r\nContent-Length: " + length + b"\r\n\r\nname="
            connections.enter_context(closing(connect(server, start)))
        for path in ("/healthz", "/sign-in"):
            assert seconds_for(server, path) < BOUND_SECONDS


def test_a_connection_without_a_complete_request_is_closed(server, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="Connections send nothing, a byte, or half a request, and stay open.",
        seen="Nothing of it: pages and pictures as ever.",
        lost="Nothing.",
    )
    with ExitStack() as connections, fault.recovery():
        starts = [SLOW_STARTS[name] for name in ("nothing", "one_byte", "half_the_headers", "half_a_body")]
        slow = [connections.enter_context(closing(connect(server, start))) for start in starts]
        assert [received(connection) for connection in slow] == [b""] * len(slow)


def test_a_request_that_arrives_byte_by_byte_is_served(server):
    with closing(connect(server)) as connection:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: room\r\nConnection: close\r\n\r\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.005)
        assert received(connection).startswith(b"HTTP/1.1 200")


def test_two_requests_in_one_packet_are_both_served(server):
    with closing(connect(server)) as connection:
        last = b"GET /healthz HTTP/1.1\r\nHost: room\r\nConnection: close\r\n\r\n"
        connection.sendall(last.replace(b"Connection: close\r\n", b"") * 2 + last)
        assert received(connection).count(b"HTTP/1.1 200") == 3


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server):
    with closing(connect(server, SLOW_STARTS["a_body_that_waits_to_be_asked_for"])) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"x" * 100)
        assert b"HTTP/1.1 400" in received(connection)


def test_a_stranger_s_body_is_refused_unread(server):
    with closing(connect(server, SLOW_STARTS["a_picture_of_a_stranger"])) as connection:
        assert received(connection).startswith(b"HTTP/1.1 401")


def test_a_body_of_unknown_length_is_refused_unread(server):
    with closing(connect(server, SLOW_STARTS["a_chunked_body_that_never_comes"])) as connection:
        assert received(connection).startswith(b"HTTP/1.1 411")


def test_headers_without_end_are_refused(server):
    with closing(connect(server, b"GET / HTTP/1.1\r\n" + b"X-More: more\r\n" * 5000)) as connection:
        assert received(connection).startswith(b"HTTP/1.1 431")


def test_health_checks_answer_while_every_other_thread_is_taken(server, record_fault):
    """The server has 18 threads; 40 pictures of somebody signed in are on their way and never come."""
    fault = record_fault(
        lambda: server.log,
        done="More requests than there are threads announce a picture that never comes, signed in.",
        seen="Nothing of it: pages and health checks answer as ever.",
        lost="Nothing.",
    )
    request = FRAME + f"Authorization: Bearer {server.token}\r\n\r\n".encode()
    with ExitStack() as connections:
        for _ in range(40):
            connections.enter_context(closing(connect(server, request)))
        assert seconds_for(server, "/healthz") < BOUND_SECONDS
        with fault.recovery():
            assert seconds_for(server, "/sign-in") < BOUND_SECONDS


def test_viewers_who_vanish_without_a_word_lose_their_places(server, vanished_viewers, record_fault):
    """Their machines may sleep or be cut off: nothing closes their connections."""
    fault = record_fault(
        lambda: server.log,
        done="As many viewers as there may be stop receiving and never close their connections.",
        seen="Others are refused until then (503).",
        lost="Nothing.",
    )
    wait_for(lambda: server.open("/stream.mjpg").status == 200)
    fault.recovered_in(time.monotonic() - vanished_viewers)
