"""schemathesis tries what `/api/openapi.json` describes, and much that the description rules out."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import BIN, Server

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory) -> Iterator[Server]:
    """A real server on a database of each kind, whose camera costs nothing."""
    settings = {"CAMERA": "browser"}
    if request.param == "postgresql":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres").new_database()
    server = Server(tmp_path_factory.mktemp("described"), settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_every_answer_is_as_described(server, tmp_path, capsys):
    cases = tried_cases(server, tmp_path, "--header", f"Authorization: Bearer {server.token}")
    with capsys.disabled():
        print(f" test_every_answer_is_as_described: {cases} cases")


def test_every_answer_to_a_stranger_is_as_described(start_server, tmp_path, capsys):
    """Once, on SQLite: a stranger is turned away before a route asks the database."""
    server = start_server(CAMERA="browser")
    # every request that the other phases make is answered as these are
    cases = tried_cases(server, tmp_path, "--phases", "coverage")
    with capsys.disabled():
        print(f" test_every_answer_to_a_stranger_is_as_described: {cases} cases")


def tried_cases(server: Server, folder: Path, *options: str) -> int:
    """How many cases schemathesis tried, all of which were answered as described."""
    description = folder / "openapi.json"
    description.write_bytes(server.get("/api/openapi.json").body)
    command = [BIN / "schemathesis", "--config-file", CONFIGURATION, "run", description, "--url", server.url]
    tried = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "Traceback" not in server.log
    cases = int(re.search(r"(\d+) generated", tried.stdout)[1])
    assert cases > 100
    return cases
