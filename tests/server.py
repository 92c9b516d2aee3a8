"""A real server in a process of its own, and a viewer that reads its stream."""

import hashlib
import json
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Self

import psycopg

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PASSWORD = "a long password"


def _ports_to_try() -> Iterator[int]:
    """Each process that runs tests has ports of its own, below those that connections are given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    ports = range(10_000 + 2_000 * worker, 12_000 + 2_000 * worker)
    first = secrets.randbelow(len(ports))
    return cycle((*ports[first:], *ports[:first]))


PORTS_TO_TRY = _ports_to_try()


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no connection and no other test is given."""
    return next(filter(_is_free, PORTS_TO_TRY))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(what: Callable[[], object], seconds: float = 60) -> object:
    """Ask again and again until `what` gives something true, and give that."""
    until = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < until, f"waited {seconds} s for {what.__name__} in vain"
        time.sleep(0.1)


@cache
def migrated_database() -> bytes:
    """An SQLite file with all tables and nothing in them. Made once: a migration takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.sqlite"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def create_database(path: Path) -> None:
    """Create an SQLite file with all tables and nothing in them, which only its owner may read."""
    path.touch(mode=0o600)
    path.write_bytes(migrated_database())


def migrate(database_url: str) -> None:
    """Make all tables in a database."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a key for tests only",
    }
    command = [BIN / "flask", "--app", "wsgi", "db", "upgrade"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Part:
    """One picture of a stream."""

    sequence: int
    captured_at: float
    jpeg: bytes
    received_at: float


class Startable:
    """What is started and stopped: `with` stops it also where its start fails."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Server(Startable):
    """gunicorn as the Procfile starts it, with a database of its own: `with Server(…) as server: …`."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{folder / 'records.sqlite'}",
            "SECRET_KEY": "a key for tests only",
            "ADMIN_PASSWORD": PASSWORD,
            "ROOM": f"Room {self.port}",
            "DETECTOR": "haar",  # whatever is installed in this checkout
            **settings,
        }
        self.process: subprocess.Popen | None = None
        self.token = ""

    def flask(self, *arguments: str) -> str:
        """Run a `flask` command and give what it prints."""
        command = [BIN / "flask", "--app", "wsgi", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def start(self, *arguments: str) -> None:
        """Migrate, start, and wait until pages answer."""
        self.migrate()
        self.launch(*arguments)
        self.await_answers()

    def await_answers(self) -> None:
        """Wait until pages answer, and get a token."""
        wait_for(self.answers)
        self.token = self.token or self._create_token()

    def migrate(self) -> None:
        """Make all tables in its database."""
        path = self.sqlite_path
        if path is not None and not path.exists():
            create_database(path)
        elif path is not None or not self._has_tables():
            self.flask("db", "upgrade")

    def _has_tables(self) -> bool:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute("SELECT to_regclass('alembic_version')").fetchone() != (None,)

    def _create_token(self) -> str:
        """As `flask token create admin` does, without the seconds that a process takes to start."""
        token = secrets.token_urlsafe(32)
        sha256 = hashlib.sha256(token.encode()).hexdigest()
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
        insert = f"""INSERT INTO token (user_id, sha256, created_at)
            SELECT id, '{sha256}', '{now}' FROM "user" WHERE name = 'admin'"""
        if self.sqlite_path:
            self.change_database(insert)
        else:
            with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                connection.execute(insert)
        return token

    @property
    def sqlite_path(self) -> Path | None:
        """The file of its database; None where that is PostgreSQL."""
        scheme, _, path = self.environment["DATABASE_URL"].partition(":///")
        return Path(path) if scheme == "sqlite" else None

    def launch(self, *arguments: str, own_group: bool = False) -> None:
        """Start gunicorn and wait for nothing; in a process group of its own, that can be killed as one."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "gunicorn", *arguments, "wsgi:app"],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=own_group,
            )

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            assert self.process.poll() is None, self.log
            return False

    def stop(self) -> float:
        """End the server and give how many seconds that took."""
        if self.process is None:
            return 0.0
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.process = None
        return time.monotonic() - began

    @property
    def log(self) -> str:
        """Everything that the server printed."""
        return self.log_path.read_text()

    def monitor_pids(self) -> list[int]:
        """The monitors that this server started and that still live."""
        pids = [int(pid) for pid in re.findall(r"monitor of \S+ started, pid (\d+)", self.log)]
        return [pid for pid in pids if _lives(pid)]

    def get(self, path: str, token: bool = True, method: str = "GET", send: object = None) -> Answer:
        """Ask for a path, with the token unless told not to."""
        with self.open(path, token, method, send) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())

    def open(self, path: str, token: bool = True, method: str = "GET", send: object = None):
        """Open a path without reading it to its end."""
        request = urllib.request.Request(self.url + path, method=method)
        if token and self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if send is not None:
            request.data = json.dumps(send).encode()
            request.add_header("Content-Type", "application/json")
        try:
            return urllib.request.urlopen(request, timeout=15)
        except urllib.error.HTTPError as error:
            return error

    def stream(self, path: str = "/stream.mjpg") -> Iterator[Part]:
        """Watch the stream, picture by picture, until it ends."""
        with self.open(path) as answer:
            yield from read_parts(answer)

    def change_database(self, statement: str, *values: object) -> None:
        """Change its SQLite file from outside."""
        with closing(sqlite3.connect(self.sqlite_path, timeout=30)) as connection, connection:
            connection.execute(statement, values)

    def tell_monitor(self, change: str = "/resume", form: bytes = b"") -> None:
        """Let its monitors look at the database, as a change on a page does; no room is paused then."""
        if self.process is None:
            return  # they look when they start
        request = urllib.request.Request(f"{self.url}{change}", form, method="POST")
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            urllib.request.urlopen(request, timeout=15).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500:  # the page fails with 500 where the test has stored nonsense
                raise

    def metric(self, name: str) -> float:
        """A figure from /metrics; needs METRICS_TOKEN among its settings."""
        token = self.environment["METRICS_TOKEN"]
        request = urllib.request.Request(f"{self.url}/metrics", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=15) as answer:
            return float(re.search(rf"^{name}(?:{{.*}})? (\S+)", answer.read().decode(), re.MULTILINE)[1])

    def frames_not_written(self) -> float:
        """How many analysed frames no minute in the database counts: right after a write, nearly none."""
        minutes = self.get("/api/v1/minutes").json["minutes"]
        return self.metric("aula_frames_analysed_total") - sum(row["frames_analysed"] for row in minutes)

    def room_id(self) -> int:
        """The id of its first room: where two processes make the room at once, PostgreSQL may skip 1."""
        return self.get("/api/v1/rooms").json["rooms"][0]["id"]

    def is_online(self) -> bool:
        return self.get("/api/v1/state").json["camera"]["online"]


def read_parts(answer) -> Iterator[Part]:
    """The pictures of a stream that was opened, until it ends."""
    assert answer.status == 200, answer.read()
    boundary = answer.headers.get_param("boundary").encode()
    assert answer.readline().strip() == b"--" + boundary
    while (part := _read_part(answer)) is not None:
        assert answer.readline().strip() == b""
        if answer.readline().strip() != b"--" + boundary:
            return
        yield part


def _read_part(answer) -> Part | None:
    headers = {}
    while line := answer.readline().strip():
        name, _, value = line.decode().partition(": ")
        headers[name] = value
    if not headers:
        return None
    assert headers["Content-Type"] == "image/jpeg"
    jpeg = answer.read(int(headers["Content-Length"]))
    return Part(int(headers["X-Sequence"]), float(headers["X-Captured-At"]), jpeg, time.time())


def parent_of(pid: int) -> int:
    """The process that started another one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill_left(*pids: int) -> None:
    """Kill those of a test's processes that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
