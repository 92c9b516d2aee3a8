"""The bus and the lease through Redis, with a real redis-server."""

from datetime import UTC, datetime

import pytest

from app.bus import subscription
from app.bus.messages import AnnotatedPicture, Demand, MonitorUnavailable
from app.bus.monitor_link import MonitorLink
from app.bus.publisher import Publisher
from app.bus.signed_channel import SignedChannel
from app.bus.subscription import WINDOW_PICTURES
from app.bus.web_link import WebLink
from app.runner import redis_lease
from app.runner.lease import NotLeaseHolder
from app.runner.redis_lease import LEASE_SECONDS, RedisLease
from app.store.effective_settings import CurrentPause, Overrides
from tests.redis_server import BINARY, RedisServer
from tests.server import wait_for
from tests.test_hub import ONLINE, status

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

SECRET = "a key for tests only"


@pytest.fixture(autouse=True)
def subscriptions_outlast_a_slow_machine(monkeypatch):
    """Keep a web process that these tests leave silent for a while subscribed."""
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 60)


@pytest.fixture
def room(request) -> str:
    """A room for each test, so that they can share a Redis server."""
    return request.node.name


@pytest.fixture
def make_monitor_link(redis, room):
    """Make a monitor's link with its own lease, not held yet."""

    def make(url: str = redis.url) -> MonitorLink:
        channel = SignedChannel(url, room, SECRET)
        return MonitorLink(channel, RedisLease(channel))

    return make


@pytest.fixture
def monitor(make_monitor_link):
    """The publisher of the monitor that holds the room's lease."""
    link = make_monitor_link()
    with link.hold_lease():
        publisher = Publisher(link)
        yield publisher
        publisher.closed.set()


@pytest.fixture
def make_web(redis, room):
    """Make web processes' links, subscribed."""
    links = []

    def make(secret: str = SECRET) -> WebLink:
        link = WebLink(SignedChannel(redis.url, room, secret))
        links.append(link)
        link.poll(0)
        return link

    yield make
    for link in links:
        link.close()


def request_fps(link: WebLink, fps: float, monitor: Publisher) -> None:
    """Renew the subscription with this frame rate, as a web process does, until the monitor knows it."""

    def is_known() -> bool:
        link.send(Demand(fps))
        return monitor.demand.fps >= fps

    wait_for(is_known)


def picture(number: int) -> AnnotatedPicture:
    return AnnotatedPicture(b"%d" % number + bytes(100_000), number, (1280, 720))


def receive(link: WebLink, message_type=object):
    """The next message of a type."""
    while True:
        assert link.poll(30), "nothing comes"
        message = link.recv()
        if isinstance(message, message_type):
            return message


def test_the_demand_is_the_highest_of_all_web_processes(monitor, make_web):
    one, two = make_web(), make_web()
    request_fps(one, 5, monitor)
    request_fps(two, 15, monitor)
    assert monitor.demand == Demand(15)
    two.send(Demand(0))
    wait_for(lambda: monitor.demand == Demand(5))


def test_any_web_process_pauses_the_room_and_hides_the_faces(monitor, make_web):
    one, two = make_web(), make_web()
    pause = CurrentPause(datetime(2026, 11, 20, 10, 41, tzinfo=UTC), "anna")
    one.send(Demand(0, Overrides(pause=pause)))
    two.send(Demand(15, Overrides(hide_faces=True)))
    wait_for(lambda: monitor.demand == Demand(15, Overrides(pause, hide_faces=True)))
    one.send(Demand(0))
    wait_for(lambda: monitor.demand == Demand(15, Overrides(hide_faces=True)))


def test_the_subscription_of_a_web_process_that_died_expires(monitor, make_web, monkeypatch):
    request_fps(make_web(), 15, monitor)
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 0.5)
    wait_for(lambda: monitor.demand == Demand(0))


def test_a_web_process_that_returns_after_expiry_gets_no_pile_of_pictures(monitor, make_web, monkeypatch):
    web = make_web()
    for number in range(5):
        request_fps(web, 15 + number, monitor)
        monitor.publish(picture(number))
        receive(web)
    with monkeypatch.context() as patched:
        patched.setattr(subscription, "EXPIRY_SECONDS", 0)
        wait_for(lambda: monitor.demand == Demand(0))
    request_fps(web, 15, monitor)
    for number in range(10, 20):
        monitor.publish(picture(number))
        monitor.flush(30)
    assert [receive(web).captured_at for _ in range(WINDOW_PICTURES)] == [10, 11]
    assert not web.poll(0.2)


def test_status_goes_to_all_and_pictures_to_those_that_request_them(monitor, make_web):
    watching, other = make_web(), make_web()
    request_fps(watching, 15, monitor)
    monitor.publish(picture(1))
    assert receive(watching).captured_at == 1
    monitor.publish(status(ONLINE))
    assert receive(watching) == receive(other) == status(ONLINE)


def test_a_slow_web_process_gets_the_newest_picture_and_holds_nobody_up(monitor, make_web):
    slow, quick = make_web(), make_web()
    request_fps(slow, 10, monitor)
    seen = []
    for number in range(1, 31):
        request_fps(quick, 10 + number, monitor)  # which also acknowledges the picture before
        monitor.publish(picture(number))
        seen.append(receive(quick).captured_at)
    assert seen == list(range(1, 31))
    waiting = [receive(slow).captured_at for _ in range(WINDOW_PICTURES)]
    assert waiting == [1, 2], "no more than the window waits in Redis"
    assert not slow.poll(0.2)
    slow.send(Demand(10))
    wait_for(lambda: slow.poll(0.01) or monitor.publish(picture(31)))
    assert slow.recv().captured_at == 31


def test_pictures_are_not_stored_in_redis(redis, monitor, make_web):
    web = make_web()
    request_fps(web, 15, monitor)
    monitor.publish(picture(1))
    receive(web)
    assert all(key.endswith(b":lease") for key in redis.client.scan_iter())


def test_a_message_signed_with_another_key_is_dropped(redis, monitor, make_web, caplog):
    stranger, web = make_web("another key of somebody"), make_web()
    request_fps(web, 2, monitor)
    stranger.send(Demand(15))
    request_fps(web, 3, monitor)
    assert monitor.demand == Demand(3)
    assert "SECRET_KEY" in caplog.text


def test_both_ends_come_back_after_redis_did(room, make_monitor_link, monkeypatch):
    redis = RedisServer()
    redis.start()
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 1)
    link, web = make_monitor_link(redis.url), WebLink(SignedChannel(redis.url, room, SECRET))
    with link.hold_lease():
        monitor = Publisher(link)
        web.poll(0)
        request_fps(web, 15, monitor)
        redis.stop()
        wait_for(lambda: web.poll(0.1) or web.outage)
        assert redis.url in str(web.outage)
        wait_for(lambda: monitor.demand == Demand(0))
        monitor.publish(picture(1))
        redis.start()

        def picture_comes() -> bool:
            monitor.publish(picture(2))
            web.send(Demand(15))
            return web.poll(0.1) and isinstance(web.recv(), AnnotatedPicture)

        wait_for(picture_comes)
        assert web.outage is None
        assert not monitor.closed.is_set()
        monitor.closed.set()
    web.close()
    redis.stop()


def test_one_monitor_holds_the_lease_and_only_that_one_is_heard(
    redis, make_monitor_link, make_web, monkeypatch
):
    monkeypatch.setattr(redis_lease, "ACQUIRE_SECONDS", 0.2)
    first, second = make_monitor_link(), make_monitor_link()
    web = make_web()
    with first.hold_lease():
        first.send(status(ONLINE))
        with pytest.raises(NotLeaseHolder, match="Another server"), second.hold_lease():
            pass
        second.send(MonitorUnavailable("There is another one."))
        first.send(MonitorUnavailable("last words"))
        assert [receive(web), receive(web)] == [status(ONLINE), MonitorUnavailable("last words")]
        redis.client.delete(f"{first._channel.prefix}:lease")  # as if it had expired
        with second.hold_lease():
            second.send(status(ONLINE))
            with pytest.raises(NotLeaseHolder):
                first.send(status(ONLINE))


def test_a_monitor_acquires_its_lease_again_when_redis_lost_it_with_its_memory(redis, make_monitor_link):
    link = make_monitor_link()
    with link.hold_lease():
        key = f"{link._channel.prefix}:lease"
        redis.client.delete(key)
        link.send(status(ONLINE))
        assert 0 < redis.client.pttl(key) <= 1000 * LEASE_SECONDS


def test_a_monitor_that_released_its_lease_sends_nothing_and_does_not_acquire_it_again(
    redis, make_monitor_link
):
    link = make_monitor_link()
    with link.hold_lease():
        key = f"{link._channel.prefix}:lease"
    link.send(status(ONLINE))
    assert not redis.client.exists(key)


def test_a_monitor_that_ends_says_so(make_monitor_link, make_web):
    web = make_web()
    with make_monitor_link().hold_lease():
        pass
    assert str(receive(web).detail) == "The camera process was stopped."


def test_without_redis_no_monitor_starts(make_monitor_link):
    link = make_monitor_link("redis://127.0.0.1:1")
    with pytest.raises(NotLeaseHolder, match=r"redis://127.0.0.1:1 does not answer"), link.hold_lease():
        pass
