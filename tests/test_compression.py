"""What is compressed, what isn't, and what is not sent again."""

import gzip
import urllib.request

from app.web import compression
from tests.forms import signed_in_client

BOTH = {"Accept-Encoding": "gzip, br"}


def encoding(answer) -> str | None:
    return answer.headers.get("Content-Encoding")


def test_a_page_that_its_reader_asked_for_is_compressed(app):
    client = signed_in_client(app)
    for site in ("same-origin", "none"):
        headers = {"Accept": "text/html", "Sec-Fetch-Site": site, "Accept-Encoding": "gzip"}
        answer = client.get("/account", headers=headers)
        assert encoding(answer) == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert b"My account" in gzip.decompress(answer.data)
        assert len(answer.data) < len(gzip.decompress(answer.data)) / 2


def test_nothing_that_another_site_asked_for_is_compressed(app):
    """The length would tell what a page holds (BREACH). Old browsers don't say who asks."""
    client = signed_in_client(app)
    for site in ("cross-site", "same-site", None):
        headers = {**BOTH, "Accept": "text/html"} | ({"Sec-Fetch-Site": site} if site else {})
        for path in ("/account", "/lectures?q=guess", "/api/v1/lectures", "/api/openapi.json"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert encoding(answer) is None, (site, path)


def test_what_a_program_asks_for_with_its_key_is_compressed(api):
    assert encoding(api.get("/api/openapi.json", headers=BOTH)) == "br"
    assert encoding(api.get("/api/openapi.json")) is None
    assert encoding(api.get("/api/v1/rooms", headers=BOTH)) is None  # so short that it saves nothing


def test_a_script_is_compressed_and_not_sent_again(app, monkeypatch):
    client = app.test_client()

    def script(**headers: str):
        with client.get("/static/requests.js", headers=headers) as answer:
            return answer.status_code, answer.data, answer.headers

    status, data, headers = script(**BOTH)
    assert (status, headers["Content-Encoding"], headers["Content-Length"]) == (200, "br", str(len(data)))
    assert len(data) < len(script()[1]) / 2
    with monkeypatch.context() as patch:
        patch.setattr(compression.compress, "after_request", None)  # it is not even compressed again
        assert script(**BOTH, **{"If-None-Match": headers["ETag"]})[:2] == (304, b"")
    status, data, headers = script(**BOTH, Range="bytes=0-9")
    assert (status, data, headers.get("Content-Encoding")) == (206, b"// Request", None)


def test_json_that_the_client_has_is_not_sent_again(api):
    for path in ("/api/v1/lectures", "/api/v1/timetable", "/api/openapi.json"):
        for headers in ({}, BOTH):
            first = api.get(path, headers=headers)
            again = api.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b""), path
            other = api.get(path, headers={**headers, "If-None-Match": '"another"'})
            assert (other.status_code, other.data) == (200, first.data), path


def test_json_that_has_changed_is_sent_again(api):
    tag = api.get("/api/v1/lectures").headers["ETag"]
    api.post("/api/v1/lectures", json={"title": "Fractions"})
    answer = api.get("/api/v1/lectures", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_a_change_is_made_whatever_etag_is_sent(api):
    answer = api.post("/api/v1/lectures", json={"title": "Fractions"}, headers={"If-None-Match": "*"})
    assert answer.status_code == 201


def test_events_and_pictures_are_sent_as_they_are(start_server):
    """Compressed, an event would wait in a buffer until that is full."""
    server = start_server(CAMERA="browser")
    headers = {"Authorization": f"Bearer {server.token}", "Sec-Fetch-Site": "same-origin", **BOTH}
    for path, kind in (
        ("/api/v1/rooms/1/events", "text/event-stream"),
        ("/stream.mjpg", "multipart/x-mixed-replace"),
    ):
        request = urllib.request.Request(server.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=15) as answer:
            assert answer.headers.get_content_type() == kind
            assert answer.headers["Content-Encoding"] is None
            assert answer.readline() in (b"event: state\n", b"--frame\r\n"), path
