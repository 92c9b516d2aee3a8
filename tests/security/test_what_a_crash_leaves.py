"""A crash leaves no picture behind, and neither logs nor files give away what is stored."""

import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.project import FLASK_COMMAND, PROJECT
from app.store import room_queries
from app.store.database_health import reason
from app.store.tables import db
from tests.server import Server, wait_for

NO_CORE = re.compile(r"^Max core file size +0 +0 ", re.MULTILINE)

TYPED = "Anna Berg, room 12"


def may_dump_core(pid: int) -> bool:
    return not NO_CORE.search(Path(f"/proc/{pid}/limits").read_text())


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_web_process_and_the_monitor_write_no_core_file(tmp_path):
    server = Server(tmp_path / "server", {})
    try:
        server.start()
        wait_for(server.is_online)
        (worker,) = children(server.process.pid)
        (monitor,) = server.monitor_pids()
        assert not may_dump_core(worker)
        assert not may_dump_core(monitor)
    finally:
        server.stop()


def test_a_camera_is_tried_by_a_process_that_writes_no_core_file():
    command = [*FLASK_COMMAND, "camera", "check", "-"]  # waits for the address on its input
    check = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: not may_dump_core(check.pid))
    finally:
        check.kill()
        check.communicate()


def test_nothing_is_passed_to_a_crash_reporter_either():
    code = (
        "import ctypes; from app.core_dump import forbid_core_dump; forbid_core_dump();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT) == b"0\n"


def test_a_database_error_doesn_t_say_what_was_to_be_stored(app_context):
    room = room_queries.get_or_create_room("Room 7")
    db.session.execute(text("ALTER TABLE room DROP COLUMN contact"))
    db.session.commit()
    with pytest.raises(SQLAlchemyError) as caught:
        room_queries.change_room(room, contact="Anna Berg, room 12")
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO room (name) VALUES (:text), (:text)",  # "Key (name)=(Anna …) already exists."
        "INSERT INTO room (name, id) VALUES (:text, NULL)",  # "Failing row contains (null, Anna …)."
    ],
)
def test_postgresql_s_details_don_t_say_what_was_to_be_stored(make_app, postgres, statement):
    app = make_app(DATABASE_URL=postgres.new_database())
    with app.app_context(), pytest.raises(SQLAlchemyError) as caught:
        db.session.execute(text(statement), {"text": TYPED})
    assert TYPED not in "".join(traceback.format_exception(caught.value))
    assert reason(caught.value), "but it says what was wrong"


def test_only_its_owner_may_read_the_database(make_app, tmp_path):
    path = tmp_path / "elsewhere" / "records.sqlite"
    path.parent.mkdir()
    app = make_app(DATABASE_URL=f"sqlite:///{path}")
    with app.app_context():
        room_queries.get_or_create_room("Room 7")
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()}
        assert modes == dict.fromkeys(modes, "0o600")
        assert set(modes) == {"records.sqlite", "records.sqlite-wal", "records.sqlite-shm"}
