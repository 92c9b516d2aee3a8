"""What a hostile camera answers harms nothing: redirects go nowhere else, and every answer has a limit."""

import time

import cv2
import numpy as np
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


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> bytes:
    """A short video."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 240))
    for brightness in range(0, 250, 50):
        writer.write(np.full((240, 320, 3), brightness, np.uint8))
    writer.release()
    return path.read_bytes()


def test_a_redirect_to_a_video_on_the_camera_itself_is_followed(film):
    answers = {"/": redirect("/film"), "/film": body("video/x-msvideo", film)}
    with HttpCamera(answers) as camera:
        source = open_source(f"{camera.url}/", timeout_seconds=5)
        assert source.next_frame().shape == (240, 320, 3)
        source.release()


def test_a_camera_that_redirects_only_ffmpeg_leads_nowhere_else(film):
    with HttpCamera({"/film": body("video/x-msvideo", film)}) as other:

        def answer(request) -> None:
            to_ffmpeg = redirect(f"{other.url}/film")
            is_ffmpeg = "Lavf" in request.headers["User-Agent"]
            (to_ffmpeg if is_ffmpeg else body("video/x-msvideo", film))(request)

        with HttpCamera({"/": answer}) as camera:
            failure(f"{camera.url}/", timeout_seconds=5)
            assert len(camera.paths) >= 2, "it asked FFmpeg's way too"
    assert other.paths == []


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{film}\n#EXT-X-ENDLIST\n"
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{film}\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT3S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{film}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>"
)
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n"


@pytest.mark.parametrize("path", ["/live.m3u8", "/live"])
@pytest.mark.parametrize(
    "content_type", ["application/vnd.apple.mpegurl", "application/dash+xml", "video/mp4"]
)
@pytest.mark.parametrize("playlist", [HLS, MASTER, DASH, "ffconcat version 1.0\nfile {film}\n", SDP])
def test_a_playlist_leads_nowhere(film, path, content_type, playlist):
    with HttpCamera({"/film.ts": body("video/mp2t", film)}) as other:
        text = playlist.format(film=f"{other.url}/film.ts")
        with HttpCamera({path: body(content_type, text.encode())}) as camera:
            error = failure(f"{camera.url}{path}", timeout_seconds=5)
    assert other.paths == []
    assert ("is a playlist" in str(error)) == (content_type != "video/mp4")


@pytest.mark.parametrize("name", ["a.m3u8", "a.mp4"])
@pytest.mark.parametrize("playlist", [HLS, DASH, "ffconcat version 1.0\nfile {film}\n"])
def test_a_playlist_in_a_file_leads_nowhere(film, tmp_path, name, playlist):
    (tmp_path / "film.avi").write_bytes(film)
    with HttpCamera({"/film.ts": body("video/mp2t", film)}) as other:
        for address in (f"{other.url}/film.ts", f"file://{tmp_path}/film.avi", "film.avi"):
            (tmp_path / name).write_text(playlist.format(film=address))
            failure(str(tmp_path / name), timeout_seconds=5)
    assert other.paths == []


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
