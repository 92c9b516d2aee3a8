"""A video's own time stamps count, damage is left out and said, and a reading may begin anywhere."""

import gc
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.camera.errors import CameraError
from app.camera.files import open_video
from app.camera.sources import open_source
from app.clock import EPOCH
from app.offline.video_reader import VideoReader
from tests.made_videos import damage, number_of, picture, remux, write_video
from tests.manual_clock import ManualClock

UNEVEN = (0, 33, 66, 500, 533, 2000, 2040, 7000, 7500, 7520, 37_000, 37_100)
"""Milliseconds: of a screen recording, in which the picture stands still for half a minute."""
EVEN = range(0, 4000, 100)


def stamps_of(path: Path, from_seconds: float = 0.0) -> list[int]:
    """The milliseconds at which a video's pictures are shown; checks that they are the right ones."""
    frames = list(open_video(path).frames(from_seconds))
    numbers = [number_of(image) for _, image in frames]
    assert numbers == sorted(set(numbers)), "each once, and in order"
    return [round(1000 * seconds) for seconds, _ in frames]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_variable_frame_rate_and_gaps_are_kept(tmp_path, name, b_frames):
    path = write_video(tmp_path / name, UNEVEN, b_frames=b_frames)
    assert stamps_of(path) == list(UNEVEN)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mpeg4"), ("a.avi", "mjpeg")])
def test_one_picture_every_two_seconds(tmp_path, name, codec):
    path = write_video(tmp_path / name, range(0, 20_000, 2000), fps=Fraction(1, 2), codec=codec)
    assert stamps_of(path) == list(range(0, 20_000, 2000))
    assert open_video(path).fps == 0.5


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_first_stamp_that_is_not_0_is_kept(tmp_path, name):
    path = write_video(tmp_path / name, [5000 + stamp for stamp in EVEN])
    assert stamps_of(path) == [5000 + stamp for stamp in EVEN]
    video = open_video(path)
    assert video.duration_seconds == pytest.approx(9)
    assert video.undecoded_seconds == 0


def test_a_clock_that_starts_anywhere_starts_at_0(tmp_path):
    path = write_video(tmp_path / "a.ts", [7_000_000 + stamp for stamp in EVEN])
    assert stamps_of(path) == list(EVEN)


def test_what_an_edit_list_cuts_off_is_not_read(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", EVEN, b_frames=0)
    path = remux(whole, tmp_path / "cut.mp4", shift_seconds=-2.5)
    assert stamps_of(path) == list(range(0, 1500, 100))
    assert number_of(next(open_video(path).frames()).image) == 25


def test_a_stream_without_stamps_has_its_rate(tmp_path):
    path = write_video(tmp_path / "a.h264", EVEN)
    assert stamps_of(path) == [40 * number for number in range(40)]
    assert open_video(path).duration_seconds is None


def test_a_clock_that_begins_anew_goes_on(tmp_path):
    parts = [write_video(tmp_path / f"{begin}.ts", EVEN[begin : begin + 20]) for begin in (20, 0)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = list(open_video(joined).frames())
    numbers = [number_of(image) for _, image in frames]
    assert numbers[:19] + numbers[-20:] == [*range(19), *range(20)], "the join may cost one"
    seconds = [seconds for seconds, _ in frames]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(3.9, abs=0.11)


def test_a_reading_of_joined_recordings_begins_exactly_where_it_is_told(tmp_path):
    parts = [write_video(tmp_path / f"{count}.ts", EVEN[:count]) for count in (20, 40)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    whole = [seconds for seconds, _ in open_video(joined).frames()]
    for begin in (1.0, 2.5, 5.0):
        found = [seconds for seconds, _ in open_video(joined).frames(begin)]
        assert found == [seconds for seconds in whole if seconds >= begin]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.ts", "libx264"),
        ("a.h264", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.avi", "mjpeg"),
        ("a.webm", "libvpx"),
    ],
)
def test_a_reading_begins_exactly_where_it_is_told(tmp_path, name, codec):
    path = write_video(tmp_path / name, EVEN, codec=codec)
    whole = stamps_of(path)
    assert len(whole) == 40
    for begin in (0.0, 0.05, 1.0, 1.01, 2.35, 3.9):
        assert stamps_of(path, begin) == [stamp for stamp in whole if stamp >= 1000 * begin]
    assert stamps_of(path, 60.0) == []


def test_a_reading_of_uneven_stamps_begins_in_a_gap(tmp_path):
    path = write_video(tmp_path / "a.mp4", UNEVEN)
    assert stamps_of(path, 20.0) == [37_000, 37_100]


def test_only_pictures_that_are_wanted_are_given(tmp_path):
    path = write_video(tmp_path / "a.mp4", EVEN)
    asked = []

    def is_wanted(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) % 5 == 1

    frames = list(open_video(path).frames(is_wanted=is_wanted))
    assert [seconds for seconds, _ in frames] == asked[::5]
    assert len(asked) == 40


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_damaged_stretch_is_left_out_and_what_comes_after_it_is_read(tmp_path, name):
    path = write_video(tmp_path / name, EVEN)
    damage(path, 0.45, count=2000)
    video = open_video(path)
    stamps = [round(1000 * seconds) for seconds, _ in video.frames()]
    missing = sorted({*EVEN} - {*stamps})
    assert 0 < len(missing) <= 25
    assert missing[-1] - missing[0] < 100 * len(missing) + 300, "one stretch, but for B-frames"
    assert stamps[-1] == 3900
    assert video.undecoded_seconds == pytest.approx(len(missing) / 10, abs=0.31)
    for seconds, image in video.frames():
        assert number_of(image) == round(10 * seconds)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_missing_end_of_a_file_is_said(tmp_path, name):
    path = write_video(tmp_path / name, EVEN, options={"movflags": "faststart"} if name == "a.mp4" else None)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    video = open_video(path)
    count = sum(1 for _ in video.frames())
    assert 5 < count < 35
    assert video.undecoded_seconds == pytest.approx(4 - count / 10, abs=0.31)


def test_sound_that_is_longer_than_the_picture_is_no_damage(tmp_path):
    path = write_video(tmp_path / "a.mp4", EVEN, sound_seconds=8)
    video = open_video(path)
    assert sum(1 for _ in video.frames()) == 40
    assert video.undecoded_seconds == 0


def test_a_video_without_a_picture_that_can_be_decoded_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mkv", EVEN[:10])
    damage(path, 0.05, count=path.stat().st_size)
    with pytest.raises(CameraError, match="cut off or damaged"):
        open_video(path)


@pytest.mark.parametrize(
    ("created", "began"),
    [
        ("2026-11-20T08:15:30.000000Z", datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)),
        ("2026-11-20T09:15:30+01:00", datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)),
        ("1970-01-01T00:00:00.000000Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_when_it_was_filmed_is_told_where_the_file_says_so(tmp_path, created, began):
    path = write_video(tmp_path / "a.mkv", EVEN[:3], metadata={"creation_time": created} if created else None)
    assert VideoReader(path).began_at == began


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)),
        ((-1, 0, 0, -1), lambda image: cv2.rotate(image, cv2.ROTATE_180)),
        ((0, -1, 1, 0), lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)),
        ((-1, 0, 0, 1), lambda image: cv2.flip(image, 1)),
        ((0, 1, 1, 0), cv2.transpose),
    ],
)
def test_what_a_phone_filmed_is_upright(tmp_path, matrix, turn):
    lying = write_video(tmp_path / "lying.mp4", EVEN[:2])
    a, b, c, d = (number << 16 for number in matrix)
    path = remux(lying, tmp_path / "upright.mp4", display_matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30))
    video = open_video(path)
    expected = turn(next(open_video(lying).frames()).image)
    image = next(video.frames()).image
    assert (image == expected).all()
    assert video.size == (image.shape[1], image.shape[0])
    image[:] = 0  # its reader may change it


def test_frames_are_freed_at_once(tmp_path):
    """A video in 720p used to fill hundreds of megabytes between two collections of garbage."""
    path = write_video(tmp_path / "a.mp4", EVEN)
    gc.collect()
    gc.disable()
    try:
        for _ in open_video(path).frames():
            pass
        kept = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert kept < 10


def test_pictures_that_change_their_size_keep_the_first(tmp_path):
    small = write_video(tmp_path / "small.h264", EVEN[:10])
    large = write_video(tmp_path / "large.h264", EVEN[:10], size=(320, 240))
    (tmp_path / "both.h264").write_bytes(small.read_bytes() + large.read_bytes())
    shapes = [image.shape for _, image in open_video(tmp_path / "both.h264").frames()]
    assert shapes == [(120, 160, 3)] * 20


def test_tags_in_another_encoding_are_no_fault(tmp_path):
    path = write_video(tmp_path / "a.mkv", EVEN[:3], metadata={"title": "Mathematik XXXX"})
    path.write_bytes(path.read_bytes().replace(b"XXXX", b"\xe4\xf6\xfc\xff"))
    assert len(stamps_of(path)) == 3


def test_frames_count_from_1_and_have_the_time_of_the_video(tmp_path):
    reader = VideoReader(write_video(tmp_path / "a.mp4", UNEVEN))
    frames = list(reader.frames(2.0))
    assert [frame.sequence for frame in frames] == list(range(1, 8))
    assert [(frame.captured_at - EPOCH).total_seconds() for frame in frames] == pytest.approx(
        [frame.monotonic for frame in frames]
    )
    assert (reader.frames_read, reader.seconds) == (7, pytest.approx(37.1))


def test_a_camera_plays_by_the_stamps_and_repeats_a_picture_that_stands_still(tmp_path):
    clock = ManualClock()
    source = open_source(str(write_video(tmp_path / "a.mp4", [0, 100, 1000, 4000, 4100])), clock=clock)
    seen = []
    for _ in range(9):
        image = source.next_frame()
        seen.append((round(clock.monotonic() - 1000, 2), number_of(image)))
        image[:] = 0 if len(seen) == 9 else image  # the caller's to change
    source.release()
    assert seen[:8] == [
        (0, 0),
        (0.1, 1),
        (1, 2),
        (2, 2),
        (3, 2),
        (4, 3),
        (4.1, 4),
        (pytest.approx(4.6, abs=0.6), 0),
    ]


def test_a_camera_of_one_picture_every_two_seconds_keeps_its_time(tmp_path):
    clock = ManualClock()
    path = write_video(tmp_path / "a.mp4", range(0, 8000, 2000), fps=Fraction(1, 2))
    source = open_source(str(path), clock=clock)
    seen = {}
    while clock.monotonic() - 1000 < 16:
        seen.setdefault(number_of(source.next_frame()), clock.monotonic() - 1000)
    source.release()
    assert seen == {0: 0, 1: 2, 2: 4, 3: 6}


def test_a_song_with_a_cover_beside_its_film_shows_the_film(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = container.add_stream("libx264", rate=10)
        film.width, film.height, film.pix_fmt = 160, 120, "yuv420p"
        container.mux(
            cover.encode(av.VideoFrame.from_ndarray(np.zeros((240, 320, 3), np.uint8), format="bgr24"))
        )
        for number in range(10):
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        container.mux(film.encode())
    assert open_video(path).size == (160, 120)
    assert len(stamps_of(path)) == 10
