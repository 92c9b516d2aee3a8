"""Backups: `flask backup FILE` and `flask restore FILE`, on SQLite and PostgreSQL."""

import gzip
import json
import resource
import subprocess
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, String, Time, select, text

from app import create_app
from app.store import backup as backups
from app.store import room_queries, user_queries
from app.store.backup import NOT_KEPT
from app.store.tables import Lecture, Minute, Room, User, UTCDateTime, db
from tests.server import BIN, PROJECT, Server, wait_for

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
KINDS = ["sqlite", "postgresql"]


@pytest.fixture
def new_app(tmp_path, request):
    """Make an application on a new, empty database of a kind."""

    def make(kind: str):
        number = len(list(tmp_path.iterdir()))
        url = f"sqlite:///{tmp_path / f'{number}.sqlite'}"
        if kind == "postgresql":
            url = request.getfixturevalue("postgres").empty_database()
        environment = {"SECRET_KEY": "a key for tests only", "DATABASE_URL": url}
        return create_app(environment, tmp_path / f"instance{number}")

    return make


def run(app, *words: str, **options):
    return app.test_cli_runner().invoke(args=words, **options)


def filled(app):
    """The application with rows in every table, one of them with every column that may be NULL left so."""
    assert run(app, "db", "upgrade").exit_code == 0
    with app.app_context(), db.engine.begin() as connection:
        for table in db.metadata.sorted_tables:
            for number in (1, 2):
                connection.execute(table.insert(), _row(table, number))
    return app


def _row(table, number: int) -> dict:
    row = {column.name: _value(column, number) for column in table.columns}
    if number == 2:  # a Boolean column may be unique, as `User.from_set_up_link` is
        row |= {column.name: None for column in table.columns if column.nullable}
    return row


def _value(column, number: int):
    if column.primary_key and not column.foreign_keys:
        return number * 7
    if column.foreign_keys:
        return number * 7
    if isinstance(column.type, UTCDateTime):
        return NOW - timedelta(days=number, microseconds=1)
    if isinstance(column.type, String):
        return f'Größe\n"{number}" 😀'[: column.type.length]
    if isinstance(column.type, LargeBinary):
        return b"key"
    if isinstance(column.type, JSON):
        return [[0.1, 0.2], "ü"]
    if isinstance(column.type, Time):
        return time(8, 15)
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Float):
        return 1 / 3
    assert isinstance(column.type, Integer), column
    return 2**31 - number


def contents(app) -> dict[str, list[tuple]]:
    """Every row of every table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in db.metadata.sorted_tables
            if table.name not in NOT_KEPT
        }


def backup_of(app, path: Path) -> Path:
    result = run(app, "backup", str(path))
    assert result.exit_code == 0, result.output
    return path


def without_audit(tables: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """The rows but for what a restore itself writes down."""
    return {name: rows for name, rows in tables.items() if name != "audit_entry"}


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_row_of_every_table_comes_back_on_the_same_and_on_the_other_kind_of_database(
    new_app, tmp_path, source, target
):
    before, after = filled(new_app(source)), new_app(target)
    file = backup_of(before, tmp_path / "aula.backup")
    result = run(after, "restore", str(file))
    assert result.exit_code == 0, result.output
    rows = contents(before)
    assert all(len(of_table) == 2 for of_table in rows.values())
    assert without_audit(contents(after)) == without_audit(rows)
    assert set(contents(after)["audit_entry"]) > set(rows["audit_entry"])
    assert f"{2 * len(rows)} rows (" in result.output
    with after.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM room WHERE areas IS NULL")) == 1, (
            "not JSON's null"
        )
        assert room_queries.get_or_create_room("Another").id > 14, "a new row has a number of its own"


def test_a_backup_made_on_sqlite_serves_the_same_report_on_postgresql(start_server, postgres, tmp_path):
    old = start_server(CAMERA="demo")
    lecture = old.get("/api/v1/lectures", method="POST", send={"title": "Größenlehre"}).json
    wait_for(lambda: old.get(f"/api/v1/lectures/{lecture['id']}/minutes").json["minutes"])
    old.flask("backup", str(tmp_path / "aula.backup"))  # while it reads and writes
    old.stop()
    new = Server(
        tmp_path / "new", {"DATABASE_URL": postgres.empty_database(), "ROOM": old.environment["ROOM"]}
    )
    new.flask("restore", str(tmp_path / "aula.backup"))
    new.token = old.token
    with new:
        assert [each["title"] for each in new.get("/api/v1/lectures").json["lectures"]] == ["Größenlehre"]
        assert new.get(f"/api/v1/lectures/{lecture['id']}/report").json["minutes"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_the_database_of_one_moment_while_a_server_writes(new_app, kind):
    app = filled(new_app(kind))
    with app.app_context(), db.engine.connect() as connection:
        lines = backups.dump(connection, NOW)
        header = next(lines)
        with db.engine.begin() as other:
            other.execute(Minute.__table__.delete())
            other.execute(text("UPDATE \"user\" SET name = 'changed' WHERE id = 7"))
            other.execute(Room.__table__.insert(), [{"id": 99, "name": "New", "slug": "new"}])
        rows = [line for line in lines if not isinstance(line[0], str)]
    assert header["rows"] == dict.fromkeys(header["rows"], 2)
    assert len(rows) == sum(header["rows"].values())
    assert not any("changed" in row for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_of_an_older_version_is_restored_and_migrated(new_app, tmp_path, kind):
    old = new_app(kind)
    assert run(old, "db", "upgrade", "0009").exit_code == 0
    with old.app_context(), db.engine.begin() as connection:
        for statement in (
            "INSERT INTO room (id, name, hidden_by_administrator) VALUES (3, 'Room 7', false)",
            "INSERT INTO \"user\" (id, name, password_hash) VALUES (5, 'anna', 'x')",
            "INSERT INTO lecture (id, room_id, title, course, started_at, ended_by_itself) "
            "VALUES (1, 3, 'Algebra', '', '2026-11-20 12:00:00+00:00', false)",
            "INSERT INTO note (id, lecture_id, at, text) VALUES (1, 1, '2026-11-20 12:00:00+00:00', 'Test')",
        ):
            connection.execute(text(statement.replace("+00:00", "") if kind == "sqlite" else statement))
    file = backup_of(old, tmp_path / "aula.backup")
    new = new_app("postgresql" if kind == "sqlite" else "sqlite")
    assert run(new, "restore", str(file)).exit_code == 0
    with new.app_context():
        lecture = db.session.get(Lecture, 1)
        assert (lecture.title, lecture.room.slug, lecture.owner.name) == ("Algebra", "room-7", "anna")
        assert lecture.started_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        assert db.session.scalar(text("SELECT count(*) FROM note")) == 1, "no migration deletes what refers"


@pytest.mark.parametrize("kind", KINDS)
def test_only_an_empty_database_is_filled_unless_it_is_to_be_replaced(new_app, tmp_path, kind):
    file = backup_of(filled(new_app("sqlite")), tmp_path / "aula.backup")
    app = new_app(kind)
    assert run(app, "db", "upgrade").exit_code == 0
    assert run(app, "restore", str(file)).exit_code == 0, "it was migrated and held nothing"
    with app.app_context():
        user_queries.set_password("later", "a long password")
    held = contents(app)
    result = run(app, "restore", str(file))
    assert (result.exit_code, "The database is not empty." in result.output) == (1, True)
    assert contents(app) == held
    assert run(app, "restore", "--replace", str(file)).exit_code == 0
    with app.app_context():
        assert user_queries.find_user("later") is None
        assert user_queries.find_user(_value(User.__table__.c.name, 1)) is not None


def changed(data: bytes, change) -> bytes:
    """A backup whose lines were changed."""
    lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    change(lines)
    return gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def drop_a_user(lines: list) -> None:
    """Leave out a row that others refer to."""
    lines[0]["rows"]["user"] -= 1
    (columns,) = (number for number, line in enumerate(lines) if "password_hash" in line)
    del lines[columns + 1]


BAD_FILES = {
    "empty": (lambda data: b"", "is no backup"),
    "text": (lambda data: b"minute;faces\n", "is no backup"),
    "gzip of something else": (lambda data: gzip.compress(b"[1]\n"), "is no backup"),
    "gzip without a line end": (lambda data: gzip.compress(bytes(2**24)), "is no backup"),
    "truncated": (lambda data: data[: len(data) // 2], "damaged or incomplete"),
    "without its last byte": (lambda data: data[:-1], "damaged or incomplete"),
    "with a flipped bit": (lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:], "damaged"),
    "with a number that no database holds": (
        lambda data: changed(data, lambda lines: lines[2].__setitem__(0, 2**70)),
        "The backup ",
    ),
    "with a value that is nested without end": (
        lambda data: gzip.compress(gzip.decompress(data).splitlines()[0] + b"\n" + b"[" * 100_000),
        "damaged",
    ),
    "without its last row": (lambda data: changed(data, lambda lines: lines.pop()), "damaged"),
    "with a row too many": (lambda data: changed(data, lambda lines: lines.append([1])), "damaged"),
    "with an unknown column": (lambda data: changed(data, lambda lines: lines[1].append("x")), "damaged"),
    "without a user to whom others refer": (lambda data: changed(data, drop_a_user), "The backup "),
    "with a row twice": (
        lambda data: changed(data, lambda lines: lines.__setitem__(3, lines[2])),
        "doesn't fit table",
    ),
    "of a newer database": (
        lambda data: changed(data, lambda lines: lines[0].update(revision="9999", version="7.0")),
        "made by Aula 7.0",
    ),
    "of a newer format": (
        lambda data: changed(data, lambda lines: lines[0].update(aula_backup=2)),
        "newer format",
    ),
}


@pytest.fixture
def target(new_app, tmp_path, request):
    """A database that holds something, and a good backup of another one."""
    data = backup_of(filled(new_app("sqlite")), tmp_path / "good.backup").read_bytes()
    app = new_app(request.param)
    assert run(app, "db", "upgrade").exit_code == 0
    with app.app_context():
        user_queries.set_password("anna", "a long password")
    return app, data


@pytest.mark.parametrize("target", KINDS, indirect=True)
def test_a_bad_file_gets_one_sentence_and_leaves_the_database_as_it_was(target, tmp_path):
    app, data = target
    held = contents(app)
    for name, (spoil, words) in BAD_FILES.items():
        (tmp_path / "bad.backup").write_bytes(spoil(data))
        result = run(app, "restore", "--replace", str(tmp_path / "bad.backup"))
        assert result.exit_code == 1, name
        assert words in result.output, (name, result.output)
        assert len(result.output.splitlines()) == 1, (name, result.output)
        assert contents(app) == held, name
    missing = run(app, "restore", str(tmp_path / "none.backup"))
    assert "none.backup can't be read: No such file or directory." in missing.output


def test_a_database_of_another_program_or_a_newer_version_is_left_alone(new_app, tmp_path):
    file = backup_of(filled(new_app("sqlite")), tmp_path / "aula.backup")
    other = new_app("sqlite")
    with other.app_context(), db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE room (number INTEGER)"))
    assert "tables that `flask db upgrade` did not make" in run(other, "restore", str(file)).output
    newer = filled(new_app("sqlite"))
    with newer.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    held = contents(newer)
    assert "of a newer version than Aula" in run(newer, "restore", "--replace", str(file)).output
    assert "of a newer version than Aula" in run(newer, "backup", str(tmp_path / "b")).output
    assert contents(newer) == held
    assert not (tmp_path / "b").exists()


def test_a_backup_is_for_its_owner_alone_and_overwrites_nothing(new_app, tmp_path):
    app = filled(new_app("sqlite"))
    file = backup_of(app, tmp_path / "aula.backup")
    assert file.stat().st_mode & 0o777 == 0o600
    data = file.read_bytes()
    assert "exists already" in run(app, "backup", str(file)).output
    assert file.read_bytes() == data


def test_a_full_disk_leaves_no_part_of_a_backup(new_app, tmp_path):
    app = filled(new_app("sqlite"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        result = run(app, "backup", str(tmp_path / "aula.backup"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {tmp_path / 'aula.backup'} can't be written: ")
    assert not (tmp_path / "aula.backup").exists()


def test_an_empty_database_is_not_backed_up(new_app, tmp_path):
    assert "nothing to back up" in run(new_app("sqlite"), "backup", str(tmp_path / "b")).output
    assert not (tmp_path / "b").exists()


def test_a_backup_goes_through_a_pipe(new_app, tmp_path):
    before = filled(new_app("sqlite"))
    url = f"sqlite:///{tmp_path / 'after.sqlite'}"
    command = f"{BIN / 'flask'} --app wsgi"
    subprocess.run(
        f"{command} backup - | DATABASE_URL={url} {command} restore -",
        shell=True,
        check=True,
        cwd=PROJECT,
        env={
            "PATH": "/usr/bin:/bin",
            "SECRET_KEY": "a key for tests only",
            "DATABASE_URL": before.config["SQLALCHEMY_DATABASE_URI"],
        },
    )
    after = create_app({"SECRET_KEY": "a key for tests only", "DATABASE_URL": url}, tmp_path / "instance")
    assert without_audit(contents(after)) == without_audit(contents(before))
