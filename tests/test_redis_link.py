"""The bus through Redis, with a real redis-server: monitors' links, web processes, and what they refuse."""

from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, datetime

import pytest

from app.bus import envelope, signed_channel, subscription
from app.bus.messages import AnnotatedPicture, Demand, MonitorStatus, MonitorUnavailable, PictureOnItsWay
from app.bus.monitor_link import MonitorBus, MonitorLink
from app.bus.signed_channel import ReceivedMessage, SignedChannel
from app.bus.subscription import WINDOW_PICTURES, Subscription
from app.bus.web_link import WebLink
from app.camera.frame_request import NO_SENDER_YET, FrameRequest, NoFrame, SentFrame
from app.store.effective_settings import CurrentPause, Overrides
from tests.redis_server import BINARY, RedisServer
from tests.server import wait_for
from tests.test_hub import ONLINE, status

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")

SECRET = "a key for tests only"
ROOM = 7


@pytest.fixture(autouse=True)
def subscriptions_outlast_a_slow_machine(monkeypatch):
    """Keep a web process that these tests leave silent for a while subscribed."""
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 60)


@dataclass
class HeldLease:
    """A lease that is held until a test says otherwise."""

    number: int = 1
    is_held: bool = True


class Web:
    """What a web process does with its link, for one room."""

    def __init__(self, url: str, secret: str = SECRET) -> None:
        self.channel = SignedChannel(url, secret)
        self.link = WebLink(self.channel)
        self.monitor_id = ""
        self.acknowledged = 0
        self.link.receive(0)

    def request(self, demand: Demand) -> None:
        self.link.send(self.monitor_id, ROOM, Subscription(demand, self.acknowledged))

    def receive(self, message_type=object, seconds: float = 30) -> ReceivedMessage:
        """The next message of a type; a picture is acknowledged with the next request."""

        def of_type() -> ReceivedMessage | None:
            received = self.link.receive(0.1)
            if received is not None and isinstance(received.message, message_type):
                return received
            return None

        received = wait_for(of_type, seconds)
        self.acknowledged += isinstance(received.message, PictureOnItsWay)
        return received

    def hears_nothing(self) -> bool:
        return self.link.receive(0.3) is None


class Monitor:
    """A monitor machine with one room."""

    def __init__(self, url: str, secret: str = SECRET) -> None:
        self.is_over = False
        self.channel = SignedChannel(url, secret)
        self.bus = MonitorBus(self.channel, lambda _: None, lambda: self.is_over)
        self.lease = HeldLease()
        self.link: MonitorLink = self.bus.add(ROOM, self.lease, lambda: None, lambda: False)
        self.bus.start()
        wait_for(lambda: self.channel.is_subscribed)


@pytest.fixture
def monitor(redis):
    monitor = Monitor(redis.url)
    yield monitor
    monitor.is_over = True
    monitor.bus.join()


@pytest.fixture
def make_web(redis, monitor):
    """Make web processes that know who reads the room."""
    webs = []

    def make(secret: str = SECRET) -> Web:
        web = Web(redis.url, secret)
        webs.append(web)
        monitor.link.receive(status(ONLINE))
        web.monitor_id = monitor.channel.process_id
        web.link.receive(1)
        return web

    yield make
    for web in webs:
        web.link.close()


def request_fps(web: Web, fps: float, monitor: Monitor) -> None:
    web.request(Demand(fps))
    wait_for(lambda: monitor.link.demand.fps >= fps)


def picture(number: int) -> AnnotatedPicture:
    return AnnotatedPicture(b"%d" % number + bytes(100_000), number, (1280, 720), monotonic=number)


def test_the_demand_is_the_highest_of_all_web_processes(monitor, make_web):
    one, two = make_web(), make_web()
    request_fps(one, 5, monitor)
    request_fps(two, 15, monitor)
    assert monitor.link.demand == Demand(15)
    two.request(Demand(0))
    wait_for(lambda: monitor.link.demand == Demand(5))


def test_any_web_process_pauses_the_room_and_hides_the_faces(monitor, make_web):
    one, two = make_web(), make_web()
    pause = CurrentPause(datetime(2026, 11, 20, 10, 41, tzinfo=UTC), "anna")
    one.request(Demand(0, Overrides(pause=pause)))
    two.request(Demand(15, Overrides(hide_faces=True)))
    wait_for(lambda: monitor.link.demand == Demand(15, Overrides(pause, hide_faces=True)))
    one.request(Demand(0))
    wait_for(lambda: monitor.link.demand == Demand(15, Overrides(hide_faces=True)))


def test_a_change_that_a_web_process_stored_reaches_the_monitor(monitor, make_web):
    make_web().link.send_change(ROOM)
    wait_for(lambda: monitor.link.demand.changes == 1)
    make_web().link.send_change(ROOM + 1)
    assert monitor.link.demand.changes == 1


def test_the_subscription_of_a_web_process_that_died_expires(monitor, make_web, monkeypatch):
    request_fps(make_web(), 15, monitor)
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 0.5)
    wait_for(lambda: monitor.link.demand == Demand(0))


def test_status_goes_to_all_and_pictures_only_to_those_that_request_them(monitor, make_web):
    watching, other = make_web(), make_web()
    while not (watching.hears_nothing() and other.hears_nothing()):
        pass
    request_fps(watching, 15, monitor)
    monitor.link.receive(picture(1))
    assert watching.receive(PictureOnItsWay).message.picture.captured_at == 1
    assert other.hears_nothing()
    monitor.link.receive(status(ONLINE))
    for web in (watching, other):
        received = web.receive()
        assert (received.message, received.room_id, received.lease_number) == (status(ONLINE), ROOM, 1)


def test_a_slow_web_process_gets_the_newest_picture_and_holds_nobody_up(monitor, make_web):
    slow, quick = make_web(), make_web()
    request_fps(slow, 10, monitor)
    seen = []
    for number in range(1, 31):
        request_fps(quick, 10 + number, monitor)  # which also acknowledges the picture before
        monitor.link.receive(picture(number))
        seen.append(quick.receive(PictureOnItsWay).message.picture.captured_at)
    assert seen == list(range(1, 31))
    waiting = [slow.receive(PictureOnItsWay).message.picture.captured_at for _ in range(WINDOW_PICTURES)]
    assert waiting == [1, 2], "no more than the window waits in Redis"
    assert slow.hears_nothing()
    slow.request(Demand(10))

    def newest() -> ReceivedMessage | None:
        monitor.link.receive(picture(31))
        return slow.link.receive(0.1)

    assert wait_for(newest).message.picture.captured_at == 31


def test_a_web_process_that_returns_after_expiry_gets_no_pile_of_pictures(monitor, make_web, monkeypatch):
    web = make_web()
    for number in range(5):
        request_fps(web, 15 + number, monitor)
        monitor.link.receive(picture(number))
        web.receive(PictureOnItsWay)
    with monkeypatch.context() as patched:
        patched.setattr(subscription, "EXPIRY_SECONDS", 0)
        wait_for(lambda: monitor.link.demand == Demand(0))
    request_fps(web, 15, monitor)
    for number in range(10, 20):
        monitor.link.receive(picture(number))
    got = [web.receive(PictureOnItsWay).message.picture.captured_at for _ in range(WINDOW_PICTURES)]
    assert got == [10, 11]
    assert web.hears_nothing()


def test_pictures_are_not_stored_in_redis(redis, monitor, make_web):
    web = make_web()
    request_fps(web, 15, monitor)
    monitor.link.receive(picture(1))
    web.receive(PictureOnItsWay)
    assert list(redis.client.scan_iter()) == []


def test_a_machine_whose_lease_may_have_expired_says_nothing(monitor, make_web):
    web = make_web()
    request_fps(web, 15, monitor)
    monitor.lease.is_held = False
    monitor.link.receive(picture(1))
    monitor.link.receive(status(ONLINE))
    assert web.hears_nothing()


def test_a_monitor_that_ends_says_why(monitor, make_web):
    web = make_web()
    monitor.link.monitor_ended()
    assert "is being restarted" in str(web.receive(MonitorUnavailable).message.detail)
    monitor.link.monitor_started()
    monitor.link.receive(MonitorUnavailable("The camera's driver has not answered."))
    monitor.link.monitor_ended()
    assert web.receive(MonitorUnavailable).message.detail == "The camera's driver has not answered."
    assert web.hears_nothing()


def test_a_message_signed_with_another_key_is_dropped_and_the_room_can_say_so(monitor, make_web, caplog):
    stranger, web = make_web("another key of somebody"), make_web()
    request_fps(web, 2, monitor)
    stranger.request(Demand(15))
    request_fps(web, 3, monitor)
    assert monitor.link.demand == Demand(3)
    assert "SECRET_KEY" in str(stranger.link.trouble)
    assert caplog.text.count("Give every machine the same SECRET_KEY") == 2, "once on each side"


def test_another_version_is_refused_with_one_line(monitor, make_web, monkeypatch, caplog):
    web = make_web()
    with monkeypatch.context() as patched:
        patched.setattr(signed_channel, "VERSION", envelope.VERSION + 1)
        for _ in range(3):
            monitor.link.receive(status(ONLINE))
    assert web.hears_nothing()
    assert caplog.text.count("Run the same version of Aula on every machine") == 1
    assert "messages of version 2, and this one reads version 1" in str(web.link.trouble)
    monitor.link.receive(status(ONLINE))
    assert web.receive(MonitorStatus)


def test_a_field_that_a_newer_version_adds_harms_no_older_one(monitor, make_web, monkeypatch):
    """And what an older version leaves out has its default in a newer one."""
    web = make_web()
    newer = make_dataclass(
        "MonitorStatus", [("mood", str, field(default="calm"))], bases=(MonitorStatus,), frozen=True
    )
    old = status(ONLINE)
    values = {name: getattr(old, name) for name in MonitorStatus.__dataclass_fields__}
    monitor.link.receive(newer(**values, mood="bright"))
    assert web.receive(MonitorStatus).message == old
    monkeypatch.setitem(envelope._by_kind, "MonitorStatus", newer)
    monitor.link.receive(old)
    assert web.receive(newer).message.mood == "calm"


def test_a_damaged_message_is_dropped(redis, monitor, make_web, caplog):
    web = make_web()
    packed = web.channel._signature(b"\xc1") + b"\xc1"
    redis.client.publish(signed_channel.STATUSES, packed)
    assert web.hears_nothing()
    assert "can't be read" in caplog.text


def test_machines_whose_clocks_differ_understand_each_other(monitor, make_web, monkeypatch):
    web = make_web()
    real = datetime.now(UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: real + 3600)
    monitor.link.receive(status(ONLINE))
    assert web.receive(MonitorStatus).transit_seconds < 20


def test_a_browser_s_frame_reaches_the_monitor_from_whichever_web_process_has_it(monitor, make_web):
    without, sending = make_web(), make_web()
    for web in (without, sending):
        web.link.receive(0.1)
    answered = []

    def answer_once() -> bool:
        for web, found in ((without, None), (sending, b"a frame")):
            received = web.link.receive(0.05)
            if received is None or not isinstance(received.message, FrameRequest):
                continue
            number = received.message.number
            answer = SentFrame(number, found, 0.25, "anna") if found else NoFrame(number, NO_SENDER_YET)
            web.link.send(received.sender, ROOM, answer)
            answered.append(web)
        return len(answered) == 2

    from threading import Thread

    got = []
    asking = Thread(target=lambda: got.append(monitor.link._answer(FrameRequest(5, None, None))))
    asking.start()
    wait_for(answer_once)
    asking.join()
    assert (got[0].jpeg, got[0].sender) == (b"a frame", "anna")


def test_both_ends_come_back_after_redis_did(monkeypatch):
    monkeypatch.setattr(subscription, "EXPIRY_SECONDS", 1)
    redis = RedisServer()
    redis.start()
    monitor = Monitor(redis.url)
    try:
        web = Web(redis.url)
        web.monitor_id = monitor.channel.process_id
        request_fps(web, 15, monitor)
        redis.stop()
        wait_for(lambda: web.link.receive(0.1) or web.link.trouble)
        assert redis.url in str(web.link.trouble)
        wait_for(lambda: monitor.link.demand == Demand(0))
        monitor.link.receive(picture(1))
        redis.start()

        def picture_comes() -> bool:
            monitor.link.receive(status(ONLINE))
            received = web.link.receive(0.1)
            if received is not None:
                web.monitor_id = received.sender
            web.request(Demand(15))
            monitor.link.receive(picture(2))
            return received is not None and isinstance(received.message, PictureOnItsWay)

        wait_for(picture_comes)
        assert web.link.trouble is None
        web.link.close()
    finally:
        monitor.is_over = True
        monitor.bus.join()
        redis.stop()
