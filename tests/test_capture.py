"""Capture: newest frame wins, a lost camera comes back, a dark one says why. Real cameras, manual clock."""

import threading
import time

import cv2
import numpy as np
import pytest

from app.camera.capture import Capture
from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.picture_fault import PictureFaultDetector, is_black
from app.camera.sources import open_source
from tests.manual_clock import ManualClock
from tests.mjpeg_camera import MjpegCamera, noise_pictures

PATIENCE = 60.0  # seconds until a test fails
NOISE = noise_pictures()


def until(condition):
    """Wait until `condition()` holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def capture_of(camera, stall_seconds=5.0, timeout=5.0):
    return Capture(lambda: open_source(camera.url, timeout_seconds=timeout), stall_seconds=stall_seconds)


class ScriptedSource:
    """Gives a list's pictures, one each time `step` is released, and raises its errors."""

    is_live = True
    lag_seconds = 0.0

    def __init__(self, script):
        self.script = list(script)
        self.step = threading.Semaphore(0)
        self.released = False

    def next_frame(self, is_wanted):
        assert self.step.acquire(timeout=PATIENCE)
        picture = self.script.pop(0)
        if isinstance(picture, Exception):
            raise picture
        return picture

    def release(self):
        self.released = True


def test_frames_are_counted_from_one_and_carry_their_time():
    with MjpegCamera() as camera, capture_of(camera) as capture:
        first = capture.newest_frame(0, PATIENCE)
        second = capture.newest_frame(first.sequence, PATIENCE)
        assert first.sequence >= 1
        assert second.sequence > first.sequence
        assert second.monotonic > first.monotonic
        assert second.captured_at.utcoffset().total_seconds() == 0
        assert second.image.shape == (240, 320, 3)
        assert capture.state.is_online
        assert capture.state.reason is capture.state.detail is None


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted_as_dropped():
    source = ScriptedSource(NOISE[:10])
    with Capture(lambda: source, stall_seconds=5) as capture:
        source.step.release()
        assert capture.newest_frame(0, PATIENCE).sequence == 1
        for _ in range(9):
            source.step.release()
        until(lambda: not source.script)
        until(lambda: capture.newest_frame(9, 0) is not None)
        assert capture.newest_frame(1, 0).sequence == 10
        assert capture.newest_frame(10, 0) is None
        assert capture.frames_dropped == 8
        source.script.append(CameraError(Reason.STOPPED, "over"))
        source.step.release()


def test_a_frame_that_nobody_needs_is_counted_and_not_given():
    with (
        MjpegCamera() as camera,
        Capture(
            lambda: open_source(camera.url), stall_seconds=5, is_frame_due=lambda monotonic: False
        ) as capture,
    ):
        first = capture.newest_frame(0, PATIENCE)
        until(lambda: capture.frames_captured >= 10)
        assert capture.newest_frame(first.sequence, 0) is None
        assert capture.state.is_online
        assert capture.state.capture_fps > 1
        assert capture.frames_dropped == 0
        camera.end_streams()
        # a camera that was dark is looked at
        until(lambda: capture.newest_frame(first.sequence, 0.1) is not None)


def test_a_camera_that_comes_back_is_read_on():
    with MjpegCamera() as camera, capture_of(camera) as capture:
        before = capture.newest_frame(0, PATIENCE).sequence
        camera.end_streams()
        until(lambda: camera.connections >= 2 and capture.state.is_online)
        assert capture.newest_frame(before, PATIENCE).sequence > before


def test_a_camera_that_is_lost_is_dark_since_its_last_picture_and_gives_no_old_frame():
    source = ScriptedSource([NOISE[0], CameraError(Reason.STOPPED, "It ended.")])
    attempts, again = [], threading.Event()

    def open_once():
        attempts.append("an attempt")
        if len(attempts) == 1:
            return source
        again.wait(PATIENCE)
        raise CameraError(Reason.REFUSED, "It refuses.")

    with Capture(open_once, stall_seconds=5, draw=middle) as capture:
        source.step.release()
        frame = capture.newest_frame(0, PATIENCE)
        source.step.release()
        until(lambda: capture.state.reason is Reason.STOPPED)
        assert capture.state.since == frame.captured_at
        assert capture.newest_frame(0, 0) is None
        assert source.released
        again.set()
        until(lambda: capture.state.reason is Reason.REFUSED)
        assert capture.state.detail == "It refuses."
        assert capture.state.since == frame.captured_at


def test_a_camera_that_can_not_be_opened_is_starting_then_says_why():
    release = threading.Event()

    def open_late():
        release.wait(PATIENCE)
        raise CameraError(Reason.MISSING, "There is no such camera.")

    with Capture(open_late, stall_seconds=5) as capture:
        assert capture.state.reason is Reason.STARTING
        release.set()
        until(lambda: capture.state.reason is Reason.MISSING)
        assert not capture.state.is_online
        assert capture.state.capture_fps == 0


def middle(low, high):
    return (low + high) / 2


def test_attempts_follow_each_other_at_longer_and_longer_waits():
    clock = ManualClock()
    enough = threading.Event()

    def refuse():
        if len(clock.waits) >= 9:
            enough.set()
            time.sleep(0.01)
        raise CameraError(Reason.REFUSED, "no")

    with Capture(refuse, stall_seconds=5, clock=clock, draw=middle):
        assert enough.wait(PATIENCE)
    assert clock.waits[:9] == [1, 1, 1, 1, 1, 5, 10, 60, 60]


def waits_of(runs):
    """The waits between tries of which each gives a frame and runs for that many seconds; None can't open."""
    clock, enough, runs = ManualClock(), threading.Event(), list(runs)

    class RunningSource:
        is_live, lag_seconds = False, 0.0

        def __init__(self, seconds):
            self.seconds = [0, seconds]

        def next_frame(self, is_wanted):
            if len(self.seconds) == 1:
                clock.pass_(self.seconds[0])
                raise CameraError(Reason.STOPPED, "over")
            self.seconds.pop(0)
            return NOISE[0].copy()

        def release(self):
            pass

    def open_next():
        if not runs:
            enough.set()
            time.sleep(0.01)
        elif (seconds := runs.pop(0)) is not None:
            return RunningSource(seconds)
        raise CameraError(Reason.REFUSED, "no")

    tries = len(runs)
    with Capture(open_next, stall_seconds=5, clock=clock, draw=middle):
        assert enough.wait(PATIENCE)
    return clock.waits[:tries]


def test_a_camera_that_fails_right_after_its_return_is_opened_again_after_the_shortest_wait():
    """Guards against the 60 s that such a camera stayed dark: only frames for 10 s ended the long waits."""
    assert waits_of([None] * 8 + [3, None, None]) == [1, 1, 1, 1, 1, 5, 10, 60, 1, 1, 1]


def test_a_camera_that_keeps_failing_after_a_frame_is_awaited_longer_and_longer():
    assert waits_of([3] * 8) == [1, 1, 1, 1, 1, 5, 10, 60]


def test_a_camera_that_ran_well_is_opened_again_after_the_shortest_wait():
    assert waits_of([3] * 8 + [30]) == [1, 1, 1, 1, 1, 5, 10, 60, 1]


@pytest.mark.parametrize("error", [cv2.error("too large"), MemoryError()])
def test_a_camera_whose_decoder_fails_is_dark_and_does_not_end_the_monitor(error, caplog):
    source = ScriptedSource([error])
    with Capture(lambda: source, stall_seconds=5) as capture:
        source.step.release()
        until(lambda: capture.state.reason is Reason.UNREADABLE)
        assert "can't be decoded" in str(capture.state.detail)
        assert source.released
    assert "the camera can't be read" in caplog.text


def test_stopping_ends_a_long_wait_at_once():
    def refuse():
        raise CameraError(Reason.REFUSED, "no")

    capture = Capture(refuse, stall_seconds=5)
    until(lambda: capture.state.reason is Reason.REFUSED)
    capture.stop()
    assert capture.stuck_seconds == 0
    assert capture.newest_frame(0, PATIENCE) is None


def test_a_camera_that_falls_silent_is_dark_before_its_read_returns():
    clock = ManualClock()
    source = ScriptedSource([NOISE[0], NOISE[1], CameraError(Reason.STOPPED, "over")])
    with Capture(lambda: source, stall_seconds=5, clock=clock) as capture:
        source.step.release()
        frame = capture.newest_frame(0, PATIENCE)
        clock.pass_(4)
        assert capture.state.is_online
        clock.pass_(2)
        assert capture.state.reason is Reason.TIMED_OUT
        assert capture.state.since == frame.captured_at
        until(lambda: capture.stuck_seconds == 6)
        source.step.release()
        assert capture.newest_frame(frame.sequence, PATIENCE) is not None
        assert capture.state.is_online
        source.step.release()


def test_a_camera_that_hangs_and_resumes_comes_back():
    with MjpegCamera() as camera, capture_of(camera, stall_seconds=0.5, timeout=1.0) as capture:
        assert capture.newest_frame(0, PATIENCE)
        camera.hang()
        until(lambda: capture.state.reason is Reason.TIMED_OUT)
        camera.resume()
        until(lambda: capture.state.is_online)


def test_the_rate_of_the_camera_is_measured():
    clock = ManualClock()
    source = ScriptedSource([*NOISE, CameraError(Reason.STOPPED, "over")])
    with Capture(lambda: source, stall_seconds=5, clock=clock) as capture:
        for sequence in range(10):
            source.step.release()
            capture.newest_frame(sequence, PATIENCE)
            clock.pass_(0.1)
        assert capture.state.capture_fps == pytest.approx(10)
        clock.pass_(4)
        assert capture.state.capture_fps == 0
        source.script[:] = [CameraError(Reason.STOPPED, "over")]
        source.step.release()


def test_a_frozen_camera_gives_no_frames_until_it_moves_again():
    with MjpegCamera() as camera, capture_of(camera, stall_seconds=0.5) as capture:
        assert capture.newest_frame(0, PATIENCE)
        camera.show(NOISE[:1])
        until(lambda: capture.state.reason is Reason.FROZEN)
        assert capture.newest_frame(0, 0) is None
        camera.show(NOISE)
        assert capture.newest_frame(0, PATIENCE)
        until(lambda: capture.state.is_online)
        assert camera.connections == 1


def test_a_black_camera_gives_no_frames_until_there_is_light():
    with MjpegCamera() as camera, capture_of(camera, stall_seconds=0.5) as capture:
        camera.show([picture // 12 for picture in NOISE])
        until(lambda: capture.state.reason is Reason.BLACK)
        camera.show(NOISE)
        until(lambda: capture.state.is_online)


def faults(pictures, is_live=True, fps=10.0):
    detector = PictureFaultDetector(patience_seconds=1.0, is_live=is_live)
    return [detector.fault(picture, index / fps) for index, picture in enumerate(pictures)]


def test_one_picture_again_and_again_is_frozen_only_where_a_camera_films():
    assert faults([NOISE[0]] * 11)[-2:] == [None, Reason.FROZEN]
    assert faults([NOISE[0]] * 30, is_live=False)[-1] is None


def test_a_quiet_room_is_not_frozen():
    still = np.full((240, 320, 3), 120, np.uint8)
    moved = still.copy()
    moved[100, 100] += 1
    assert set(faults([still, moved] * 20)) == {None}


def test_a_short_black_passage_is_no_fault():
    black = np.zeros((240, 320, 3), np.uint8)
    assert set(faults([NOISE[0], *[black] * 8, NOISE[1]], is_live=False)) == {None}


def test_a_black_picture_with_the_time_printed_on_it_is_black():
    picture = np.random.default_rng(0).integers(0, 12, (480, 640, 3), dtype=np.uint8)
    picture[10:30, 10:250] = 255
    assert is_black(picture)


def test_a_dark_room_with_a_lit_screen_is_not_black():
    picture = np.full((480, 640, 3), 8, np.uint8)
    picture[100:250, 200:400] = 180
    assert not is_black(picture)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_an_error_of_its_own_is_not_taken_for_a_dark_camera():
    def broken():
        raise ZeroDivisionError

    with (
        Capture(broken, stall_seconds=5) as capture,
        pytest.raises(RuntimeError, match="has died"),
    ):
        capture.newest_frame(0, PATIENCE)


def test_a_camera_that_was_dark_or_opened_anew_shows_another_view():
    source = ScriptedSource([NOISE[0], NOISE[1], FrameUnavailable(Reason.WAITING, "dark"), NOISE[0]])
    with Capture(lambda: source, stall_seconds=5.0) as capture:
        views = []
        for released in (1, 1, 2):
            source.step.release(released)
            views.append(capture.newest_frame(len(views), PATIENCE).view)
        source.script = [NOISE[1], NOISE[1]]
        source.step.release(2)
    assert views[0] == views[1] != views[2]
