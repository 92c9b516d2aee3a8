"""A JPEG that would take minutes to decode is refused before it is decoded, wherever pictures come in."""

import io
import time
from multiprocessing import Pipe

import pytest
from PIL import Image

from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.files import read_picture
from app.camera.frame_request import SentFrame
from app.camera.jpeg import InvalidJpeg, check_jpeg
from app.camera.sources.browser_camera import BrowserCamera
from app.clock import SYSTEM_CLOCK
from app.store import user_queries
from tests.progressive_jpeg import progressive_jpeg

BOMB = progressive_jpeg(scans=4000, size=(2048, 2048))


def test_the_bomb_is_small():
    assert len(BOMB) < 250_000


def test_a_progressive_jpeg_is_accepted_as_programs_write_it():
    check_jpeg(progressive_jpeg())


@pytest.mark.parametrize("fill", [b"", b"\xff\xff", b"junk", b"\xff\xe1\x00\x04\xff\xd9"])
def test_a_jpeg_of_thousands_of_scans_is_refused(fill):
    with pytest.raises(InvalidJpeg, match="more than 50 scans"):
        check_jpeg(BOMB.replace(b"\xff\xda", fill + b"\xff\xda"))


def test_scans_of_a_thumbnail_and_of_what_follows_the_picture_do_not_count():
    exif = Image.Exif().tobytes() + progressive_jpeg(scans=60, size=(64, 64))
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG", exif=exif)
    check_jpeg(file.getvalue() + b"a film: " + b"\xff\xda" * 100 + b"\xff\xd9")


def test_the_monitor_decodes_no_such_frame():
    web, monitor = Pipe()
    camera = BrowserCamera(monitor, SYSTEM_CLOCK)
    camera._pending_request = 1
    web.send(SentFrame(1, BOMB, 0.0))
    began = time.monotonic()
    with pytest.raises(FrameUnavailable, match="scans"):
        camera.next_frame()
    assert time.monotonic() - began < 5


def test_a_picture_file_like_that_is_refused_by_name(tmp_path):
    path = tmp_path / "bomb.jpg"
    path.write_bytes(BOMB)
    with pytest.raises(
        CameraError, match=r"bomb\.jpg can't be used: The JPEG has more than 50 scans"
    ) as caught:
        read_picture(path)
    assert caught.value.reason is Reason.UNREADABLE


def test_a_script_that_posts_one_is_told_why(make_app):
    app = make_app(CAMERA="browser")
    with app.app_context():
        user = user_queries.set_password("anna", "a long password")
        token = user_queries.create_token(user, SYSTEM_CLOCK.now())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
    answer = app.test_client().post("/api/v1/frames", data=BOMB, headers=headers)
    assert answer.status_code == 422
    assert "more than 50 scans" in answer.json["detail"]
