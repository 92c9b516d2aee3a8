"""docs/api-by-example.md: its examples run as they stand there."""

import csv
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import create_app
from app.store import lecture_queries, minute_queries, room_queries
from tests.screenshots import made_up
from tests.server import PROJECT, Server, wait_for

PAGE = (PROJECT / "docs" / "api-by-example.md").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with three lectures, whose camera is on."""
    server = Server(tmp_path_factory.mktemp("examples"), {})
    server.migrate()
    add_lectures(server)  # before it starts: it would end those that began days ago itself
    with server:
        wait_for(lambda: server.get("/api/v1/now").status == 200)
        yield server


def add_lectures(server: Server) -> None:
    """Add three lectures of one course, of which the last was yesterday."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with app.app_context():
        room = room_queries.get_or_create_room(server.environment["ROOM"])
        for day, title in enumerate(("Percentages", "Decimals", "Fractions")):
            start = now - timedelta(days=3 - day, minutes=10)
            lecture = lecture_queries.start_lecture(room, title, "Mathematics 6a", start)
            for number in range(10):
                minute_queries.save_minute(room, made_up(start, number, lecture.id), minimum_group=5)
            lecture_queries.end_lecture(lecture, start + timedelta(minutes=10))


def run_examples(language: str, command: list[str], server: Server, folder) -> str:
    """Run all blocks of a language as one program; give what it prints."""
    program = "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    assert program.count("\n") > 15
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "AULA": server.url, "KEY": server.token}
    run = subprocess.run(
        [*command, program], cwd=folder, env=variables, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_examples_with_curl_run(server, tmp_path):
    said = run_examples("sh", ["bash", "-euo", "pipefail", "-c"], server, tmp_path)
    assert '"title":"Fractions"' in said.replace(": ", ":")
    assert "\n304\n" in said
    assert '"face_probability"' in said
    assert "event: state" in said
    assert "'yesterday' is not a time" in said
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert '"Fractions"' in (tmp_path / "report.json").read_text()
    assert '"Percentages"' in (tmp_path / "lectures.json").read_text()  # 304 left it as it was


def test_the_examples_with_python_run(server, tmp_path):
    said = run_examples("python", [sys.executable, "-W", "error", "-c"], server, tmp_path)
    assert "faces in view" in said
    assert "mostly " in said
    assert "\nnow {" in said
    assert "nothing new" in said
    with (tmp_path / "lectures.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[1] for row in rows] == ["title", "Fractions", "Decimals", "Percentages"]
    assert all(float(row[3]) > 0.2 for row in rows[1:])
    newest = server.get("/api/v1/lectures").json["lectures"][0]
    assert (newest["title"], newest["owner"]) == ("Fractions", "admin")
    assert newest["ended_at"] is not None
