"""A pause and hidden faces apply at once, whatever the database does, and are stored when it can."""

import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import event

from app.clock import SYSTEM_CLOCK
from app.monitor.minute_writer import MinuteWriter
from app.store import room_queries
from app.store.effective_settings import NO_OVERRIDES, CurrentPause, Overrides
from app.store.kept_overrides import keep_overrides, kept_overrides
from app.store.tables import db
from app.web import room_control
from tests.browser import close, sign_in
from tests.postgres import Postgres
from tests.rooms import first_hub, first_live_room
from tests.server import Server, wait_for
from tests.test_server import looks_like_a_card

NOT_STORED = "It could not be stored yet: the server keeps trying."
FORGOTTEN = "A restart before then would forget it."


@contextmanager
def running(folder, **settings):
    """A real server whose camera is online."""
    with Server(folder, settings) as server:
        wait_for(server.is_online)
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """A server with SQLite, which every test leaves without a pause."""
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def other(server) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the server's database."""
    with closing(sqlite3.connect(server.sqlite_path)) as other:
        yield other


def order(server: Server, path: str, **form: str) -> int:
    """Post a form as a program, and give the status of the answer itself, not of where it leads."""
    request = urllib.request.Request(server.url + path, urllib.parse.urlencode(form).encode())
    request.add_header("Authorization", f"Bearer {server.token}")
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def capture_fps(server: Server) -> float:
    return server.get("/api/v1/state").json["camera"]["capture_fps"]


def test_pause_and_hidden_faces_need_no_database_that_can_be_written(server, other, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="Another program locks SQLite's file; faces are hidden and the room is paused meanwhile.",
        seen="Both at once, and that they are not stored yet.",
        lost="Nothing.",
    )
    other.execute("BEGIN EXCLUSIVE")
    assert order(server, "/hide-faces", hide="on") == 202
    assert server.get("/api/v1/state").json["faces_hidden"]
    # the web process shows frosted pictures only, so a picture means that the monitor frosts
    wait_for(lambda: server.get("/snapshot.jpg").status == 200)
    assert order(server, "/pause") == 202
    assert server.get("/snapshot.jpg").status == 503
    state = server.get("/api/v1/state").json
    assert (state["paused"]["by"], state["camera"]["online"]) == ("admin", False)
    wait_for(lambda: capture_fps(server) == 0)  # the monitor obeys
    assert order(server, "/resume") == 503
    assert server.get("/api/v1/state").json["paused"], "to show more needs the database"
    with fault.recovery():
        other.rollback()
        wait_for(lambda: other.execute("SELECT paused_at IS NOT NULL AND hide_faces FROM room").fetchone()[0])
    assert server.log.count("can't be stored yet") == 1
    assert order(server, "/resume") == 302
    assert order(server, "/hide-faces", hide="off") == 302
    wait_for(server.is_online)
    assert not server.get("/api/v1/state").json["faces_hidden"]
    assert len(server.get("/api/v1/minutes").json["pauses"]) == 1


def test_a_pause_needs_no_database_at_all(tmp_path, tmp_path_factory, record_fault):
    postgres = Postgres(tmp_path_factory.mktemp("postgres"))
    if not postgres.is_installed:
        pytest.skip("needs a PostgreSQL server: apt install postgresql")
    with postgres, running(tmp_path / "server", DATABASE_URL=postgres.new_database()) as server:
        fault = record_fault(
            lambda: server.log,
            done="PostgreSQL is stopped, the room paused, PostgreSQL started again.",
            seen="The card of the pause, from the click on.",
            lost="Nothing: the pause is stored afterwards.",
        )
        watching = server.stream()
        wait_for(lambda: not looks_like_a_card(next(watching)))
        postgres.stop()
        try:
            assert order(server, "/pause") == 202
            wait_for(lambda: looks_like_a_card(next(watching)))
            wait_for(lambda: "camera dark, paused" in server.log)  # the monitor obeys
            assert order(server, "/resume") >= 500
            wait_for(lambda: looks_like_a_card(next(watching)))
        finally:
            postgres.start()
        with fault.recovery():
            wait_for(lambda: server.get("/api/v1/state").status == 200)
        state = server.get("/api/v1/state").json
        assert (state["paused"]["by"], state["camera"]["reason"]) == ("admin", "paused")
        wait_for(lambda: capture_fps(server) == 0)
        wait_for(lambda: "hidden faces are stored" in server.log)


@pytest.fixture
def read_only(app, monkeypatch):
    """Let the database take no change, as on a file system that is mounted read-only."""
    monkeypatch.setattr(room_control, "ANSWER_SECONDS", 0.5)
    with app.app_context():
        engine = db.engine
        room_queries.get_or_create_room("Room 7")

    def refuse_changes(connection, _record, _proxy) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(engine, "checkout", refuse_changes)
    engine.dispose()
    return lambda: (event.remove(engine, "checkout", refuse_changes), engine.dispose())


def test_who_pauses_is_told_that_it_is_not_stored_yet(app, api, read_only):
    answer = api.post("/pause", headers={"Accept": "text/html"})
    assert answer.status_code == 202
    assert NOT_STORED in answer.text
    assert api.post("/hide-faces", data={"hide": "on"}).json["detail"].endswith(NOT_STORED)
    assert not api.get("/api/v1/state").json["stored"]
    assert "Resume" in api.get("/").text
    assert api.post("/resume").status_code == 503
    assert first_hub(app).pause.by == "anna"
    read_only()

    def is_stored() -> bool:
        with app.app_context():
            room = room_queries.find_room("Room 7")
            return room.paused_at is not None and room.hide_faces

    wait_for(is_stored)
    wait_for(lambda: api.get("/api/v1/state").json["stored"])


def test_who_pauses_is_told_what_a_restart_would_forget(api, read_only, monkeypatch, caplog):
    def fail(*_):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(room_control, "keep_overrides", fail)
        assert api.post("/pause").json["detail"].endswith(FORGOTTEN)
        assert "No space left on device" in caplog.text
    read_only()
    wait_for(lambda: api.get("/api/v1/state").json["stored"])


def test_a_pause_that_was_never_stored_outlasts_a_kill_and_the_start_after_it(server, other):
    times_online = server.log.count("camera online")
    other.execute("BEGIN EXCLUSIVE")
    assert order(server, "/pause") == 202
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not server.monitor_pids())
    server.launch()
    wait_for(server.answers)
    other.rollback()
    wait_for(lambda: server.get("/api/v1/state").status == 200)
    assert server.get("/api/v1/state").json["paused"]["by"] == "admin"
    wait_for(lambda: "camera dark, paused" in server.log.rpartition("Booting worker")[2])
    wait_for(lambda: server.get("/api/v1/state").json["stored"])
    assert server.log.count("camera online") == times_online, "before the kill"
    assert other.execute("SELECT paused_by FROM room").fetchall() == [("admin",)]
    assert order(server, "/resume") == 302
    wait_for(server.is_online)


def test_the_monitor_reads_an_order_that_was_never_stored_itself(app):
    """In another process than the web's, as with Redis."""
    order = Overrides(CurrentPause(datetime(2026, 11, 20, 10, 41, tzinfo=UTC), "anna"), hide_faces=True)
    keep_overrides(Path(app.instance_path), "room-7", order)
    writer = MinuteWriter(app, first_live_room(app).room_id, SYSTEM_CLOCK)
    try:
        wait_for(lambda: writer.effective_settings)
        assert writer.effective_settings.pause == order.pause
        assert writer.effective_settings.hide_faces
        keep_overrides(Path(app.instance_path), "room-7", NO_OVERRIDES)
        wait_for(lambda: writer.effective_settings.pause is None)
    finally:
        writer.stop(10)


@pytest.mark.parametrize("damaged", ["", "{", "null", "{}", '{"pause": 1, "hide_faces": 0}'])
def test_a_damaged_file_counts_as_a_pause(tmp_path, damaged):
    keep_overrides(tmp_path, "room-7", Overrides(hide_faces=True))
    assert kept_overrides(tmp_path, "room-8") == NO_OVERRIDES
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(damaged)
    kept = kept_overrides(tmp_path, "room-7")
    assert (kept.pause.by, kept.hide_faces) == ("somebody", True)


def test_the_live_page_says_that_a_pause_is_not_stored_until_it_is(server, other, chromium):
    page = chromium.new_page()
    sign_in(page, server)
    status = page.locator("#control-status")
    other.execute("BEGIN EXCLUSIVE")
    page.get_by_role("button", name="Pause for everyone").click()
    expect(status).to_contain_text(NOT_STORED)
    expect(page.locator("#badge")).to_contain_text("paused by admin")
    expect(status).to_be_visible()
    other.rollback()
    expect(status).to_be_hidden()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    close(page.context)
    assert order(server, "/resume") == 302
    wait_for(server.is_online)
