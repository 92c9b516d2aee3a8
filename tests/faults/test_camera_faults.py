"""A network camera fails in every way that cameras fail, and comes back."""

import logging
from collections.abc import Iterator
from contextlib import closing

import cv2
import pytest

from app.camera.capture import Capture
from app.camera.errors import CameraError, Reason
from app.camera.sources import open_source
from tests.manual_clock import ManualClock
from tests.mjpeg_camera import MjpegCamera, noise_pictures
from tests.server import Server, wait_for
from tests.test_server import looks_like_a_card, picture_of

NOISE = noise_pictures()
CARD_UNTIL_IT_IS_BACK = "On the same connection: a card with the reason, then the picture."
THE_TIME_WITHOUT = "The time without pictures, as a gap."


@pytest.fixture(scope="module")
def camera() -> Iterator[MjpegCamera]:
    with MjpegCamera() as camera:
        yield camera


@pytest.fixture(scope="module")
def server(camera, tmp_path_factory) -> Iterator[Server]:
    """A server that reads `camera`."""
    settings = {"CAMERA": camera.url, "STALL_SECONDS": "1"}
    with Server(tmp_path_factory.mktemp("camera"), settings) as server:
        wait_for(server.is_online)
        yield server


@pytest.fixture
def viewer(server):
    """A stream that shows the camera's picture."""
    with closing(server.stream()) as viewer:
        wait_for(lambda: not looks_like_a_card(next(viewer)))
        yield viewer


def assert_dark(server, viewer, reason: str) -> None:
    wait_for(lambda: looks_like_a_card(next(viewer)))
    wait_for(lambda: server.get("/api/v1/state").json["camera"]["reason"] == reason)


def await_picture(viewer) -> None:
    wait_for(lambda: not looks_like_a_card(next(viewer)))


def test_a_camera_that_hangs_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera keeps its connection and sends nothing more; then it goes on.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    camera.hang()
    assert_dark(server, viewer, "timed_out")
    with fault.recovery():
        camera.resume()
        await_picture(viewer)


def test_a_camera_that_freezes_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera sends the same picture again and again; then it films on.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    camera.show(NOISE[:1])
    assert_dark(server, viewer, "frozen")
    with fault.recovery():
        camera.show(NOISE)
        await_picture(viewer)


def test_a_camera_that_turns_black_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera sends black pictures; then there is light.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    camera.show([picture // 12 for picture in NOISE])
    assert_dark(server, viewer, "black")
    with fault.recovery():
        camera.show(NOISE)
        await_picture(viewer)


def test_a_camera_that_sends_half_pictures_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera sends only the first half of each JPEG; then whole ones.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in NOISE]
    camera.show_jpegs([jpeg[: len(jpeg) // 2] for jpeg in jpegs])
    assert_dark(server, viewer, "unreadable")
    with fault.recovery():
        camera.show(NOISE)
        await_picture(viewer)


def test_some_damaged_pictures_are_left_out(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="Ten pictures in a row are noise instead of JPEGs.",
        seen="The picture before, for as long.",
        lost="Ten pictures.",
    )
    with fault.recovery():
        camera.send_garbage(10)
        wait_for(lambda: camera.garbage_parts == 0)
        before = next(viewer).captured_at
        wait_for(lambda: not looks_like_a_card(part := next(viewer)) and part.captured_at > before)


def test_a_camera_that_changes_its_size_is_shown_on(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera changes from 320 × 240 to 640 × 480 pixels on the same connection.",
        seen="The picture, scaled to the size before.",
        lost="Nothing.",
    )
    size = picture_of(next(viewer)).shape
    with fault.recovery():
        camera.show([picture + 100 for picture in noise_pictures(640, 480)])
        wait_for(lambda: picture_of(part := next(viewer)).mean() > 190 and part)
    assert picture_of(next(viewer)).shape == size


def test_a_camera_that_drops_the_connection_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera ends the connection and accepts the next one.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    camera.end_streams()
    with fault.recovery():
        assert_dark(server, viewer, "stopped")
        await_picture(viewer)


def test_a_camera_that_refuses_connections_comes_back(server, camera, viewer, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The camera is switched off; its address refuses connections. It is switched on again.",
        seen=CARD_UNTIL_IT_IS_BACK,
        lost=THE_TIME_WITHOUT,
    )
    camera.close()
    assert_dark(server, viewer, "refused")
    with fault.recovery(), MjpegCamera(port=camera.port):
        await_picture(viewer)


def test_a_camera_that_comes_back_after_an_hour_is_read_within_72_seconds(caplog, record_fault):
    """The longest wait is 60 s, and a fifth more where chance wants it."""
    caplog.set_level(logging.INFO)
    fault = record_fault(
        lambda: caplog.text,
        done="The camera refuses connections for an hour (simulated clock), then accepts them.",
        seen="A card with the reason for that hour, then the picture.",
        lost="The hour, and up to 72 s.",
    )
    clock = ManualClock()
    returns_at = clock.monotonic() + 3600
    with MjpegCamera() as camera:

        def open_camera():
            if clock.monotonic() < returns_at:
                raise CameraError(Reason.REFUSED, "It refuses.")
            return open_source(camera.url, timeout_seconds=5)

        with Capture(open_camera, stall_seconds=5, clock=clock) as capture:
            assert wait_for(lambda: capture.newest_frame(0, 1))
            assert capture.state.is_online
    assert clock.monotonic() - returns_at <= 72
    fault.recovered_in(clock.monotonic() - returns_at)
