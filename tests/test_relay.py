"""One sender, one picture, no queue; and what its pictures are to be."""

from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from app.camera.errors import Reason
from app.camera.frame_request import FrameRequest, NoFrame, SentFrame
from app.web.sending.relay import (
    FRESH_SECONDS,
    NOBODY_YET,
    SCRIPT_SECONDS,
    AlreadySending,
    DisconnectReason,
    Relay,
)
from app.web.sending.requested_format import LARGEST_WIDTH, NOBODY_SECONDS, USUAL_WIDTH, FormatChooser
from tests.manual_clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def relay(clock):
    return Relay(clock, ZoneInfo("Europe/Berlin"), lambda: 10)


def ask(relay: Relay, known=None, fault=None):
    return relay._answer(FrameRequest(1, known, fault))


def test_nobody_is_told_at_once_and_then_only_what_is_new(relay, clock):
    assert ask(relay) == NoFrame(1, NOBODY_YET)
    sender = relay.enter("anna", "page")
    relay.leave(sender, DisconnectReason.CLOSED)
    told = ask(relay, known=NOBODY_YET).absence
    assert told.reason == Reason.STOPPED
    at = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    assert str(told.detail) == f"anna closed the page at {at:%H:%M}."


def test_the_newest_picture_takes_the_place_of_one_that_was_not_taken(relay):
    sender = relay.enter("anna", "page")
    for jpeg in (b"old", b"new"):
        relay.give(sender, jpeg, 1.0)
    assert ask(relay) == SentFrame(1, b"new", 1.0)


def test_a_picture_from_before_a_pause_is_never_given(relay, clock):
    sender = relay.enter("anna", "page")
    relay.give(sender, b"before", clock.monotonic())
    clock.pass_(FRESH_SECONDS + 1)
    asking = Thread(target=lambda: answers.append(ask(relay)))
    answers = []
    asking.start()
    relay.leave(sender, DisconnectReason.STOPPED)
    asking.join(60)
    assert answers[0].absence.reason == Reason.STOPPED


def test_a_second_sender_is_told_who_sends_and_ends_it_by_taking_over(relay):
    first = relay.enter("anna", "page")
    relay.give(first, b"hers", 1.0)
    with pytest.raises(AlreadySending) as taken:
        relay.enter("bert", "another")
    assert taken.value.sender is first
    second = relay.enter("bert", "another", take_over=True)
    assert not relay.is_sending(first)
    assert not relay.give(first, b"late", 2.0)
    relay.leave(first, DisconnectReason.LOST)
    assert relay.sender is second


def test_a_page_that_comes_back_keeps_its_since(relay, clock):
    before = relay.enter("anna", "page")
    clock.pass_(60)
    assert relay.enter("anna", "page").since == before.since


def test_a_script_is_gone_when_it_posts_no_more(relay, clock):
    relay.enter("pi", "pi 10.0.0.7", is_script=True)
    clock.pass_(SCRIPT_SECONDS - 1)
    assert relay.enter("pi", "pi 10.0.0.7", is_script=True)
    with pytest.raises(AlreadySending):
        relay.enter("anna", "page")
    clock.pass_(SCRIPT_SECONDS + 1)
    assert relay.sender is None
    assert relay.enter("anna", "page")


def test_a_page_is_asked_no_faster_than_pictures_are_wanted(relay, clock):
    sender = relay.enter("anna", "page")
    relay._is_asked = True
    assert relay.wait_for_ask(sender, 0)
    assert not relay.wait_for_ask(sender, 0)
    clock.pass_(0.11)
    assert relay.wait_for_ask(sender, 0)


def test_small_faces_get_larger_and_finer_pictures():
    wishes = FormatChooser()
    assert wishes.next(None, 0).width == LARGEST_WIDTH
    assert wishes.next(0.1, 1).width == USUAL_WIDTH
    assert wishes.next(0.03, 2).width == LARGEST_WIDTH
    assert wishes.next(0.06, 3).width == LARGEST_WIDTH, "between the two bounds it stays as it is"
    assert wishes.next(0.1, 4).width == USUAL_WIDTH
    assert wishes.next(0.06, 5).width == USUAL_WIDTH
    assert wishes.next(0.03, 6).quality > wishes.next(0.06, 7).quality >= wishes.next(0.2, 8).quality


def test_where_nobody_is_found_any_more_smaller_faces_are_looked_for():
    wishes = FormatChooser()
    wishes.next(0.1, 0)
    assert wishes.next(None, NOBODY_SECONDS - 1).width == USUAL_WIDTH
    assert wishes.next(None, NOBODY_SECONDS + 1).width == LARGEST_WIDTH
