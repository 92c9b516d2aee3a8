"""The database is away, locked, read-only, full or damaged: one log line, and a page that says so."""

import logging
import re
import socket
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from app import create_app
from app.settings import SettingError
from app.store import user_queries
from app.store.tables import db
from tests.forms import csrf_of, signed_in_client
from tests.postgres import Postgres
from tests.server import BIN, PROJECT, Server, wait_for

HTML = {"Accept": "text/html"}


@pytest.fixture
def on_connect():
    """Send statements to SQLite whenever the application connects to it."""
    listeners = []

    def send(statement: str) -> None:
        def listener(connection, _record) -> None:
            if isinstance(connection, sqlite3.Connection):
                connection.execute(statement)

        listeners.append(listener)
        event.listen(Engine, "connect", listener)

    yield send
    for listener in listeners:
        event.remove(Engine, "connect", listener)


def lines_of(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("app")]


def database_word(client) -> str:
    return client.get("/readyz").json["database"]


def assert_sorry(answer, words: str) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert words in answer.text


def test_a_database_that_is_away_is_one_log_line_and_a_page_that_needs_nothing(
    make_app, tmp_path_factory, caplog
):
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    if not server.is_installed:
        pytest.skip("needs a PostgreSQL server: apt install postgresql")
    caplog.set_level(logging.INFO)
    with server:
        app = make_app(DATABASE_URL=server.new_database())
        browser = signed_in_client(app)
        with app.app_context():
            token = user_queries.create_token(user_queries.find_user("admin"), app.config["STARTED_AT"])
        caplog.clear()
        server.stop()
        try:
            for path in ("/", "/lectures", "/lectures/1", "/settings", "/notice"):
                assert_sorry(browser.get(path, headers=HTML), "Not available right now")
            for path in ("/api/v1/state", "/api/v1/minutes", "/api/v1/lectures/1/report"):
                answer = app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
                assert_sorry(answer, "The database can't be used right now.")
                assert answer.content_type == "application/problem+json"
            for _ in range(16):
                browser.get("/", headers=HTML)
            assert database_word(browser) == "unreachable"
            assert browser.get("/healthz").status_code == 200
            assert len(lines_of(caplog)) == 1, lines_of(caplog)
            assert "Connection refused" in caplog.text
        finally:
            server.start()
        wait_for(lambda: len(lines_of(caplog)) > 1)
        assert lines_of(caplog)[1:] == ["the database works again"]
        assert browser.get("/", headers=HTML).status_code == 200
        assert database_word(browser) == "ok"
        with app.app_context():
            db.engine.dispose()


def test_a_postgresql_that_never_answers_holds_no_request_for_minutes(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgres://aula@127.0.0.1:{silent.getsockname()[1]}/aula"
        app = create_app(
            {"DATABASE_URL": address, "SECRET_KEY": "a key for tests only"}, tmp_path / "instance"
        )
        app.config["TESTING"] = True
        began = time.monotonic()
        assert database_word(app.test_client()) == "unreachable"
        assert time.monotonic() - began < 30


def test_a_locked_database_is_busy(make_app, tmp_path, on_connect):
    on_connect("PRAGMA busy_timeout=100")
    path = tmp_path / "locked.sqlite"
    browser = signed_in_client(make_app(DATABASE_URL=f"sqlite:///{path}"))
    lock = sqlite3.connect(path)
    lock.execute("BEGIN IMMEDIATE")
    try:
        assert_sorry(start_lecture(browser), "The database is busy.")
        assert database_word(browser) == "busy"
    finally:
        lock.close()
    assert start_lecture(browser).status_code == 302


def start_lecture(browser):
    form = {"title": "Algebra", "course": "", "csrf_token": csrf_of(browser.get("/", headers=HTML).text)}
    return browser.post("/lectures", data=form, headers=HTML)


def test_a_read_only_database_is_found_by_readyz_and_pages_can_still_be_read(make_app, on_connect):
    app = make_app()
    browser = signed_in_client(app)
    assert browser.get("/", headers=HTML).status_code == 200
    on_connect("PRAGMA query_only=ON")
    with app.app_context():
        db.engine.dispose()
    assert database_word(browser) == "not_writable"
    assert browser.get("/", headers=HTML).status_code == 200
    assert_sorry(start_lecture(browser), "Not available right now")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes: the empty database takes nearly one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    with suppress(OSError), (folder / "film").open("wb", 0) as file:
        while True:
            file.write(bytes(1024))


def test_a_full_disk_is_found_by_readyz(make_app, small_disk):
    browser = signed_in_client(make_app(DATABASE_URL=f"sqlite:///{small_disk / 'full.sqlite'}"))
    assert database_word(browser) == "ok"
    fill(small_disk)
    wait_for(lambda: database_word(browser) == "not_writable")  # it writes once a second
    (small_disk / "film").unlink()
    wait_for(lambda: database_word(browser) == "ok")


def make_damaged(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


@pytest.mark.parametrize(
    ("break_database", "why"),
    [(make_damaged, "file is not a database"), (Path.mkdir, "unable to open database file")],
)
def test_a_database_that_cannot_be_used_at_start_is_one_sentence(tmp_path, break_database, why):
    path = tmp_path / "broken.sqlite"
    break_database(path)
    server = Server(tmp_path / "server", {"DATABASE_URL": f"sqlite:///{path}"})
    upgrade = subprocess.run(
        [BIN / "flask", "--app", "wsgi", "db", "upgrade"],
        cwd=PROJECT,
        env=server.environment,
        capture_output=True,
        text=True,
    )
    assert upgrade.returncode == 1
    said = upgrade.stderr.strip().splitlines()[-1]
    assert f"Aula can't use its database: {why}. Check DATABASE_URL" in said
    assert "Traceback" not in upgrade.stderr
    try:
        server.launch()
        wait_for(server.answers)
        wait_for(lambda: said.removeprefix("Error: ") in server.log)
        assert server.get("/readyz").json["database"] == "unreachable"
        assert "Traceback" not in server.log
    finally:
        server.stop()


COMMANDS = (
    ("user", "create", "bob", "--password", "a long password"),
    ("user", "password", "admin", "--password", "a long password"),
    ("token", "create", "admin"),
    ("report", "export", "1"),
    ("analyse", "missing.jpg", "--out", "out"),
    ("purge",),
)


def unmigrated(path: Path) -> None:
    path.touch()


def half_migrated(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for table in ("user", "room", "lecture"):
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("break_database", "why"),
    [
        (unmigrated, "no such table: .*Run: flask --app wsgi db upgrade"),
        (half_migrated, "no such column: .*Run: flask --app wsgi db upgrade"),
        (make_damaged, "file is not a database. Check DATABASE_URL"),
        (Path.mkdir, "unable to open database file. Check DATABASE_URL"),
    ],
)
def test_each_command_says_in_one_line_why_the_database_fails(tmp_path, break_database, why, words):
    path = tmp_path / "broken.sqlite"
    break_database(path)
    app = create_app({"DATABASE_URL": f"sqlite:///{path}"}, tmp_path / "instance")
    said = app.test_cli_runner().invoke(args=words)
    assert said.exit_code == 1
    assert re.fullmatch(f"Error: Aula can't use its database: {why}.*\n", said.output)


def test_each_command_says_in_one_line_that_postgresql_is_not_migrated(postgres, tmp_path):
    app = create_app({"DATABASE_URL": postgres.empty_database()}, tmp_path / "instance")
    for words in COMMANDS:
        said = app.test_cli_runner().invoke(args=words)
        assert said.exit_code == 1
        assert "Traceback" not in said.output
        assert "Run: flask --app wsgi db upgrade" in said.output


def test_a_command_says_that_the_database_is_locked(make_app, tmp_path, on_connect):
    on_connect("PRAGMA busy_timeout=100")
    path = tmp_path / "locked.sqlite"
    app = make_app(DATABASE_URL=f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        said = app.test_cli_runner().invoke(args=["purge"])
    assert (said.exit_code, said.output.count("\n")) == (1, 1)
    assert "database is locked. Another program holds it. Try again in a moment." in said.output


def test_an_instance_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "instance").write_text("a file")
    with pytest.raises(SettingError, match="can't be used: File exists"):
        create_app({}, tmp_path / "instance")
