"""The bus through Redis, with a real redis-server."""

import pytest

from app.bus.messages import AnnotatedPicture, Demand, NotLeaseHolder, Trouble
from app.bus.publisher import Publisher
from app.bus.redis_link import AHEAD, OWNED_SECONDS, MonitorLink, SignedChannel, WebLink
from tests.redis_server import BINARY, RedisServer
from tests.server import wait_for
from tests.test_hub import ONLINE, status

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

SECRET = "a key for tests only"


@pytest.fixture(autouse=True)
def silence_is_patiently_heard(monkeypatch):
    """A web process of these tests that says nothing for a while isn't gone, however slow the machine."""
    monkeypatch.setattr("app.bus.redis_link.GONE_SECONDS", 60)


@pytest.fixture
def room(request) -> str:
    """A room for each test, so that they share a server."""
    return request.node.name


@pytest.fixture
def monitor(redis, room):
    """The bus of the monitor that owns the room."""
    link = MonitorLink(SignedChannel(redis.url, room, SECRET))
    with link.owned():
        bus = Publisher(link)
        yield bus
        bus.closed.set()


@pytest.fixture
def make_web(redis, room):
    """Web processes' ends, subscribed."""
    links = []

    def make(secret: str = SECRET) -> WebLink:
        link = WebLink(SignedChannel(redis.url, room, secret))
        links.append(link)
        link.poll(0)
        return link

    yield make
    for link in links:
        link.close()


def want(link: WebLink, fps: float, monitor: Publisher) -> None:
    """Say again and again what is wanted, as a web process does, until the monitor knows."""

    def is_known() -> bool:
        link.send(Demand(fps))
        return monitor.demand.fps >= fps

    wait_for(is_known)


def picture(number: int) -> AnnotatedPicture:
    return AnnotatedPicture(b"%d" % number + bytes(100_000), number, (1280, 720))


def receive(link: WebLink, kind=object):
    """The next message of a kind."""
    while True:
        assert link.poll(30), "nothing comes"
        message = link.recv()
        if isinstance(message, kind):
            return message


def test_the_monitor_hears_what_web_processes_want_together(monitor, make_web):
    one, two = make_web(), make_web()
    want(one, 5, monitor)
    want(two, 15, monitor)
    assert monitor.demand == Demand(15)
    two.send(Demand(0))
    wait_for(lambda: monitor.demand == Demand(5))


def test_a_web_process_that_died_wants_nothing_any_more(monitor, make_web, monkeypatch):
    want(make_web(), 15, monitor)
    monkeypatch.setattr("app.bus.redis_link.GONE_SECONDS", 0.5)
    wait_for(lambda: monitor.demand == Demand(0))


def test_a_web_process_that_is_heard_again_gets_no_pile_of_pictures(monitor, make_web, monkeypatch):
    web = make_web()
    for number in range(5):
        want(web, 15 + number, monitor)
        monitor.publish(picture(number))
        receive(web)
    with monkeypatch.context() as patched:
        patched.setattr("app.bus.redis_link.GONE_SECONDS", 0)
        wait_for(lambda: monitor.demand == Demand(0))
    want(web, 15, monitor)
    for number in range(10, 20):
        monitor.publish(picture(number))
        monitor.flush(30)
    assert [receive(web).captured_at for _ in range(AHEAD)] == [10, 11]
    assert not web.poll(0.2)


def test_status_goes_to_all_and_pictures_to_those_that_want_them(monitor, make_web):
    watching, other = make_web(), make_web()
    want(watching, 15, monitor)
    monitor.publish(picture(1))
    assert receive(watching).captured_at == 1
    monitor.publish(status(ONLINE))
    assert receive(watching) == receive(other) == status(ONLINE)


def test_a_slow_web_process_gets_the_newest_picture_and_holds_nobody_up(monitor, make_web):
    slow, quick = make_web(), make_web()
    want(slow, 10, monitor)
    seen = []
    for number in range(1, 31):
        want(quick, 10 + number, monitor)  # and so it knows what quick has taken
        monitor.publish(picture(number))
        seen.append(receive(quick).captured_at)
    assert seen == list(range(1, 31))
    waiting = [receive(slow).captured_at for _ in range(AHEAD)]
    assert waiting == [1, 2], "no more than that lies in Redis"
    assert not slow.poll(0.2)
    slow.send(Demand(10))
    wait_for(lambda: slow.poll(0.01) or monitor.publish(picture(31)))
    assert slow.recv().captured_at == 31


def test_pictures_are_not_stored_in_redis(redis, monitor, make_web):
    web = make_web()
    want(web, 15, monitor)
    monitor.publish(picture(1))
    receive(web)
    assert all(key.endswith(b":owner") for key in redis.client.scan_iter())


def test_what_another_key_signed_is_not_believed(redis, monitor, make_web, caplog):
    stranger, ours = make_web("another key of somebody"), make_web()
    want(ours, 2, monitor)
    stranger.send(Demand(15))
    want(ours, 3, monitor)
    assert monitor.demand == Demand(3)
    assert "SECRET_KEY" in caplog.text


def test_both_ends_come_back_after_redis_did(room, monkeypatch):
    redis = RedisServer()
    redis.start()
    monkeypatch.setattr("app.bus.redis_link.GONE_SECONDS", 1)
    link, web = (
        MonitorLink(SignedChannel(redis.url, room, SECRET)),
        WebLink(SignedChannel(redis.url, room, SECRET)),
    )
    with link.owned():
        monitor = Publisher(link)
        web.poll(0)
        want(web, 15, monitor)
        redis.stop()
        wait_for(lambda: web.poll(0.1) or web.trouble)
        assert redis.url in str(web.trouble)
        wait_for(lambda: monitor.demand == Demand(0))
        monitor.publish(picture(1))
        redis.start()

        def picture_comes() -> bool:
            monitor.publish(picture(2))
            web.send(Demand(15))
            return web.poll(0.1) and isinstance(web.recv(), AnnotatedPicture)

        wait_for(picture_comes)
        assert web.trouble is None
        assert not monitor.closed.is_set()
        monitor.closed.set()
    web.close()
    redis.stop()


def test_a_room_has_one_monitor_and_only_that_is_heard(redis, room, make_web, monkeypatch):
    monkeypatch.setattr("app.bus.redis_link.CLAIM_SECONDS", 0.2)
    first, second = (MonitorLink(SignedChannel(redis.url, room, SECRET)) for _ in range(2))
    web = make_web()
    with first.owned():
        first.send(status(ONLINE))
        with pytest.raises(NotLeaseHolder, match="Another process"), second.owned():
            pass
        second.send(Trouble("There is another one."))
        first.send(Trouble("last words"))
        assert [receive(web), receive(web)] == [status(ONLINE), Trouble("last words")]
    with second.owned():
        second.send(status(ONLINE))
        with pytest.raises(NotLeaseHolder):
            first.send(status(ONLINE))


def test_a_monitor_whose_claim_was_lost_with_redis_s_memory_claims_it_again(redis, room):
    link = MonitorLink(SignedChannel(redis.url, room, SECRET))
    with link.owned():
        redis.client.delete(f"{link._wire.prefix}:owner")
        link.send(status(ONLINE))
        assert 0 < redis.client.pttl(f"{link._wire.prefix}:owner") <= 1000 * OWNED_SECONDS


def test_a_monitor_that_ends_says_so(redis, room, make_web):
    web = make_web()
    with MonitorLink(SignedChannel(redis.url, room, SECRET)).owned():
        pass
    assert str(receive(web).detail) == "The camera process was stopped."


def test_without_redis_no_monitor_begins(room):
    link = MonitorLink(SignedChannel("redis://127.0.0.1:1", room, SECRET))
    with pytest.raises(NotLeaseHolder, match=r"redis://127.0.0.1:1 does not answer"), link.owned():
        pass
