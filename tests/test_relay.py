"""One sender, one frame, no queue; and the format that frames are requested in."""

from multiprocessing import Pipe
from threading import Thread
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.camera.errors import FrameUnavailable, Reason
from app.camera.frame_request import FrameRequest, NoFrame, SenderPresence, SentFrame
from app.camera.sources.browser_camera import BrowserCamera
from app.web.sending.relay import (
    MAX_FRAME_AGE_SECONDS,
    NO_SENDER_YET,
    OTHER_SENDER_SECONDS,
    SCRIPT_TIMEOUT_SECONDS,
    AlreadySending,
    DisconnectReason,
    Relay,
)
from app.web.sending.requested_format import DEFAULT_WIDTH, MAX_WIDTH, NO_FACE_SECONDS, FormatChooser
from tests.manual_clock import ManualClock
from tests.test_sent_pictures import jpeg_of


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def relay(clock):
    return Relay(clock, lambda: ZoneInfo("Europe/Berlin"), lambda: 10)


def ask(relay: Relay, known=None, fault=None):
    return relay.answer(FrameRequest(1, known, fault))


def test_the_monitor_hears_at_once_that_nobody_sends_and_then_only_news(relay, clock):
    assert ask(relay) == NoFrame(1, NO_SENDER_YET)
    sender = relay.connect("anna", "page")
    relay.disconnect(sender, DisconnectReason.CLOSED)
    absence = ask(relay, known=NO_SENDER_YET).absence
    assert absence.reason == Reason.STOPPED
    at = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    assert str(absence.detail) == f"anna closed the page at {at:%H:%M}."


def test_the_newest_frame_replaces_one_that_was_not_fetched(relay):
    sender = relay.connect("anna", "page")
    for jpeg in (b"old", b"new"):
        relay.put_frame(sender, jpeg, 1.0)
    assert ask(relay) == SentFrame(1, b"new", 1.0, sender="page")


def test_a_frame_from_before_a_pause_is_never_delivered(relay, clock):
    sender = relay.connect("anna", "page")
    relay.put_frame(sender, b"before", clock.monotonic())
    clock.pass_(MAX_FRAME_AGE_SECONDS + 1)
    asking = Thread(target=lambda: answers.append(ask(relay)))
    answers = []
    asking.start()
    relay.disconnect(sender, DisconnectReason.STOPPED)
    asking.join(60)
    assert answers[0].absence.reason == Reason.STOPPED


def test_of_two_web_processes_one_has_the_sender_of_a_room(relay, clock):
    elsewhere = Relay(clock, lambda: ZoneInfo("Europe/Berlin"), lambda: 10)
    relay.announce, elsewhere.announce = elsewhere.note_other_sender, relay.note_other_sender
    first = relay.connect("anna", "page")
    with pytest.raises(AlreadySending, match="anna is sending"):
        elsewhere.connect("ben", "other page")
    second = elsewhere.connect("ben", "other page", take_over=True)
    assert not relay.is_sending(first)
    assert elsewhere.is_sending(second)
    assert elsewhere.connect("ben", "other page").since == second.since, "as when a page reconnects"
    assert relay.connect("ben", "other page"), "the same page comes back to another process"
    assert not elsewhere.is_sending(second)


def test_another_web_process_that_is_silent_has_no_sender_any_more(relay, clock):
    relay.note_other_sender(SenderPresence("anna", "key of anna's", clock.now(), is_new=False))
    with pytest.raises(AlreadySending):
        relay.connect("ben", "page")
    clock.pass_(OTHER_SENDER_SECONDS + 1)
    assert relay.connect("ben", "page")


def test_a_second_sender_hears_who_is_sending_and_can_take_over(relay):
    first = relay.connect("anna", "page")
    relay.put_frame(first, b"hers", 1.0)
    with pytest.raises(AlreadySending) as refused:
        relay.connect("bert", "another")
    assert refused.value.sender is first
    second = relay.connect("bert", "another", take_over=True)
    assert not relay.is_sending(first)
    assert not relay.put_frame(first, b"late", 2.0)
    relay.disconnect(first, DisconnectReason.LOST)
    assert relay.sender is second


def test_a_page_that_reconnects_keeps_its_since(relay, clock):
    before = relay.connect("anna", "page")
    clock.pass_(60)
    assert relay.connect("anna", "page").since == before.since


def test_a_script_is_disconnected_when_it_stops_posting(relay, clock):
    relay.connect("pi", "pi 10.0.0.7", is_script=True)
    clock.pass_(SCRIPT_TIMEOUT_SECONDS - 1)
    assert relay.connect("pi", "pi 10.0.0.7", is_script=True)
    with pytest.raises(AlreadySending):
        relay.connect("anna", "page")
    clock.pass_(SCRIPT_TIMEOUT_SECONDS + 1)
    assert relay.sender is None
    assert relay.connect("anna", "page")


def test_a_page_is_asked_no_faster_than_frames_are_needed(relay, clock):
    sender = relay.connect("anna", "page")
    relay._is_requested = True
    assert relay.wait_for_request(sender, 0)
    assert not relay.wait_for_request(sender, 0)
    clock.pass_(0.11)
    assert relay.wait_for_request(sender, 0)


def test_small_faces_get_larger_and_finer_frames():
    formats = FormatChooser()
    assert formats.choose(None, 0).width == MAX_WIDTH
    assert formats.choose(0.1, 1).width == DEFAULT_WIDTH
    assert formats.choose(0.03, 2).width == MAX_WIDTH
    assert formats.choose(0.06, 3).width == MAX_WIDTH, "between the two bounds it stays as it is"
    assert formats.choose(0.1, 4).width == DEFAULT_WIDTH
    assert formats.choose(0.06, 5).width == DEFAULT_WIDTH
    assert formats.choose(0.03, 6).quality > formats.choose(0.06, 7).quality >= formats.choose(0.2, 8).quality


def test_when_no_face_is_found_any_more_smaller_ones_are_looked_for():
    formats = FormatChooser()
    formats.choose(0.1, 0)
    assert formats.choose(None, NO_FACE_SECONDS - 1).width == DEFAULT_WIDTH
    assert formats.choose(None, NO_FACE_SECONDS + 1).width == MAX_WIDTH


def test_the_camera_is_dark_for_a_moment_between_two_senders(relay, clock):
    """Whoever follows faces or keeps pictures then starts anew; no picture is lost."""
    monitor_end, web_end = Pipe()
    Thread(target=relay.serve, args=(web_end,), daemon=True).start()
    camera = BrowserCamera(monitor_end, clock)
    for key, shade in (("one", 50), ("one", 60), ("two", 200)):
        sender = relay.connect("anna", key, take_over=True)
        relay.put_frame(sender, jpeg_of(np.full((48, 64, 3), shade, np.uint8)), 1.0)
        if key == "two":
            with pytest.raises(FrameUnavailable):
                camera.next_frame()
        assert camera.next_frame().mean() == pytest.approx(shade, abs=2)
    monitor_end.close()


def test_somebody_hears_of_another_sender_but_not_of_a_page_that_reconnects(clock):
    heard = []
    relay = Relay(clock, lambda: ZoneInfo("Europe/Berlin"), lambda: 10, lambda: heard.append(True))
    for key in ("one", "one", "two"):
        relay.connect("anna", key, take_over=True)
    assert len(heard) == 2
