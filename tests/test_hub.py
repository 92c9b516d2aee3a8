"""The newest picture goes to everybody who watches."""

import threading
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from app.bus.messages import AnnotatedPicture, Demand, MonitorStatus, MonitorUnavailable
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.web.stream.hub import Hub, StreamPart, TooManyViewers

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONLINE = CameraState(True, None, None, SINCE, 25.0)
BLACK = CameraState(False, Reason.BLACK, "The lens is covered.", SINCE, 25.0)


def status(camera: CameraState) -> MonitorStatus:
    return MonitorStatus(camera, live=None, analysed_fps=5, frames_dropped=0)


@pytest.fixture
def hub():
    hub = Hub(SYSTEM_CLOCK, ZoneInfo("UTC"), max_viewers=2, stream_fps=50)
    hub.monitor_started()
    hub.take(status(ONLINE))
    return hub


def show(hub: Hub, jpeg: bytes) -> None:
    hub.take(AnnotatedPicture(jpeg, captured_at=1000.25, size=(640, 360)))


def test_all_viewers_get_the_very_same_bytes(hub):
    viewers = [hub.enter(50), hub.enter(50)]
    show(hub, b"picture")
    first, second = (next(hub.watch(viewer)) for viewer in viewers)
    assert first.chunk is second.chunk
    assert b"X-Captured-At: 1000.250\r\n" in first.chunk
    assert first.chunk.endswith(b"\r\n\r\npicture\r\n--frame\r\n")


def test_a_viewer_that_was_away_gets_the_newest_picture(hub):
    viewer = hub.enter(50)
    watching = hub.watch(viewer)
    show(hub, b"first")
    assert next(watching).jpeg == b"first"
    for number in range(5):
        show(hub, b"%d" % number)
    assert next(watching).jpeg == b"4"


def test_a_viewer_gets_pictures_as_they_come_where_they_come_as_often_as_it_wants(hub):
    """It used to rest until its own next turn, and pictures grew old meanwhile."""
    viewer = hub.enter(10)
    watching = hub.watch(viewer)
    for second in (0.0, 0.09, 0.2, 0.29):
        hub._picture = StreamPart(viewer.sequence + 1, 1000.0 + second, b"%f" % second, False, came_at=second)
        assert next(watching).captured_at == 1000.0 + second


def test_the_last_picture_is_given_again_when_nothing_new_comes(hub):
    viewer = hub.enter(50)
    show(hub, b"only")
    parts = list(islice(hub.watch(viewer), 2))
    assert [part.jpeg for part in parts] == [b"only", b"only"]
    assert parts[0].sequence == parts[1].sequence


def test_viewers_past_the_limit_are_refused_until_one_leaves(hub):
    viewer = hub.enter(10)
    hub.enter(10)
    with pytest.raises(TooManyViewers):
        hub.enter(10)
    hub.leave(viewer)
    hub.enter(10)


def test_whoever_sends_pictures_counts_among_the_viewers(hub):
    hub.enter(10)
    hub.enter_sender()
    with pytest.raises(TooManyViewers):
        hub.enter(10)
    with pytest.raises(TooManyViewers):
        hub.enter_sender()
    hub.leave_sender()
    hub.enter(10)


def test_pictures_are_wanted_only_while_somebody_watches(hub):
    assert hub.demand == Demand(0)
    viewer = hub.enter(10)
    assert hub.demand == Demand(10)
    hub.leave(viewer)
    assert hub.demand == Demand(0)


def test_who_comes_after_a_while_does_not_see_an_old_picture(hub):
    viewer = hub.enter(10)
    show(hub, b"old")
    hub.leave(viewer)
    assert hub.newest().is_card
    assert next(hub.watch(hub.enter(10))).is_card


def test_a_snapshot_waits_for_a_fresh_picture(hub):
    show(hub, b"old")
    threading.Timer(0.2, show, (hub, b"fresh")).start()
    assert hub.snapshot(timeout=5).jpeg == b"fresh"
    assert hub.demand == Demand(0)


def test_while_the_camera_is_dark_a_card_of_the_same_size_says_why(hub):
    show(hub, b"picture")
    hub.take(status(BLACK))
    card = hub.newest()
    assert card.is_card
    assert card.jpeg.startswith(b"\xff\xd8")
    assert hub.newest() is card, "drawn once"
    hub.take(status(ONLINE))
    show(hub, b"back")
    assert hub.newest().jpeg == b"back"


def test_nothing_of_a_dead_monitor_is_shown_on(hub):
    show(hub, b"picture")
    hub.monitor_ended()
    assert hub.newest().is_card
    assert hub.monitor.restarts == 1


def test_the_last_words_of_a_monitor_stand_on_the_card(hub):
    hub.take(MonitorUnavailable("The network is damaged."))
    hub.monitor_ended()
    assert hub._why_dark()[1] == "The network is damaged."


def test_streams_end_with_the_server(hub):
    show(hub, b"picture")
    watching = hub.watch(hub.enter(50))
    next(watching)
    hub.closing = lambda: True
    assert list(watching) == []
