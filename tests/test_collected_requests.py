"""When a request is complete, so that a thread may serve it."""

import pytest

from app.server.worker import MAX_COLLECTED_BODY, is_complete

HEAD = b"POST /sign-in HTTP/1.1\r\nHost: room\r\n"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", False),
        (HEAD, False),
        (HEAD + b"\r\n", True),
        (HEAD + b"Content-Length: 3\r\n\r\nab", False),
        (HEAD + b"content-length:3\r\n\r\nabc", True),
        (HEAD + b"Content-Length: 3\r\n\r\nabcGET", True),
        (HEAD + f"Content-Length: {MAX_COLLECTED_BODY + 1}\r\n\r\n".encode(), True),
        (HEAD + b"X-Note: Content-Length: 3\r\n\r\n", True),
        (HEAD + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n", True),  # for gunicorn to refuse
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", True),
    ],
)
def test_a_request_is_complete_with_its_head_and_its_small_body(received, expected):
    assert is_complete(received) is expected
