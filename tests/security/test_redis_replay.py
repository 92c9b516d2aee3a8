"""Somebody who can write to Redis, but has no SECRET_KEY, sends recorded messages."""

import time

import pytest

from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.bus.monitor_link import MonitorLink
from app.bus.publisher import Publisher
from app.bus.signed_channel import MAX_AGE_SECONDS, SignedChannel
from app.bus.subscription import ALL_SUBSCRIBERS
from app.bus.web_link import WebLink
from app.clock import SYSTEM_CLOCK
from app.runner.redis_lease import RedisLease
from app.web.stream.listener import Listener
from tests.redis_server import BINARY
from tests.rooms import first_hub, first_live_room
from tests.server import wait_for
from tests.test_hub import ONLINE, status
from tests.test_redis_link import SECRET, picture, receive, request_fps

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")


@pytest.fixture
def make_web(redis):
    """Make the link of a web process, subscribed to a room."""
    links = []

    def make(room: str) -> WebLink:
        link = WebLink(SignedChannel(redis.url, room, SECRET))
        links.append(link)
        link.poll(0)
        return link

    yield make
    for link in links:
        link.close()


@pytest.fixture
def recording(redis):
    """What passes through Redis: the topic and the data of each message."""
    with redis.client.pubsub(ignore_subscribe_messages=True) as spy:
        spy.psubscribe("aula:*")
        spy.get_message(timeout=5)
        yield spy


def next_recorded(recording, topic_end: str) -> dict:
    def recorded() -> dict | None:
        message = recording.get_message(timeout=1)
        return message if message and message["channel"].decode().endswith(topic_end) else None

    return wait_for(recorded)


def monitor_link(redis, room: str, unix_time=time.time) -> MonitorLink:
    channel = SignedChannel(redis.url, room, SECRET, unix_time)
    return MonitorLink(channel, RedisLease(channel))


def test_a_status_sent_again_keeps_no_stopped_monitor_online(app, redis, recording):
    is_over = False
    hub = first_hub(app)
    link = WebLink(SignedChannel(redis.url, "Room 7", SECRET))
    listener = Listener(app, first_live_room(app), link, SYSTEM_CLOCK, is_ending=lambda: is_over)
    listener.start()
    try:
        with (monitor := monitor_link(redis, "Room 7")).hold_lease():

            def is_heard() -> bool:
                monitor.send(status(ONLINE))
                return hub.monitor.is_running

            wait_for(is_heard)
            recorded = next_recorded(recording, ALL_SUBSCRIBERS)
        wait_for(lambda: not hub.monitor.is_running)
        for _ in range(10):
            assert redis.client.publish(recorded["channel"], recorded["data"]) == 2, (
                "the listener and the recording"
            )
            time.sleep(0.05)
        assert hub.status is None
        assert not hub.monitor.is_running
    finally:
        is_over = True
        listener.join()


def test_a_picture_of_one_room_is_not_shown_in_another(redis, make_web, recording, caplog):
    here, elsewhere = make_web("A"), make_web("B")
    with (monitor := monitor_link(redis, "A")).hold_lease():
        bus = Publisher(monitor)
        request_fps(here, 15, bus)
        bus.publish(picture(1))
        assert receive(here, AnnotatedPicture)
        bus.closed.set()
    recorded = next_recorded(recording, f"subscriber:{here._subscriber_id}")
    topic = f"{elsewhere._channel.prefix}:subscriber:{elsewhere._subscriber_id}"
    assert redis.client.publish(topic, recorded["data"]) == 2, "the web process and the recording"
    assert not elsewhere.poll(1)
    assert "another room" in caplog.text


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS - 5, MAX_AGE_SECONDS + 5])
def test_an_old_message_is_dropped_by_a_web_process_that_never_heard_its_sender(
    redis, make_web, caplog, seconds
):
    web = make_web("C")
    with (monitor := monitor_link(redis, "C", lambda: time.time() + seconds)).hold_lease():
        monitor.send(status(ONLINE))
        assert not web.poll(1)
    assert "clocks" in caplog.text


def test_clocks_that_differ_a_little_do_no_harm(redis, make_web):
    web = make_web("D")
    with (monitor := monitor_link(redis, "D", lambda: time.time() - MAX_AGE_SECONDS / 2)).hold_lease():
        for _ in range(3):
            monitor.send(status(ONLINE))
            assert isinstance(receive(web), MonitorStatus)
