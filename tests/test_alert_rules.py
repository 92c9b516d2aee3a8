"""When people are told that something is wrong, and when they are left in peace."""

from zoneinfo import ZoneInfo

import pytest

from app.language import Translatable
from app.notify.alert import Alert, AlertKind
from app.notify.outage import DEFAULT_THRESHOLDS
from app.notify.rules import DiskSpace, RoomObservation, RoomRules, ServerRules
from tests.manual_clock import ManualClock

BERLIN = ZoneInfo("Europe/Berlin")
ONLINE = RoomObservation(has_picture=True, is_dark_on_purpose=False, restarts=0)
DARK = RoomObservation(
    has_picture=False,
    is_dark_on_purpose=False,
    restarts=0,
    reason="stopped",
    title=Translatable("The camera has stopped"),
    detail=Translatable("%(address)s ended the stream. Aula reconnects by itself.", address="rtsp://cam/"),
)
PAUSED = RoomObservation(has_picture=False, is_dark_on_purpose=True, restarts=0)
STEP_SECONDS = 10


class Room:
    """A room whose observations follow one another every ten seconds."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rules = RoomRules(self.clock, DEFAULT_THRESHOLDS)
        self.alerts: list[Alert] = []

    def be(self, seen: RoomObservation, minutes: float) -> list[AlertKind]:
        """Stay like this for some minutes; gives what was told meanwhile."""
        told = []
        for _ in range(round(60 * minutes / STEP_SECONDS)):
            told += self.rules.observe(7, "Room 7", seen, BERLIN)
            self.clock.pass_(STEP_SECONDS)
        self.alerts += told
        return [alert.kind for alert in told]


@pytest.fixture
def watched() -> Room:
    return Room()


@pytest.fixture
def server() -> ServerRules:
    return ServerRules(ManualClock(), DEFAULT_THRESHOLDS)


def test_a_room_that_is_dark_for_five_minutes_is_told_once(watched):
    assert watched.be(ONLINE, 1) == []
    assert watched.be(DARK, 5) == []
    assert watched.be(DARK, 1) == [AlertKind.DARK]
    assert watched.be(DARK, 600) == []


def test_the_message_has_the_cause_that_the_card_shows_in_the_room_s_language(watched):
    watched.be(ONLINE, 1)
    watched.be(DARK, 6)
    (alert,) = watched.alerts
    title, text = alert.in_language("en")
    assert title == "Room 7: no picture since 09:01 CET"
    assert text.splitlines() == [
        "The camera has stopped",
        "rtsp://cam/ ended the stream. Aula reconnects by itself.",
        "Nothing is analysed or recorded until the picture is back.",
    ]
    title, text = alert.in_language("de")
    assert title == "Room 7: kein Bild seit 09:01 CET"
    assert text.splitlines() == [
        "Die Kamera liefert kein Bild mehr",
        "rtsp://cam/ hat den Videostrom beendet. Aula verbindet sich von selbst neu.",
        "Bis das Bild wieder da ist, wird nichts ausgewertet oder aufgezeichnet.",
    ]
    assert alert.data == {"reason": "stopped", "since": "2026-01-05T08:01:00Z"}


def test_a_room_that_is_back_is_told_once_with_how_long_it_was_dark(watched):
    watched.be(ONLINE, 1)
    watched.be(DARK, 30)
    assert watched.be(ONLINE, 10) == [AlertKind.BACK]
    assert "from 09:01 CET to 09:31 CET" in watched.alerts[-1].in_language("en")[1]
    assert watched.alerts[-1].data == {"from": "2026-01-05T08:01:00Z", "to": "2026-01-05T08:31:00Z"}


def test_a_room_that_was_dark_for_less_than_five_minutes_is_not_told(watched):
    watched.be(ONLINE, 1)
    for _ in range(10):
        assert watched.be(DARK, 4) == []
        assert watched.be(ONLINE, 2) == []


def test_a_flapping_camera_gives_one_pair_of_messages_an_hour(watched):
    watched.be(ONLINE, 1)
    told = []
    for _ in range(18):  # three hours
        told += watched.be(DARK, 7) + watched.be(ONLINE, 3)
    assert told == [AlertKind.DARK, AlertKind.BACK] * 3


def test_a_glimpse_of_a_picture_does_not_hide_that_a_room_is_dark(watched):
    watched.be(ONLINE, 1)
    told = []
    for _ in range(5):
        told += watched.be(DARK, 2) + watched.be(ONLINE, 0.5)
    assert told == [AlertKind.DARK]


def test_a_pause_is_not_dark(watched):
    watched.be(ONLINE, 1)
    assert watched.be(PAUSED, 120) == []
    assert watched.be(DARK, 4) == [], "the pause doesn't count"
    assert watched.be(DARK, 2) == [AlertKind.DARK]


def test_a_dark_room_that_is_paused_is_back_once_it_has_a_picture(watched):
    watched.be(ONLINE, 1)
    watched.be(DARK, 6)
    assert watched.be(PAUSED, 30) == []
    assert watched.be(ONLINE, 2) == [AlertKind.BACK]


def test_after_a_start_a_room_that_never_worked_is_told_after_five_minutes(watched):
    assert watched.be(DARK, 5) == []
    assert watched.be(DARK, 1) == [AlertKind.DARK]


def test_a_monitor_that_restarts_three_times_within_an_hour_is_told_once(watched):
    def restarted(times: int) -> RoomObservation:
        return RoomObservation(has_picture=True, is_dark_on_purpose=False, restarts=times)

    assert watched.be(restarted(0), 5) == []
    assert watched.be(restarted(2), 20) == []
    assert watched.be(restarted(3), 20) == [AlertKind.MONITOR_RESTARTS]
    assert watched.be(restarted(9), 10) == []


def test_restarts_that_are_far_apart_are_not_told(watched):
    for times in range(12):
        seen = RoomObservation(has_picture=True, is_dark_on_purpose=False, restarts=times)
        assert watched.be(seen, 31) == []


def test_a_database_that_is_away_for_a_minute_is_told_and_its_return(server):
    clock = server._clock
    assert observe(server.observe_database, True, clock, 2) == []
    assert observe(server.observe_database, False, clock, 0.5) == []
    assert observe(server.observe_database, True, clock, 2) == []
    assert observe(server.observe_database, False, clock, 2) == [AlertKind.DATABASE_AWAY]
    assert observe(server.observe_database, True, clock, 2) == [AlertKind.DATABASE_BACK]


def test_redis_that_is_away_for_a_minute_is_told_and_its_return(server):
    clock = server._clock
    assert observe(server.observe_redis, True, clock, 2) == []
    assert observe(server.observe_redis, False, clock, 2) == [AlertKind.REDIS_AWAY]
    assert observe(server.observe_redis, True, clock, 2) == [AlertKind.REDIS_BACK]


def test_a_database_that_has_not_answered_since_the_start_is_told_after_five_minutes(server):
    assert observe(server.observe_database, False, server._clock, 5) == []
    assert observe(server.observe_database, False, server._clock, 1) == [AlertKind.DATABASE_AWAY]


def observe(look, works: bool, clock: ManualClock, minutes: float) -> list[AlertKind]:
    told = []
    for _ in range(round(60 * minutes / STEP_SECONDS)):
        told += look(works, BERLIN)
        clock.pass_(STEP_SECONDS)
    return [alert.kind for alert in told]


@pytest.mark.parametrize(
    ("free", "total", "is_told"),
    [
        (2 * 10**9, 10**12, False),
        (900 * 10**6, 10**12, True),
        (900 * 10**6, 8 * 10**9, False),  # an SD card
        (300 * 10**6, 8 * 10**9, True),
    ],
)
def test_a_disk_that_is_nearly_full_is_told_once(server, free, total, is_told):
    server.observe_disk(DiskSpace("/srv", total, total))
    disk = DiskSpace("/srv", free, total)
    told = [alert for _ in range(100) for alert in server.observe_disk(disk)]
    assert [alert.kind for alert in told] == [AlertKind.DISK_NEARLY_FULL] * is_told
    if is_told:
        assert f"{free // 10**6} MB are free in /srv" in told[0].in_language("en")[1]
