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


@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed in", "a stranger"])
def test_every_answer_is_as_described(server, is_signed_in, tmp_path, capsys):
    description = tmp_path / "openapi.json"
    description.write_bytes(server.get("/api/openapi.json").body)
    command = [BIN / "schemathesis", "--config-file", CONFIGURATION, "run", description, "--url", server.url]
    if is_signed_in:
        command += ["--header", f"Authorization: Bearer {server.token}"]
    else:
        command += ["--phases", "coverage"]  # every other request is answered as these are
    tried = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "Traceback" not in server.log
    cases = int(re.search(r"(\d+) generated", tried.stdout)[1])
    assert cases > 100
    with capsys.disabled():
        print(f" test_every_answer_is_as_described: {cases} cases")
