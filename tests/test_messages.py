"""Messages through real servers: mail, webhooks, retries, and what never gets out."""

import base64
import contextlib
import hmac
import logging
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.bus.live_reading import LiveReading
from app.bus.messages import AnnotatedPicture
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.language import Translatable
from app.notify import post
from app.notify.alert import Alert, AlertKind
from app.notify.post import Notification, NotSent
from app.notify.sender import RETRY_SECONDS, Sender
from app.notify.webhook import signature_headers
from app.store import recording_queries, room_queries
from app.store.effective_settings import first_room
from app.store.recording_queries import NewRecording
from app.store.scope import EVERYTHING
from app.store.tables import db
from app.web.alert_watch import AlertWatch
from tests.manual_clock import ManualClock
from tests.message_receivers import MAIL_PASSWORD, MailServer, WebhookReceiver
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server, wait_for
from tests.test_hub import BLACK, ONLINE, status
from tests.test_pause import PAUSED

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "5ecb0f7d" * 8


def alert(number: int = 1) -> Alert:
    return Alert(
        AlertKind.DARK,
        NOON,
        Translatable("%(room)s: the picture is back", room=f"Übungsraum {number}"),
        (Translatable("Nothing is analysed or recorded until the picture is back."),),
        number,
        f"Übungsraum {number}",
        {"reason": "stopped"},
    )


MESSAGE = Notification((alert(),), "en")


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server


@pytest.fixture
def web():
    with WebhookReceiver() as server:
        yield server


def webhook(web: WebhookReceiver, secret: str = SECRET) -> str:
    return f"webhook+http://{secret}@{web.host}/aula?room=7"


def test_a_mail_arrives_in_the_room_s_language(mail):
    post.post(mail.address(), Notification((alert(),), "de"))
    assert mail.texts() == [
        (
            "Übungsraum 1: Das Bild ist wieder da",
            "Bis das Bild wieder da ist, wird nichts ausgewertet oder aufgezeichnet.",
        )
    ]


def test_alerts_of_the_same_moment_are_one_mail(mail):
    post.post(mail.address(), Notification((alert(1), alert(2), alert(3)), "en"))
    ((subject, text),) = mail.texts()
    assert subject == "Übungsraum 1: the picture is back (and 2 more)"
    assert all(f"Übungsraum {number}: the picture" in text for number in (1, 2, 3))


def test_a_wrong_mail_password_is_named_and_never_shown(mail):
    with pytest.raises(NotSent) as problem:
        post.post(mail.address("wr0ng-pa55word"), MESSAGE)
    assert "535" in str(problem.value)
    assert "wr0ng" not in str(problem.value)
    assert mail.received == []


def test_a_webhook_is_signed_so_that_a_receiver_can_check_it_in_five_lines(web):
    post.post(webhook(web), MESSAGE)
    (received,) = web.received
    headers, body = received.headers, received.body

    # as in docs/messages.md
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(base64.b64decode(SECRET), signed, "sha256")
    is_from_aula = hmac.compare_digest(
        f"v1,{base64.b64encode(expected).decode()}", headers["webhook-signature"]
    )
    is_new = abs(time.time() - int(headers["webhook-timestamp"])) < 300

    assert is_from_aula
    assert is_new
    assert received.path == "/aula?room=7"
    assert received.json == {
        "kind": "dark",
        "at": "2026-11-20T12:00:00Z",
        "room_id": 1,
        "room": "Übungsraum 1",
        "title": "Übungsraum 1: the picture is back",
        "text": "Nothing is analysed or recorded until the picture is back.",
        "data": {"reason": "stopped"},
    }


def test_the_signature_is_that_of_the_specification():
    """The example of https://github.com/standard-webhooks/standard-webhooks, libraries/python/tests."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_sent_again_has_the_same_id(web):
    post.post(webhook(web), MESSAGE)
    post.post(webhook(web), MESSAGE)
    assert len({received.headers["webhook-id"] for received in web.received}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("make", [webhook, lambda web: f"json://{web.host}/aula"], ids=["webhook", "json"])
def test_a_redirect_is_not_followed(web, status, make):
    with WebhookReceiver() as elsewhere:
        web.status, web.location = status, f"http://{elsewhere.host}/stolen"
        with pytest.raises(NotSent, match=str(status)):
            post.post(make(web), MESSAGE)
        assert elsewhere.received == []


def test_a_receiver_that_refuses_or_is_away_is_named_without_the_secret(web):
    web.status = 500
    with pytest.raises(NotSent, match="500"):
        post.post(webhook(web), MESSAGE)
    with pytest.raises(NotSent, match="refused") as problem:
        post.post(f"webhook+http://{SECRET}@127.0.0.1:9/x", MESSAGE)
    assert SECRET not in str(problem.value)


def test_the_server_never_loads_apprise(app):
    assert "apprise" not in sys.modules


@pytest.mark.parametrize(
    "address",
    [
        "workflows://127.0.0.1:443/abcdefworkflow/secretsecret/?template={file}",
        "pushy://apikey/device/?attach={file}",
        "json://{host}/x?:secret={file}",
    ],
)
def test_no_address_reads_a_file_of_the_server(web, tmp_path, address):
    file = tmp_path / "secret"
    file.write_text("the content of a file")
    with contextlib.suppress(NotSent):
        post.post(address.format(file=file, host=web.host), MESSAGE)
    assert all(b"the content of a file" not in received.body for received in web.received)


@pytest.mark.parametrize(
    "attempt",
    [
        "open({file!r}).read()",
        "open({file!r}, 'w')",
        "__import__('os').open({file!r}, 0)",
        "__import__('subprocess').run(['true'])",
        "__import__('os').system('true')",
    ],
)
def test_the_process_that_sends_opens_no_file_and_runs_no_program(tmp_path, attempt):
    """Whatever one of Apprise's 260 services tries."""
    file = tmp_path / "secret"
    file.write_text("secret")
    code = f"import sys; from app.notify.__main__ import _confine; sys.addaudithook(_confine); {attempt}"
    with pytest.raises(AssertionError, match="PermissionError"):
        run_python(code.format(file=str(file)))
    assert file.read_text() == "secret"


def run_python(code: str) -> None:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_server_that_can_start_no_process_says_so(web, monkeypatch):
    monkeypatch.setattr(post.sys, "executable", "/nowhere/python")
    with pytest.raises(NotSent, match="can't start another process: No such file"):
        post.post(webhook(web), MESSAGE)
    assert web.received == []


def test_the_process_that_sends_gets_no_secret_of_the_server(web, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    environments = []

    def run(*_: object, **options) -> None:
        environments.append(options["env"])
        raise subprocess.TimeoutExpired("app.notify", 1)

    monkeypatch.setattr(post.subprocess, "run", run)
    with pytest.raises(NotSent, match="in time"):
        post.post(webhook(web), MESSAGE)
    assert "PATH" in environments[0]
    assert "SECRET_KEY" not in environments[0]


def test_a_message_holds_no_picture_and_no_figure_about_people(app, web):
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(room, notify=[webhook(web)])
    clock = ManualClock()
    process = WebProcess(app, clock)
    reading = LiveReading(NOON, 4711, 4711, None, None, None, suppressed=False)
    for is_online in [True] * 3 + [False] * 35 + [True] * 10:
        process.hub.receive(AnnotatedPicture(b"drawn faces", captured_at=1000, size=(640, 360)))
        process.hub.receive(replace(status(ONLINE if is_online else BLACK), live=reading))
        process.watch.look()
        process.watch.sender.send_due()
        clock.pass_(10)
    assert kinds(web) == ["dark", "back"]
    dark, back = (received.json for received in web.received)
    assert dark["text"] == (
        "The picture is black\nThe lens is covered.\n"
        "Nothing is analysed or recorded until the picture is back."
    )
    assert set(dark["data"]) == {"reason", "since"}
    assert set(back["data"]) == {"from", "to"}
    assert all(b"4711" not in received.body and b"drawn" not in received.body for received in web.received)


class Receiver:
    """Takes messages, or fails, as told."""

    def __init__(self) -> None:
        self.is_away = False
        self.got: list[tuple[float, str, Notification]] = []
        self.tries = 0
        self.clock = ManualClock()
        self.sender = Sender(self.clock, lambda: False, self.take)

    def take(self, address: str, notification: Notification) -> None:
        self.tries += 1
        if self.is_away:
            raise NotSent("It answered 500.")
        self.got.append((self.clock.seconds, address, notification))

    def wait(self, seconds: float) -> None:
        until = self.clock.seconds + seconds
        while self.clock.seconds < until:
            self.sender.send_due()
            self.clock.pass_(1)


def test_a_message_that_fails_is_sent_again_and_the_log_has_two_lines(caplog):
    caplog.set_level(logging.INFO)
    receiver = Receiver()
    receiver.is_away = True
    address = "mailto://aula:pa55word@school.org"
    receiver.sender.put(address, MESSAGE)
    receiver.wait(200)
    assert receiver.got == []
    receiver.is_away = False
    receiver.wait(400)
    assert [notification for _, _, notification in receiver.got] == [MESSAGE]
    assert [record.getMessage() for record in caplog.records] == [
        "messages to mailto://aula:…@school.org can't be sent, trying for an hour: It answered 500.",
        "messages to mailto://aula:…@school.org are sent again",
    ]


def test_a_message_is_dropped_after_an_hour_and_the_next_one_is_tried(caplog):
    receiver = Receiver()
    receiver.is_away = True
    receiver.sender.put("ntfy://a", MESSAGE)
    receiver.wait(4000)
    assert receiver.tries == len(RETRY_SECONDS) + 1
    receiver.is_away = False
    receiver.sender.put("ntfy://a", Notification((alert(2),), "en"))
    receiver.wait(2)
    assert [notification.alerts[0].room for _, _, notification in receiver.got] == ["Übungsraum 2"]
    assert len(caplog.records) == 1


def test_one_address_that_fails_does_not_hold_up_another():
    receiver = Receiver()
    real_take = receiver.take

    def take(address: str, notification: Notification) -> None:
        receiver.is_away = address == "ntfy://away"
        real_take(address, notification)

    receiver.sender._send = take
    receiver.sender.put("ntfy://away", MESSAGE)
    receiver.sender.put("ntfy://there", MESSAGE)
    receiver.wait(1)
    assert [address for _, address, _ in receiver.got] == ["ntfy://there"]


def test_no_more_than_twenty_messages_wait_for_an_address():
    receiver = Receiver()
    receiver.is_away = True
    for number in range(100):
        receiver.sender.put("ntfy://a", Notification((alert(number),), "en"))
    receiver.wait(1)
    receiver.is_away = False
    receiver.wait(100)
    rooms = [notification.alerts[0].room_id for _, _, notification in receiver.got]
    assert rooms == list(range(80, 100))


def test_a_camera_that_goes_dark_and_comes_back_is_told_by_mail_and_webhook(tmp_path, mail, web):
    with MjpegCamera() as camera:
        settings = {
            "CAMERA": camera.url,
            "STALL_SECONDS": "1",
            "ROOM": "Übungsraum",
            "LANGUAGE": "de",
            "TIMEZONE": "Europe/Berlin",
            "NOTIFY": f"{mail.address()}, {webhook(web)}",
        }
        server = Server(tmp_path / "server", settings)
        try:
            server.start("-c", "tests/quick_alerts.conf.py")
            wait_for(server.is_online)
            assert mail.received == []
            camera.hang()
            wait_for(lambda: mail.received and web.received)
            camera.resume()
            wait_for(lambda: len(mail.received) > 1 and len(web.received) > 1)
        finally:
            server.stop()
    (dark_subject, dark_text), (back_subject, _), *_ = mail.texts()
    assert dark_subject.startswith("Übungsraum: kein Bild seit ")
    assert "Prüfen Sie" in dark_text
    assert back_subject == "Übungsraum: Das Bild ist wieder da"
    assert [received.json["kind"] for received in web.received[:2]] == ["dark", "back"]
    assert web.received[0].json["data"]["reason"] == "timed_out"
    assert MAIL_PASSWORD not in server.log
    assert SECRET not in server.log


def kinds(web: WebhookReceiver) -> list[str]:
    return [received.json["kind"] for received in web.received]


class WebProcess:
    """What one of several web processes sees and tells."""

    def __init__(self, app, clock: ManualClock) -> None:
        self.watch = AlertWatch(app, clock, lambda: False)
        with app.app_context():
            room = first_room()
            self.hub = app.extensions["rooms"].get(room, room.slug).hub
        self.hub.monitor_started()
        self.events: list[AlertKind] = []

    def look(self, camera: CameraState) -> None:
        before = self.hub.alert
        self.hub.receive(status(camera))
        self.watch.look()
        if self.hub.alert is not before:
            self.events.append(self.hub.alert.kind)
        self.watch.sender.send_due()


def test_of_several_web_processes_one_tells_and_after_its_end_another(make_app, redis, postgres, web):
    clock = ManualClock()
    settings = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.new_database(), "NOTIFY": webhook(web)}
    one, *others = (WebProcess(make_app(**settings), clock) for _ in range(3))

    def pass_(minutes: int, camera: CameraState, *processes: WebProcess) -> list[str]:
        """Look every ten seconds; gives what was told meanwhile."""
        web.received.clear()
        for _ in range(6 * minutes):
            for process in processes:
                process.look(camera)
            clock.pass_(10)
        return kinds(web)

    assert pass_(2, ONLINE, one, *others) == []
    assert pass_(7, BLACK, one, *others) == ["dark"]
    assert all(each.events == ["dark"] for each in (one, *others)), "programs hear it from any process"
    one.watch.end()
    assert pass_(2, ONLINE, *others) == ["back"]
    redis.stop()
    try:
        assert pass_(7, BLACK, *others) == ["redis_away"], "the cause, not each room"
    finally:
        redis.start()
    assert pass_(2, ONLINE, *others) == ["redis_back"]


def test_a_paused_room_is_not_told(make_app, web):
    clock = ManualClock()
    process = WebProcess(make_app(NOTIFY=webhook(web)), clock)
    process.hub.apply_settings(PAUSED)
    for camera in [ONLINE] * 3 + [BLACK] * 100:
        process.look(camera)
        clock.pass_(10)
    assert web.received == []


def test_a_monitor_that_ends_again_and_again_is_told(make_app, web):
    clock = ManualClock()
    process = WebProcess(make_app(NOTIFY=webhook(web)), clock)
    for _ in range(5):
        process.look(ONLINE)
        clock.pass_(10)
        process.hub.monitor_ended()
        process.hub.monitor_started()
    assert kinds(web) == ["monitor_restarts"]


def test_a_database_that_goes_away_and_comes_back_is_told(make_app, postgres, web):
    clock = ManualClock()
    process = WebProcess(make_app(NOTIFY=webhook(web), DATABASE_URL=postgres.new_database()), clock)

    def is_told(kind: AlertKind) -> bool:
        process.look(ONLINE)
        clock.pass_(10)
        return kind in kinds(web)

    assert not is_told(AlertKind.DATABASE_BACK)
    postgres.stop()
    try:
        wait_for(lambda: is_told(AlertKind.DATABASE_AWAY))
    finally:
        postgres.start()
    wait_for(lambda: is_told(AlertKind.DATABASE_BACK))
    assert kinds(web) == ["database_away", "database_back"]


def test_rooms_are_told_to_their_own_addresses_and_the_server_to_all_of_them_without_notify(app, web):
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(room, notify=[webhook(web)], language="de")
    clock = ManualClock()
    process = WebProcess(app, clock)
    for camera in [ONLINE] * 3 + [BLACK] * 40:
        process.look(camera)
        clock.pass_(10)
    assert web.received[0].json["title"].startswith("Room 7: kein Bild seit")
    with app.app_context():
        db.session.execute(text("DROP TABLE alembic_version"))
        db.session.commit()
    for _ in range(30):
        process.watch.look()
        process.watch.sender.send_due()
        clock.pass_(10)
        time.sleep(0.1)  # the database is tried once a second
    assert "erreicht seine Datenbank nicht" in web.received[1].json["title"]
    assert web.received[1].json["room_id"] is None


def test_the_watch_goes_on_after_an_error_of_its_own(app, monkeypatch, caplog):
    looks = []

    def disk_usage(folder: str) -> SimpleNamespace:
        looks.append(folder)
        if len(looks) == 1:
            raise OSError("the folder is gone")
        return SimpleNamespace(total=10**12, free=10**12)

    monkeypatch.setattr("app.web.alert_watch.shutil.disk_usage", disk_usage)
    watch = AlertWatch(app, ManualClock(), lambda: len(looks) >= 3)
    watch.start()
    wait_for(lambda: len(looks) >= 3)
    watch.join()
    assert "the thread alert-watch failed and starts again" in caplog.text


def test_whoever_gets_messages_hears_once_that_a_recording_was_read_or_failed(make_app, web):
    app = make_app(NOTIFY=webhook(web))
    with app.app_context():
        for title in ("Algebra", "Geometry"):
            new = NewRecording(title, "", None, "a.mp4", 10)
            recording_queries.add_recording(first_room(), None, new, SYSTEM_CLOCK.now())
        read, failed = recording_queries.visible_recordings(EVERYTHING)
        recording_queries.finish(read)
        recording_queries.fail(failed, Translatable("The file %(path)s is text.", path="a.mp4"))
    watch = AlertWatch(app, ManualClock(), lambda: False)
    watch.look()
    watch.look()
    watch.sender.send_due()
    told = wait_for(lambda: len(web.received) == 2 and [each.json for each in web.received])
    assert sorted(each["kind"] for each in told) == ["recording_failed", "recording_read"]
    texts = "\n".join(each["title"] + each["text"] for each in told)
    assert "The page Lectures says why." in texts
    assert "a.mp4" not in texts
    assert "Algebra" not in texts
    assert "Geometry" not in texts
