"""Cameras that are unlike the others work, or the sentence names the real cause."""

import hashlib
import io
import itertools
import re
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from app.camera.errors import CameraError, Reason
from app.camera.files import open_video
from app.camera.sources import open_source
from app.clock import SYSTEM_CLOCK
from app.language import translate
from app.monitor.shutter import Shutter
from tests.http_camera import HttpCamera, body
from tests.manual_clock import ManualClock
from tests.mjpeg_camera import noise_pictures
from tests.rtsp_camera import RtspCamera
from tests.server import wait_for
from tests.test_sources import failure

JPEGS = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in noise_pictures(count=4)]
USER, PASSWORD = 'łu"', "pä@ss"
SIGN_IN = "%C5%82u%22:p%C3%A4%40ss"


def digest(algorithm: str | None, qop: str | None = "auth", wrong: bool = False):
    """An answer that wants Digest, calculated here once more, and then gives a JPEG."""
    hashes = {"SHA-256": hashlib.sha256, None: hashlib.md5, "MD5": hashlib.md5}

    def hashed(*fields: str) -> str:
        return hashes[algorithm](":".join(fields).encode()).hexdigest()

    def answer(request) -> None:
        header = request.headers.get("Authorization", "").encode("latin-1").decode()
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', header))
        secret = hashed(USER, "a camera", "another" if wrong else PASSWORD)
        inner = [given.get("nc", ""), given.get("cnonce", ""), "auth"] if qop else []
        expected = hashed(secret, "n0nce", *inner, hashed("GET", "/jpg?x=1"))
        if given.get("response") == expected:
            return body("image/jpeg", JPEGS[0])(request)
        parts = ['realm="a camera", nonce="n0nce"']
        parts += [f"algorithm={algorithm}"] if algorithm else []
        parts += [f'qop="{qop}"'] if qop else []
        return body("text/plain", b"", 401, WWW_Authenticate="Digest " + ", ".join(parts))(request)

    return answer


@pytest.mark.parametrize(
    ("algorithm", "qop"), [("SHA-256", "auth"), ("MD5", "auth,auth-int"), (None, None), (None, "auth")]
)
def test_a_camera_that_wants_digest_is_signed_in_to(algorithm, qop):
    """Guards against "wrong password" for a right one where the camera wants SHA-256."""
    with HttpCamera({"/jpg?x=1": digest(algorithm, qop)}) as camera:
        source = open_source(f"http://{SIGN_IN}@{camera.host}/jpg?x=1", timeout_seconds=5)
        assert source.next_frame().shape == (240, 320, 3)
        assert source.next_frame().shape == (240, 320, 3)
        source.release()


def test_a_wrong_password_is_said_to_be_wrong_whatever_the_hash():
    with HttpCamera({"/jpg?x=1": digest("SHA-256", wrong=True)}) as camera:
        error = failure(f"http://{SIGN_IN}@{camera.host}/jpg?x=1", timeout_seconds=5)
    assert "refuses the user name or password" in str(error)


@pytest.mark.parametrize("challenge", ["Digest realm=x, nonce=y, algorithm=SHA-512-256", "NTLM"])
def test_an_unknown_sign_in_over_http_is_named(challenge):
    with HttpCamera({"/": body("text/plain", b"", 401, WWW_Authenticate=challenge)}) as camera:
        error = failure(f"http://teacher:secret@{camera.host}/", timeout_seconds=5)
    assert error.reason is Reason.REFUSED
    assert "a sign-in that Aula does not know" in str(error)
    assert challenge.split("=")[-1].upper() in str(error).upper()


def test_a_camera_that_offers_only_udp_is_read():
    with RtspCamera() as camera:
        source = open_source(f"rtsp://{camera.host}/live", timeout_seconds=5)
        assert [source.next_frame().shape for _ in range(3)] == [(120, 160, 3)] * 3
        source.release()
    assert [name.split(";")[0] for name in camera.transports] == ["RTP/AVP/TCP", "RTP/AVP/UDP"]


def test_rtsp_with_sha_256_is_not_called_a_wrong_password():
    challenge = 'Digest realm="camera", nonce="1", algorithm=SHA-256, qop="auth"'
    with RtspCamera(challenge) as camera:
        error = failure(f"rtsp://teacher:secret@{camera.host}/live", timeout_seconds=3)
    assert error.reason is Reason.REFUSED
    assert "a sign-in that Aula does not know (Digest SHA-256)" in str(error)
    assert "secret" not in str(error)
    assert "Anmeldung, die Aula nicht kennt" in translate(error, "de")


def test_rtsp_with_a_wrong_password_says_so():
    with RtspCamera('Digest realm="camera", nonce="1"') as camera:
        error = failure(f"rtsp://teacher:secret@{camera.host}/live", timeout_seconds=3)
    assert "refuses the user name or password (401)" in str(error)


def test_an_rtsp_address_of_a_microphone_says_so():
    with RtspCamera(media="audio") as camera:
        error = failure(f"rtsp://{camera.host}/live", timeout_seconds=3)
    assert error.reason is Reason.UNREADABLE
    assert "is sound, not video" in str(error)


def test_a_snapshot_address_is_asked_again_and_again():
    jpegs = itertools.cycle(JPEGS)
    with HttpCamera({"/jpg": lambda request: body("image/jpeg", next(jpegs))(request)}) as camera:
        clock = ManualClock()
        source = open_source(f"{camera.url}/jpg", timeout_seconds=5, clock=clock)
        frames = [source.next_frame() for _ in range(6)]
        assert source.is_live is True
        source.release()
    assert camera.paths == ["/jpg"] * 6
    assert clock.monotonic() - 1000 == pytest.approx(1.0)
    assert not (frames[0] == frames[1]).all()
    assert (frames[0] == frames[4]).all()


def test_an_address_with_blanks_and_accents_is_asked_for():
    with HttpCamera({"/J%C3%BCrg%20s/cam?name=T%C3%BCr": body("image/jpeg", JPEGS[0])}) as camera:
        source = open_source(f"{camera.url}/Jürg s/cam?name=Tür", timeout_seconds=5)
        assert source.next_frame().shape == (240, 320, 3)
        source.release()


def test_a_snapshot_camera_that_is_switched_off_says_so():
    with HttpCamera({"/jpg": body("image/jpeg", JPEGS[0])}) as camera:
        source = open_source(f"{camera.url}/jpg", timeout_seconds=5)
        source.next_frame()
    with pytest.raises(CameraError, match="refuses the connection"):
        source.next_frame()


@pytest.mark.parametrize(
    ("content_type", "data", "words"),
    [
        ("image/png", b"\x89PNG", "gives a picture of the type image/png"),
        ("audio/mpeg", b"ID3", "is sound, not video"),
        ("application/json", b"{}", "sends data of the type application/json that can't be decoded"),
        ("image/jpeg", b"no JPEG", "sends pictures that can't be used: This is not a JPEG"),
    ],
)
def test_what_is_no_video_is_named(content_type, data, words):
    with HttpCamera({"/x": body(content_type, data)}) as camera:
        error = failure(f"{camera.url}/x", timeout_seconds=5, clock=ManualClock())
    assert words in str(error)
    assert "path" not in str(error)


@pytest.mark.parametrize("announced", ["frame", "--frame", "another"])
@pytest.mark.parametrize("has_length", [True, False])
def test_a_stream_is_read_as_cameras_write_it(announced, has_length):
    def stream(request) -> None:
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={announced}")
        request.end_headers()
        for jpeg in [*JPEGS, JPEGS[0]]:
            length = f"content-length: {len(jpeg)}\r\n" if has_length else ""
            request.wfile.write(
                f"--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + jpeg + b"\r\n"
            )

    if announced == "another" and not has_length:
        pytest.skip("nothing tells where a picture ends")
    with HttpCamera({"/": stream}) as camera:
        source = open_source(f"{camera.url}/", timeout_seconds=5)
        frames = [source.next_frame() for _ in JPEGS]
        source.release()
    for frame, jpeg in zip(frames, JPEGS, strict=True):
        assert (frame == cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)).all()


def sound_with_cover() -> bytes:
    """An MP3 of five silent seconds with a picture."""
    file = io.BytesIO()
    Image.new("RGB", (300, 300), (200, 30, 60)).save(file, "JPEG")
    picture = b"\0image/jpeg\0\x03\0" + file.getvalue()
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + (b"\xff\xfb\x90\x00" + bytes(413)) * 200


def test_sound_with_a_cover_is_no_video(tmp_path):
    (tmp_path / "song.mp3").write_bytes(sound_with_cover())
    error = failure(tmp_path / "song.mp3")
    assert error.reason is Reason.UNREADABLE
    assert "is sound, not video" in str(error)


def test_sound_with_a_cover_on_the_network_is_no_video():
    data = sound_with_cover()
    with HttpCamera({"/song": body("application/octet-stream", data)}) as camera:
        assert "can't be decoded as video" in str(failure(f"{camera.url}/song", timeout_seconds=5))


def test_a_video_of_one_frame_is_a_video(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    assert len(list(open_video(tmp_path / "a.avi").frames())) == 1


def test_a_stored_address_that_is_allowed_no_more_makes_the_camera_dark():
    with Shutter(5, SYSTEM_CLOCK)._open("rtsp://teacher:12/34@camera/live", ()) as capture:
        wait_for(lambda: capture.state.reason is Reason.MISSING)
        assert "write the signs / # ? @ in a password as %2F %23 %3F %40" in str(capture.state.detail)
