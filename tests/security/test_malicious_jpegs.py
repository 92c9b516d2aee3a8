"""A JPEG that would take minutes to decode is refused before it is decoded, wherever pictures come in."""

import io
import itertools
import struct
import time
from multiprocessing import Pipe

import cv2
import numpy as np
import pytest
from PIL import Image

from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.files import open_video, read_picture
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


def avi_of(jpegs: list[bytes], width: int, height: int) -> bytes:
    """An AVI of Motion JPEG, whatever size the JPEGs have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    head = struct.pack("<IIIIIIIIIIIIII", 200_000, 0, 0, 0, len(jpegs), 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack(
        "<IHHIIIIIIIIhhhh", 0, 0, 0, 0, 1, 5, 0, len(jpegs), 0, 2**32 - 1, 0, 0, 0, 0, 0
    )
    picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    heads = chunk(b"LIST", b"hdrl" + chunk(b"avih", head) + streams)
    frames = chunk(b"LIST", b"movi" + b"".join(chunk(b"00dc", jpeg) for jpeg in jpegs))
    return chunk(b"RIFF", b"AVI " + heads + frames)


HONEST = progressive_jpeg(size=(320, 240))
GIANT = progressive_jpeg(size=(12_000, 12_000))


@pytest.mark.parametrize(
    ("jpegs", "size", "words"),
    [
        ([BOMB], (2048, 2048), "more than 50 scans"),
        ([HONEST, BOMB], (320, 240), "more than 50 scans"),
        ([GIANT], (12_000, 12_000), "far too many pixels"),
        ([HONEST, GIANT], (320, 240), "far too many pixels"),
    ],
)
def test_a_video_of_such_jpegs_is_refused_before_they_are_decoded(tmp_path, jpegs, size, words):
    path = tmp_path / "bomb.avi"
    path.write_bytes(avi_of(jpegs * 3, *size))
    began = time.monotonic()
    with pytest.raises(CameraError, match=rf"bomb\.avi can't be used: .*{words}") as caught:
        read(path, len(jpegs))
    assert caught.value.reason is Reason.UNREADABLE
    assert time.monotonic() - began < 20


def read(path, frames: int) -> None:
    assert len(list(itertools.islice(open_video(path).frames(), frames))) == frames


def test_a_video_whose_jpegs_change_their_size_keeps_the_first(tmp_path):
    path = tmp_path / "changing.avi"
    path.write_bytes(avi_of([HONEST, b"no JPEG", progressive_jpeg(size=(640, 480))], 320, 240))
    video = open_video(path)
    assert [(seconds, image.shape) for seconds, image in video.frames()] == [
        (0.0, (240, 320, 3)),
        (pytest.approx(0.4), (240, 320, 3)),
    ]
    assert video.undecoded_seconds == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["film.avi", "film.mkv", "film.mp4"])
def test_the_jpegs_of_every_container_are_checked(tmp_path, monkeypatch, name):
    path = tmp_path / name
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 240))
    for _ in range(3):
        writer.write(np.zeros((240, 320, 3), np.uint8))
    writer.release()
    read(path, 3)
    monkeypatch.setattr("app.camera.jpeg.MAX_SCANS", 0)
    with pytest.raises(CameraError, match="more than 0 scans"):
        open_video(path)
