"""All viewers get the newest picture."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from app.bus.live_reading import LiveReading
from app.bus.messages import AnnotatedPicture, Demand, MonitorStatus, MonitorUnavailable
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.web.stream.hub import Hub
from app.web.stream.stream_frame import StreamFrame
from app.web.stream.viewer import StreamSlots, TooManyStreams
from tests.manual_clock import ManualClock

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONLINE = CameraState(True, None, None, SINCE, 25.0)
BLACK = CameraState(False, Reason.BLACK, "The lens is covered.", SINCE, 25.0)


def status(camera: CameraState) -> MonitorStatus:
    return MonitorStatus(camera, live=None, analysed_fps=5, frames_dropped=0)


@pytest.fixture
def hub():
    hub = Hub(SYSTEM_CLOCK, ZoneInfo("UTC"), StreamSlots(2), snapshot_fps=50)
    hub.monitor_started()
    hub.receive(status(ONLINE))
    return hub


def show(hub: Hub, jpeg: bytes) -> None:
    hub.receive(AnnotatedPicture(jpeg, captured_at=1000.25, size=(640, 360)))


def test_all_viewers_get_the_very_same_bytes(hub):
    viewers = [hub.add_viewer(50), hub.add_viewer(50)]
    show(hub, b"picture")
    first, second = (next(hub.frames(viewer)) for viewer in viewers)
    assert first.part is second.part
    assert b"X-Captured-At: 1000.250\r\n" in first.part
    assert first.part.endswith(b"\r\n\r\npicture\r\n--frame\r\n")


def test_a_viewer_that_was_away_gets_the_newest_picture(hub):
    viewer = hub.add_viewer(50)
    watching = hub.frames(viewer)
    show(hub, b"first")
    assert next(watching).jpeg == b"first"
    for number in range(5):
        show(hub, b"%d" % number)
    assert next(watching).jpeg == b"4"


def test_a_viewer_gets_each_frame_at_once_when_frames_come_at_its_rate(hub):
    """It used to wait for its own next turn, while the frame grew old."""
    viewer = hub.add_viewer(10)
    watching = hub.frames(viewer)
    for second in (0.0, 0.09, 0.2, 0.29):
        hub._picture = StreamFrame(
            viewer.sequence + 1, 1000.0 + second, b"%f" % second, False, received_at=second
        )
        assert next(watching).captured_at == 1000.0 + second


def test_the_last_frame_is_sent_again_when_nothing_new_comes(hub):
    viewer = hub.add_viewer(50)
    show(hub, b"only")
    frames = list(islice(hub.frames(viewer), 2))
    assert [frame.jpeg for frame in frames] == [b"only", b"only"]
    assert frames[0].sequence == frames[1].sequence


def test_viewers_past_the_limit_are_refused_until_one_leaves(hub):
    viewer = hub.add_viewer(10)
    hub.add_viewer(10)
    with pytest.raises(TooManyStreams):
        hub.add_viewer(10)
    hub.remove_viewer(viewer)
    hub.add_viewer(10)


def test_a_sender_counts_as_a_viewer(hub):
    hub.add_viewer(10)
    hub.slots.acquire()
    with pytest.raises(TooManyStreams):
        hub.add_viewer(10)
    with pytest.raises(TooManyStreams):
        hub.slots.acquire()
    hub.slots.release()
    hub.add_viewer(10)


def test_there_is_demand_only_while_somebody_watches(hub):
    assert hub.demand == Demand(0)
    viewer = hub.add_viewer(10)
    assert hub.demand == Demand(10)
    hub.remove_viewer(viewer)
    assert hub.demand == Demand(0)


def test_a_viewer_who_comes_later_sees_no_old_picture(hub):
    viewer = hub.add_viewer(10)
    show(hub, b"old")
    hub.remove_viewer(viewer)
    assert hub.newest_frame().is_card
    assert next(hub.frames(hub.add_viewer(10))).is_card


def test_a_snapshot_waits_for_a_fresh_picture(hub):
    show(hub, b"old")
    threading.Timer(0.2, show, (hub, b"fresh")).start()
    assert hub.snapshot(timeout_seconds=5).jpeg == b"fresh"
    assert hub.demand == Demand(0)


def test_while_the_camera_is_dark_a_card_of_the_same_size_says_why(hub):
    show(hub, b"picture")
    hub.receive(status(BLACK))
    card = hub.newest_frame()
    assert card.is_card
    assert card.jpeg.startswith(b"\xff\xd8")
    assert hub.newest_frame() is card, "drawn once"
    hub.receive(status(ONLINE))
    show(hub, b"back")
    assert hub.newest_frame().jpeg == b"back"


def test_pictures_of_a_dead_monitor_are_no_longer_shown(hub):
    show(hub, b"picture")
    hub.monitor_ended()
    assert hub.newest_frame().is_card
    assert hub.monitor.restarts == 1


def test_the_card_says_why_the_monitor_failed(hub):
    hub.receive(MonitorUnavailable("The network is damaged."))
    hub.monitor_ended()
    assert hub.card_text().detail == "The network is damaged."


def test_streams_end_with_the_server(hub):
    show(hub, b"picture")
    watching = hub.frames(hub.add_viewer(50))
    next(watching)
    hub.is_ending = lambda: True
    assert list(watching) == []


def test_no_picture_of_an_earlier_sender_is_shown_for_the_next_one(hub):
    viewer = hub.add_viewer(50)
    now = SYSTEM_CLOCK.monotonic()
    hub.receive(AnnotatedPicture(b"before", 1000, (640, 360), monotonic=now))
    hub.refuse_older_pictures()
    hub.receive(AnnotatedPicture(b"on its way", 1000.1, (640, 360), monotonic=now))
    assert next(hub.frames(viewer)).is_card
    hub.receive(AnnotatedPicture(b"next", 1001, (640, 360), monotonic=SYSTEM_CLOCK.monotonic()))
    assert hub.newest_frame().jpeg == b"next"


def test_nobody_is_in_view_only_after_the_room_was_looked_at():
    """In a room of thirty the page used to say that nobody was in view until the first face was found."""
    clock = ManualClock()
    hub = Hub(clock, ZoneInfo("UTC"), StreamSlots(2), snapshot_fps=50)
    hub.monitor_started()

    def look(faces: int, at: datetime) -> int | None:
        live = LiveReading(at, faces, faces, None, None, None, suppressed=False)
        hub.receive(replace(status(ONLINE), live=live))
        clock.pass_(1)
        return hub.live and hub.live.faces

    assert [look(0, SINCE) for _ in range(8)] == [None] * 8, "one frame is one look, however long it takes"
    assert [look(0, clock.now()) for _ in range(4)] == [None, None, None, 0]
    hub.monitor_started()
    assert look(0, clock.now()) is None
    assert look(30, clock.now()) == 30
