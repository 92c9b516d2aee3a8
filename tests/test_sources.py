"""Sources: real files, a real network camera, and one clear sentence for each way of failing."""

import os
import socket
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.camera.diagnosis import network_error
from app.camera.errors import CameraError, Reason
from app.camera.sources import open_source
from app.camera.sources.file_camera import VideoPlayer
from app.camera.spec import check_spec, hide_password
from app.language import translate
from benchmarks.h264_camera import H264Camera, film
from tests.manual_clock import ManualClock
from tests.mjpeg_camera import PASSWORD, MjpegCamera, noise_pictures


@pytest.fixture
def clock():
    return ManualClock()


def write_video(path, frames=20, fps=10.0, size=(160, 120)):
    """A video whose picture number i is a grey of about 10 * i."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, size)
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), 10 * index, np.uint8))
    writer.release()
    return path


def number_of(image):
    return round(float(image.mean()) / 10)


def failure(spec, **options):
    """The error that opening `spec` and reading its first picture gives."""
    try:
        source = open_source(str(spec), **options)
    except CameraError as error:
        return error
    try:
        return end_of(source)
    finally:
        source.release()


def end_of(source):
    """The error that ends the reading of `source` within its next hundred pictures."""

    def read_on():
        for _ in range(100):
            source.next_frame()

    with pytest.raises(CameraError) as caught:
        read_on()
    return caught.value


@pytest.mark.parametrize(
    "spec",
    [
        "demo",
        "demo?students=24",
        "0",
        "12",
        "rtsp://h/1",
        "http://h:81/v",
        "https://h/v",
        "lesson.mp4",
        "a b/c.jpg",
    ],
)
def test_what_can_be_a_camera_is_taken_as_it_is(spec):
    assert check_spec(f" {spec} ") == spec


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "demo?students=0",
        "demo?students=61",
        "demo?students=x",
        "demo?pupils=3",
        "ftp://h/x",
        "file:///etc/passwd",
        "http://",
        "rtsp://h:99999/1",
        "rtsp://admin:se/cret@h/1",
        "rtsp://admin:se#cret@h/1",
        "rtsp://admin:12/cret@h/1",
        "rtsp://admin:se@t?cret@h/1",
        "rtsp://admin:se@cret#x@h/1",
        "http://h/v?pwd=se@cret",
        "http://h/v?pwd=se#cret",
        "http://admin:se%0Acret@h/1",
        "http://h..h/1",
        "rtsp:/admin:secret@h/1",
        "admin:secret@h/1",
    ],
)
def test_what_can_not_be_a_camera_is_told_what_is_allowed_and_never_the_password(spec):
    with pytest.raises(ValueError, match=r"demo|rtsp://USER") as caught:
        check_spec(spec)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("rtsp://admin:secret@cam:554/live", "rtsp://cam:554/live"),
        ("http://admin:se@cret@cam/live", "http://cam/live"),
        ("rtsp://admin:se/cret#x@cam/live", "rtsp://cam/live"),
        ("http://cam/v?usr=admin&pwd=secret", "http://cam/v?usr=…&pwd=…"),
        ("rtsp://cam/user=admin_password=secret_channel=1", "rtsp://cam/user=…"),
        ("http://cam/v?usr=admin&pwd=se&cret", "http://cam/v?usr=…&pwd=…&…"),
        ("http://cam/v?pwd=se#cret", "http://cam/v?pwd=…"),
        ("http://cam/v?usr=admin&pwd=se@cret", "http://…"),
        ("rtsp://cam/user=admin_password=se@cret_channel=1", "rtsp://…"),
        ("rtsp://admin:p@ss#secret@cam/live", "rtsp://…"),
        ("rtsp://admin:12/secret@cam/live", "rtsp://…"),
        ("rtsp://admin:se?cr@et@cam/live", "rtsp://cam/live"),
        ("rtsp://admin:secret@[fe80::1]:554/live", "rtsp://[fe80::1]:554/live"),
        ("rtsp:/admin:secret@cam/live", "rtsp://cam/live"),
        ("admin:secret@cam/live", "cam/live"),
        ("demo?students=3", "demo?students=3"),
        ("lessons/a@b=c.mp4", "lessons/a@b=c.mp4"),
        ("0", "0"),
    ],
)
def test_a_password_is_hidden_wherever_cameras_take_it(spec, shown):
    assert hide_password(spec) == shown


def test_a_video_plays_at_its_own_speed_and_starts_again(tmp_path, clock):
    source = open_source(str(write_video(tmp_path / "a.avi", frames=20, fps=10)), clock=clock)
    seen = []
    for _ in range(45):
        seen.append((round(clock.monotonic() - 1000, 3), number_of(source.next_frame())))
    source.release()
    assert [number for _, number in seen] == [i % 20 for i in range(45)]
    assert clock.monotonic() - 1000 == pytest.approx(4.4)
    assert source.is_live is False


def test_a_video_read_late_skips_the_frames_whose_time_has_passed(tmp_path, clock):
    source = open_source(str(write_video(tmp_path / "a.avi", frames=20, fps=10)), clock=clock)
    assert number_of(source.next_frame()) == 0
    clock.pass_(0.45)  # pictures 1 to 3 are gone, 4 is due now
    assert number_of(source.next_frame()) == 4
    source.release()


def test_a_video_after_a_long_pause_plays_on_at_its_own_speed(tmp_path, clock):
    source = open_source(str(write_video(tmp_path / "a.avi", frames=20, fps=10)), clock=clock)
    source.next_frame()
    clock.pass_(3600)
    before = clock.monotonic()
    assert [number_of(source.next_frame()) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert clock.monotonic() - before == pytest.approx(0.4)
    source.release()


def test_a_video_with_an_absurd_speed_plays_at_25(tmp_path, clock):
    path = write_video(tmp_path / "a.avi", fps=1000.0)
    source = open_source(str(path), clock=clock)
    assert isinstance(source, VideoPlayer)
    for _ in range(5):
        source.next_frame()
    assert clock.monotonic() - 1000 == pytest.approx(4 / 25)
    source.release()


def test_a_picture_is_given_five_times_a_second(tmp_path, clock):
    path = tmp_path / "class.png"
    cv2.imwrite(str(path), np.full((30, 40, 3), 77, np.uint8))
    source = open_source(str(path), clock=clock)
    pictures = [source.next_frame() for _ in range(6)]
    assert clock.monotonic() - 1000 == pytest.approx(1.0)
    assert pictures[0].shape == (30, 40, 3)
    assert pictures[0].dtype == np.uint8
    assert source.is_live is False


def test_a_picture_is_known_by_its_content(tmp_path, clock):
    path = tmp_path / "class.mp4"
    path.write_bytes(cv2.imencode(".jpg", np.zeros((30, 40, 3), np.uint8))[1].tobytes())
    assert open_source(str(path), clock=clock).next_frame().shape == (30, 40, 3)


@pytest.mark.parametrize(
    ("name", "size", "fps"),
    [
        ("FourPeople_720p60.mp4", (720, 1280), 60),
        ("element-call_gallery.gif", (589, 1281), 3),
        ("intel_asl_school.mkv", (480, 640), 30),
    ],
)
def test_real_clips_play(name, size, fps, clock, scenes):
    source = open_source(str(scenes / "videos" / name), clock=clock)
    source.next_frame()
    began = clock.monotonic()
    for _ in range(30):
        assert source.next_frame().shape == (*size, 3)
    assert 30 / (clock.monotonic() - began) == pytest.approx(fps, rel=0.05)
    source.release()


def test_a_missing_file_is_named():
    error = failure("no/such/lecture.mp4")
    assert error.reason is Reason.MISSING
    assert "no/such/lecture.mp4" in str(error)


def test_a_folder_is_not_a_file(tmp_path):
    error = failure(tmp_path)
    assert error.reason is Reason.MISSING
    assert "not a file" in str(error)


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "a.mp4").touch()
    assert "is empty" in str(failure(tmp_path / "a.mp4"))


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes"])
def test_a_text_is_said_to_be_text(tmp_path, name):
    # FFmpeg opens notes.txt, and plays it as a terminal would show it.
    (tmp_path / name).write_text("Les élèves sont attentifs.\n" * 50, encoding="utf-8")
    error = failure(tmp_path / name)
    assert error.reason is Reason.UNREADABLE
    assert "is text" in str(error)


def test_a_file_of_noise_is_said_to_be_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(1).bytes(50_000))
    assert "can't be decoded" in str(failure(tmp_path / "a.mp4"))


def test_a_truncated_mp4_is_said_to_be_cut_off(tmp_path, scenes):
    whole = (scenes / "videos/FourPeople_720p60.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 2])
    error = failure(tmp_path / "a.mp4")
    assert error.reason is Reason.UNREADABLE
    assert "cut off" in str(error)


def test_a_gif_cut_off_in_its_first_picture_is_said_to_be_cut_off(tmp_path, scenes):
    (tmp_path / "a.gif").write_bytes((scenes / "videos/element-call_gallery.gif").read_bytes()[:20])
    error = failure(tmp_path / "a.gif")
    assert error.reason is Reason.UNREADABLE
    assert "cut off" in str(error)


def test_a_picture_cut_off_is_not_shown_in_part(tmp_path):
    jpeg = cv2.imencode(".jpg", noise_pictures()[0])[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    error = failure(tmp_path / "a.jpg")
    assert error.reason is Reason.UNREADABLE
    assert "cut off" in str(error)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_to_read_is_refused(tmp_path):
    path = write_video(tmp_path / "a.avi")
    path.chmod(0)
    assert failure(path).reason is Reason.REFUSED


@pytest.mark.skipif(Path("/dev/video99").exists(), reason="this machine has a hundred cameras")
def test_a_device_that_is_not_there_is_named():
    error = failure("99")
    assert error.reason is Reason.MISSING
    assert "no camera 99" in str(error)


@pytest.mark.parametrize("with_password", [False, True])
def test_a_network_camera_gives_its_pictures(with_password):
    with MjpegCamera(with_password=with_password) as camera:
        source = open_source(camera.url, timeout_seconds=5)
        assert source.is_live is True
        assert [source.next_frame().shape for _ in range(5)] == [(240, 320, 3)] * 5
        source.release()


@pytest.fixture(params=["JPEGs", "H.264", "drawn"])
def filming_source(request):
    """A source that gives many frames a second."""
    if request.param == "drawn":
        yield open_source("demo?students=2")
        return
    camera = MjpegCamera() if request.param == "JPEGs" else H264Camera(film(2, (320, 240), seconds=1))
    with camera:
        source = open_source(camera.url, timeout_seconds=5)
        yield source
        source.release()


def test_a_frame_is_left_out_if_it_is_not_wanted_once_it_has_come(filming_source):
    asked = []

    def is_wanted():
        asked.append(len(asked))
        return asked[-1] % 3 == 2

    given = [filming_source.next_frame(is_wanted) for _ in range(6)]
    assert [image is not None for image in given] == [False, False, True] * 2
    assert asked == list(range(6))
    assert given[2].shape[2] == 3
    assert (given[2] != given[5]).any()


@pytest.mark.parametrize("name", ["teacher", "nobody"])
def test_a_wrong_password_is_said_to_be_wrong_and_is_not_repeated(name, capfd):
    with MjpegCamera(with_password=True) as camera:
        error = failure(camera.url_as(name, "hunter2"), timeout_seconds=5)
    assert error.reason is Reason.REFUSED
    assert "user name or password" in str(error)
    assert camera.host in str(error)
    out, err = capfd.readouterr()
    assert "hunter2" not in str(error) + out + err
    assert (out, err) == ("", "")


def test_a_camera_that_wants_a_password_says_so():
    with MjpegCamera(with_password=True) as camera:
        error = failure(f"http://{camera.host}/stream", timeout_seconds=5)
    assert error.reason is Reason.REFUSED
    assert "wants a user name and password" in str(error)
    assert PASSWORD not in str(error)


def test_a_page_that_is_not_there_is_said_to_be_missing():
    with MjpegCamera() as camera:
        error = failure(camera.missing_url, timeout_seconds=5)
    assert error.reason is Reason.MISSING
    assert "404" in str(error)


def test_a_web_page_is_said_to_be_no_video():
    with MjpegCamera() as camera:
        error = failure(camera.page_url, timeout_seconds=5)
    assert error.reason is Reason.UNREADABLE
    assert "web page" in str(error)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_closed_port_is_said_to_be_closed(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failure(f"{scheme}://admin:hunter2@127.0.0.1:{port}/live", timeout_seconds=5)
    assert error.reason is Reason.REFUSED
    assert "refuses the connection" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_an_unknown_host_is_named(scheme):
    error = failure(f"{scheme}://no-such-camera.invalid/live", timeout_seconds=5)
    assert error.reason is Reason.MISSING
    assert "no-such-camera.invalid" in str(error)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_camera_that_never_answers_times_out(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = failure(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/live", timeout_seconds=0.5)
    assert error.reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("401 Unauthorized", Reason.REFUSED, "refuses the user name or password"),
        ("404 Not Found", Reason.MISSING, "404"),
        ("503 Busy", Reason.REFUSED, "503"),
        ("302 Moved\r\nLocation: rtsp://127.0.0.1:1/x", Reason.REFUSED, "redirects to rtsp://127.0.0.1:1/x"),
    ],
)
def test_an_rtsp_camera_s_refusal_is_named(status, reason, words):
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()
        thread = threading.Thread(target=answer_rtsp, args=(server, status, stop))
        thread.start()
        try:
            error = failure(
                f"rtsp://admin:hunter2@127.0.0.1:{server.getsockname()[1]}/live", timeout_seconds=3
            )
        finally:
            stop.set()
            thread.join()
    assert error.reason is reason
    assert words in str(error)
    assert "hunter2" not in str(error)


def test_a_camera_that_answers_and_sends_nothing_says_so_in_the_reader_s_language():
    """Guards against an English sentence where a page in German stands: it was a plain string."""
    with MjpegCamera() as camera:
        error = network_error(camera.url, timeout_seconds=2, opening_seconds=2)
    assert error.reason is Reason.TIMED_OUT
    assert "answers, but sent no picture in 2 s" in str(error)
    assert "antwortet, hat aber in 2 s kein Bild gesendet" in translate(error, "de")


def answer_rtsp(server, status, stop):
    """Answer every request of every connection with `status`."""
    server.settimeout(0.05)
    while not stop.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(1)
            try:
                for number in range(1, 10):
                    if not connection.recv(4096):
                        break
                    connection.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n\r\n".encode())
            except OSError:
                continue


def test_a_camera_that_ends_its_stream_has_stopped():
    with MjpegCamera() as camera:
        source = open_source(camera.url, timeout_seconds=5)
        source.next_frame()
        camera.end_streams()
        error = end_of(source)
        source.release()
    assert error.reason is Reason.STOPPED


def test_a_camera_that_hangs_times_out():
    with MjpegCamera() as camera:
        source = open_source(camera.url, timeout_seconds=1.0)
        source.next_frame()
        camera.hang()
        error = end_of(source)
        source.release()
    assert error.reason is Reason.TIMED_OUT


def test_a_camera_that_changes_size_is_read_on_at_the_size_it_began_with():
    with MjpegCamera([np.full((240, 320, 3), 100, np.uint8)]) as camera:
        source = open_source(camera.url, timeout_seconds=5)
        source.next_frame()
        camera.show([np.full((480, 640, 3), 200, np.uint8)])
        pictures = [source.next_frame() for _ in range(15)]
        source.release()
    assert {picture.shape for picture in pictures} == {(240, 320, 3)}
    assert pictures[-1][-10:, -10:].mean() == pytest.approx(200, abs=3)


def test_a_camera_that_sends_garbage_for_a_while_is_read_on():
    with MjpegCamera() as camera:
        source = open_source(camera.url, timeout_seconds=5)
        source.next_frame()
        camera.send_garbage(5)
        assert all(source.next_frame().shape == (240, 320, 3) for _ in range(15))
        source.release()


def test_the_drawn_classroom_is_a_source(clock):
    source = open_source("demo?students=3", clock=clock)
    pictures = [source.next_frame() for _ in range(6)]
    assert clock.monotonic() - 1000 == pytest.approx(0.2)
    assert pictures[0].dtype == np.uint8
    assert pictures[0].shape[2] == 3
