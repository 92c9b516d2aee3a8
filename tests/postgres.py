"""A PostgreSQL server that lives in a folder for as long as the tests run."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.server import free_port, migrate

TEMPLATE = "migrated"


class Postgres:
    """Debian's PostgreSQL, on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self._bin = installed[-1] if installed else None
        self._folder = folder
        self._port = free_port()
        self._numbers = count(1)
        self._has_template = False

    @property
    def is_installed(self) -> bool:
        """Whether the server's programs are there, for root with the user that they want to run as."""
        users = {entry.pw_name for entry in pwd.getpwall()}
        return self._bin is not None and (os.getuid() != 0 or "postgres" in users)

    def __enter__(self) -> "Postgres":
        for folder in (self._folder, *self._folder.parents):  # pytest's own may be entered by one user only
            if not folder.stat().st_mode & stat.S_IXOTH:
                folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", self._data, "-U", "aula", "--auth=trust", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Start, with what was there before."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-o", options, "-l", f"{self._folder}/log", "-w", "start")

    def stop(self) -> None:
        """End at once."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")

    def set_read_only(self, is_read_only: bool) -> None:
        """Let every database take no change, or take them again; connections are made anew."""
        value = "on" if is_read_only else "off"
        for statement in (
            f"ALTER SYSTEM SET default_transaction_read_only = {value}",
            "SELECT pg_reload_conf()",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
        ):
            self._run("psql", *self._address, "-c", statement, "postgres")

    def new_database(self) -> str:
        """The address of a new database with all tables and nothing in them."""
        if not self._has_template:
            migrate(self._create(TEMPLATE))
            self._has_template = True
        return self._create(f"aula{next(self._numbers)}", "--template", TEMPLATE)

    def empty_database(self) -> str:
        """The address of a new database without tables."""
        return self._create(f"aula{next(self._numbers)}")

    def _create(self, name: str, *options: str) -> str:
        """Create a database, and give its address with the scheme that Heroku gives."""
        self._run("createdb", *self._address, *options, name)
        return f"postgres://aula@127.0.0.1:{self._port}/{name}"

    @property
    def _address(self) -> tuple[str, ...]:
        return "-h", "127.0.0.1", "-p", str(self._port), "-U", "aula"

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*prefix, str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self._folder
        )


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """A server in a folder; skips the test where PostgreSQL is not installed."""
    server = Postgres(folder)
    if not server.is_installed:
        pytest.skip("needs a PostgreSQL server: apt install postgresql")
    with server:
        yield server
