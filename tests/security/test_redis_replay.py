"""Somebody who can write to Redis, but has no SECRET_KEY, sends recorded messages."""

import time

import pytest

from app.bus.messages import Demand, MonitorStatus, PictureOnItsWay
from app.bus.signed_channel import MAX_AGE_SECONDS, STATUSES, SignedChannel, inbox
from app.bus.web_link import WebLink
from app.clock import SYSTEM_CLOCK
from app.web.stream.listener import Listener
from tests.redis_server import BINARY
from tests.rooms import first_live_room
from tests.server import wait_for
from tests.test_hub import ONLINE, status
from tests.test_redis_link import ROOM, SECRET, make_web, monitor, picture, request_fps

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

__all__ = ["make_web", "monitor"]  # fixtures


@pytest.fixture
def recording(redis):
    """What passes through Redis: the topic and the data of each message."""
    with redis.client.pubsub(ignore_subscribe_messages=True) as spy:
        spy.psubscribe("aula:*")
        spy.get_message(timeout=5)
        yield spy


def next_recorded(recording, topic: str) -> dict:
    def recorded() -> dict | None:
        message = recording.get_message(timeout=1)
        return message if message and message["channel"].decode() == topic else None

    return wait_for(recorded)


@pytest.fixture
def listening(app, redis):
    """A web process that hears the monitor of its first room; gives what it holds of that room."""
    is_over = False
    room = first_live_room(app)
    link = WebLink(SignedChannel(redis.url, SECRET))
    listener = Listener(app, link, lambda: None, SYSTEM_CLOCK, lambda: is_over)
    listener.add(room)
    listener.start()
    yield room
    is_over = True
    listener.join()


def tell(monitor, room, number: int) -> None:
    """Let a monitor send its status for a room under a lease of this number."""
    monitor.channel.publish(STATUSES, status(ONLINE), room.room_id, number)


def test_a_status_sent_again_keeps_no_stopped_monitor_online(redis, recording, listening, monitor):
    def is_heard() -> bool:
        tell(monitor, listening, 1)
        return listening.hub.monitor.is_running

    wait_for(is_heard)
    time.sleep(0.3)  # for what was sent meanwhile
    recorded = next_recorded(recording, STATUSES)
    listening.hub.monitor_ended()
    for _ in range(10):
        assert redis.client.publish(recorded["channel"], recorded["data"]) == 2, "listener and recording"
        time.sleep(0.05)
    assert listening.hub.status is None
    assert not listening.hub.monitor.is_running


def test_what_a_machine_sends_under_an_older_lease_is_refused(listening, monitor):
    def is_heard() -> bool:
        tell(monitor, listening, 5)
        return listening.hub.monitor.is_running

    wait_for(is_heard)
    time.sleep(0.3)  # for what was sent meanwhile
    listening.hub.monitor_ended()
    for _ in range(10):
        tell(monitor, listening, 4)
        time.sleep(0.05)
    assert not listening.hub.monitor.is_running
    tell(monitor, listening, 6)
    wait_for(lambda: listening.hub.monitor.is_running)


def test_a_picture_for_one_process_is_shown_by_no_other(redis, recording, monitor, make_web, caplog):
    here, elsewhere = make_web(), make_web()
    request_fps(here, 15, monitor)
    monitor.link.receive(picture(1))
    assert here.receive(PictureOnItsWay)
    recorded = next_recorded(recording, inbox(here.channel.process_id))
    while elsewhere.link.receive(0.1):
        pass
    assert redis.client.publish(inbox(elsewhere.channel.process_id), recorded["data"]) == 2
    assert elsewhere.hears_nothing()
    assert "somebody else first" in caplog.text


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS - 5, MAX_AGE_SECONDS + 5])
def test_an_old_message_is_dropped_by_a_process_that_never_heard_its_sender(
    redis, monitor, make_web, caplog, seconds
):
    web = make_web()
    other = SignedChannel(redis.url, SECRET, lambda: time.time() + seconds)
    other.publish(STATUSES, status(ONLINE), ROOM, 1)
    assert web.hears_nothing()
    assert "older than 30 s" in caplog.text
    other.close()


def test_messages_of_threads_that_overtake_each_other_are_all_heard(redis, monitor, make_web):
    web = make_web()
    packed = [monitor.channel.pack(STATUSES, status(ONLINE), ROOM, 1) for _ in range(3)]
    for each in reversed(packed):
        redis.client.publish(STATUSES, each)
    for _ in packed:
        assert web.receive(MonitorStatus)
    redis.client.publish(STATUSES, packed[0])
    assert web.hears_nothing()


def test_demand_that_was_recorded_asks_for_nothing(redis, recording, monitor, make_web):
    web = make_web()
    request_fps(web, 15, monitor)
    recorded = next_recorded(recording, inbox(monitor.channel.process_id))
    web.request(Demand(0))
    wait_for(lambda: monitor.link.demand == Demand(0))
    redis.client.publish(recorded["channel"], recorded["data"])
    time.sleep(0.3)
    assert monitor.link.demand == Demand(0)
