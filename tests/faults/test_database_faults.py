"""A running server loses its database: the stream goes on, minutes wait in memory, nothing is lost."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.server import Server, wait_for
from tests.test_server import looks_like_a_card, minutes_of

SEEN = "The picture, as ever. Pages answer 503 and say that the database can't be used."
WAITS = "does not take minutes, they wait in memory"
MOST_FRAMES = 15  # far fewer than are analysed between two writes


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Iterator[Path]:
    """A small file system where that may be mounted, else a folder."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]
    is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    yield folder
    if is_mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def database(disk) -> Path:
    return disk / "records.sqlite"


@pytest.fixture(scope="module")
def server(database, tmp_path_factory) -> Iterator[Server]:
    """A server with SQLite."""
    with running(tmp_path_factory.mktemp("sqlite"), f"sqlite:///{database}") as server:
        yield server


@pytest.fixture(scope="module")
def postgres_server(postgres, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), postgres.new_database()) as server:
        yield server


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[Server]:
    with Server(folder, {"DATABASE_URL": database_url, "METRICS_TOKEN": "only for this test"}) as server:
        wait_for(server.is_online)
        yield server


@contextmanager
def watched(server: Server) -> Iterator[None]:
    """A viewer who sees the class before, meanwhile and after."""
    with closing(server.stream()) as viewer:
        wait_for(lambda: not looks_like_a_card(next(viewer)))
        yield
        assert not any(looks_like_a_card(next(viewer)) for _ in range(30))


def await_outage(server: Server) -> None:
    """Wait until the monitor has noticed that the database fails."""

    def is_noticed() -> bool:
        server.get("/readyz")  # it writes, so that the monitor reads what it had kept in memory
        return server.log.count(WAITS) > before

    before = server.log.count(WAITS)
    wait_for(is_noticed)


def await_minutes(server: Server) -> None:
    """Wait until the monitor writes again, and see that every frame was counted."""
    lines = "database takes minutes again"
    wait_for(lambda: server.log.count(lines) == server.log.count(WAITS))
    wait_for(lambda: server.get("/readyz").status == 200)
    wait_for(lambda: server.frames_not_written() < MOST_FRAMES, seconds=30)


def test_a_full_disk_loses_nothing(server, disk, record_fault):
    if not disk.is_mount():
        pytest.skip("needs the right to mount a small file system")
    fault = record_fault(
        lambda: server.log,
        done="The disk is full; then there is space again.",
        seen="The picture, as ever. Pages can be read; changes answer 503.",
        lost="Nothing.",
    )
    film = disk / "film"
    with watched(server):
        with film.open("wb", 0) as file, suppress(OSError):
            while True:
                file.write(bytes(1024))
        await_outage(server)
        with fault.recovery():
            film.unlink()
            await_minutes(server)


def test_a_database_that_was_moved_and_comes_back_loses_nothing(server, database, record_fault):
    """Both processes used to write on into the moved file, and new connections made an empty one."""
    fault = record_fault(
        lambda: server.log,
        done="SQLite's file is moved away; then it is moved back.",
        seen=SEEN,
        lost="Nothing.",
    )
    away = database.with_suffix(".away")
    with watched(server):
        database.rename(away)
        await_outage(server)
        assert server.get("/lectures").status == 503
        assert not database.exists()
        with fault.recovery():
            away.rename(database)
            await_minutes(server)
    assert server.get("/lectures").status == 200


def test_a_damaged_database_can_be_restored(server, database, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="SQLite's file is overwritten with noise; the server is stopped, a copy restored, and started.",
        seen=SEEN,
        lost="What was written after the copy was made.",
    )
    copy = database.with_suffix(".copy")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    frames = minutes_of(server)[0]["frames_analysed"]
    with watched(server):
        for path in (database, Path(f"{database}-wal")):
            with path.open("r+b") as file:
                file.write(b"noise" * (path.stat().st_size // 5))
        await_outage(server)
    server.stop()
    for name in (database, *database.parent.glob(f"{database.name}-*")):
        name.unlink()
    copy.rename(database)
    with fault.recovery():
        server.start()
        wait_for(server.is_online)
    assert minutes_of(server)[0]["frames_analysed"] >= frames


def test_a_postgresql_that_stops_and_starts_again_loses_nothing(postgres, postgres_server, record_fault):
    fault = record_fault(
        lambda: postgres_server.log,
        done="PostgreSQL is stopped and started again.",
        seen=SEEN,
        lost="Nothing.",
    )
    with watched(postgres_server):
        postgres.stop()
        await_outage(postgres_server)
        assert postgres_server.get("/lectures").status == 503
        with fault.recovery():
            postgres.start()
            await_minutes(postgres_server)


def test_a_read_only_postgresql_loses_nothing(postgres, postgres_server, record_fault):
    """As after a failover to a standby."""
    fault = record_fault(
        lambda: postgres_server.log,
        done="PostgreSQL becomes read-only, as after a failover; then it takes changes again.",
        seen="The picture, as ever. Pages can be read; changes answer 503.",
        lost="Nothing.",
    )
    with watched(postgres_server):
        postgres.set_read_only(True)
        await_outage(postgres_server)
        assert postgres_server.get("/lectures").status == 200
        with fault.recovery():
            postgres.set_read_only(False)
            await_minutes(postgres_server)
