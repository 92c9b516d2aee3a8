"""What a hostile camera answers harms nothing: redirects go nowhere else, and every answer has a limit."""

import time

import pytest

from app.camera.diagnosis import network_error
from app.camera.errors import CameraError, Reason
from app.camera.sources import open_source
from tests.http_camera import HttpCamera, body
from tests.progressive_jpeg import progressive_jpeg
from tests.test_sources import failure


def redirect(target: str, status: int = 302):
    return body("text/plain", b"", status, Location=target)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("find_error", [failure, lambda url, **o: network_error(url, opening_seconds=0, **o)])
def test_a_redirect_to_another_host_or_port_is_not_followed(status, find_error):
    with HttpCamera({"/secret": body("text/html", b"")}) as other:
        answers = {"/video": redirect(f"{other.url}/secret?key=hunter2", status)}
        with HttpCamera(answers) as camera:
            error = find_error(f"http://teacher:pa55word@{camera.host}/video", timeout_seconds=5)
    assert other.paths == []
    assert error.reason is Reason.REFUSED
    assert f"redirects to {other.url}/secret?key=…" in str(error)
    assert "pa55word" not in str(error)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "//[x", "https://127.0.0.1/x"])
def test_a_redirect_to_anything_but_the_camera_is_not_followed(target):
    with HttpCamera({"/video": redirect(target)}) as camera:
        assert "redirects to" in str(failure(f"{camera.url}/video", timeout_seconds=5))


def test_a_redirect_on_the_camera_itself_is_followed():
    with HttpCamera({"/": redirect("/live"), "/live": body("image/jpeg", progressive_jpeg())}) as camera:
        source = open_source(f"{camera.url}/", timeout_seconds=5)
        assert source.next_frame().shape == (1024, 1024, 3)
        source.release()


def test_endless_redirects_end():
    with HttpCamera({"/": redirect("/")}) as camera:
        assert "too many redirects" in str(failure(f"{camera.url}/", timeout_seconds=5))
    assert len(camera.paths) < 10


def test_a_camera_whose_jpegs_would_take_minutes_is_refused_at_once():
    jpeg = progressive_jpeg(scans=4000, size=(2048, 2048))
    part = b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n"
    began = time.monotonic()
    for content_type, data in (("image/jpeg", jpeg), ("multipart/x-mixed-replace;boundary=x", part * 26)):
        with HttpCamera({"/": body(content_type, data)}) as camera:
            source = open_source(f"{camera.url}/", timeout_seconds=5)
            with pytest.raises(CameraError, match="more than 50 scans"):
                source.next_frame()
            source.release()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("head", [b"--x\r\n\r\n", b"--x\r\nContent-Length: 999999999\r\n\r\n", b""])
def test_a_part_without_end_has_an_end(head):
    def endless(request) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace;boundary=x")
        request.end_headers()
        request.wfile.write(head)
        for _ in range(100):
            request.wfile.write(bytes(2**20))

    with HttpCamera({"/": endless}) as camera:
        source = open_source(f"{camera.url}/", timeout_seconds=5)
        with pytest.raises(CameraError, match="larger than 4 MB"):
            source.next_frame()
        source.release()


def test_a_part_that_drips_times_out():
    def drip(request) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace;boundary=x")
        request.end_headers()
        request.wfile.write(b"--x\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            request.wfile.write(b".")
            time.sleep(0.1)

    with HttpCamera({"/": drip}) as camera:
        source = open_source(f"{camera.url}/", timeout_seconds=1)
        with pytest.raises(CameraError) as caught:
            source.next_frame()
        source.release()
    assert caught.value.reason is Reason.TIMED_OUT
