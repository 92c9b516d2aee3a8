"""An installation of several machines, on this one: web servers and monitor machines on one Redis."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.server import BIN, PROJECT, Server, Startable


class Machine(Startable):
    """`flask monitor run` and the monitors that it starts, which end, freeze and die together."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._environment = {**environment, "MACHINE": name}
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start, and wait for nothing."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "flask", "--app", "wsgi", "monitor", "run"],
                cwd=PROJECT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        os.killpg(self._process.pid, number)

    def stop(self) -> int:
        """End it cleanly, and give its status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill all its processes, as if the machine lost its power."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self._process.wait(20)

    @property
    def log(self) -> str:
        """Everything that it printed."""
        return self.log_path.read_text()

    @property
    def monitor_pids(self) -> list[int]:
        """Every monitor that it ever started."""
        return [int(pid) for pid in re.findall(r"monitor of \S+ started, pid (\d+)", self.log)]


@dataclass(frozen=True)
class Installation:
    """Web servers and monitor machines of one school."""

    webs: list[Server]
    machines: list[Machine]
    database_url: str

    def query(self, statement: str, *values: object) -> list[tuple]:
        """Ask the database, past the program, or change it."""
        with psycopg.connect(self.database_url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @property
    def log(self) -> str:
        """Everything that all processes printed."""
        return "".join(each.log for each in (*self.webs, *self.machines))


@contextmanager
def installation(
    folder: Path,
    redis_url: str,
    database_url: str,
    webs: int = 2,
    machines: int = 2,
    rooms: int = 1,
    **settings: str,
) -> Iterator[Installation]:
    """Start an installation with rooms 1, 2 and so on, all with CAMERA; all processes have these settings."""
    common = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "ROOM": "Room 1", **settings}
    with ExitStack() as started:
        servers = [Server(folder / f"web{number}", common) for number in range(webs)]
        with psycopg.connect(database_url) as connection:
            for number in range(1, rooms + 1):
                values = f"Room {number}", f"room-{number}", settings["CAMERA"]
                connection.execute("INSERT INTO room (name, slug, camera) VALUES (%s, %s, %s)", values)
        for server in servers:  # all at once: each takes seconds to load
            started.callback(server.stop)
            server.launch()
        environment = {key: each for key, each in servers[0].environment.items() if key != "PORT"}
        monitors = [
            started.enter_context(Machine(f"machine{number}", folder, environment))
            for number in range(machines)
        ]
        for server in servers:
            server.await_answers()
        yield Installation(servers, monitors, database_url.replace("postgres://", "postgresql://"))
