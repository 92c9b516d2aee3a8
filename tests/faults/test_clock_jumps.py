"""The machine's clock is set while a class is watched: minutes lose and double nothing."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.server import PROJECT, Server, wait_for
from tests.test_server import looks_like_a_card, minutes_of

SET_CLOCK = """\
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.clock import SystemClock

offset = Path(os.environ["CLOCK_OFFSET_FILE"])
SystemClock.now = lambda self: datetime.now(UTC) + timedelta(seconds=float(offset.read_text()))
"""


def set_offset(folder: Path, seconds: int) -> None:
    """Add this much to the wall clock of the server's processes."""
    (folder / "new").write_text(str(seconds))
    (folder / "new").rename(folder / "offset")  # in one step, for those who read meanwhile


@pytest.fixture
def server(tmp_path):
    """A server whose Python reads the wall clock with an offset."""
    (tmp_path / "sitecustomize.py").write_text(SET_CLOCK)
    set_offset(tmp_path, 0)
    settings = {
        "PYTHONPATH": f"{tmp_path}:{PROJECT}",
        "CLOCK_OFFSET_FILE": str(tmp_path / "offset"),
        "METRICS_TOKEN": "only for this test",
    }
    with Server(tmp_path / "server", settings) as server:
        wait_for(server.is_online)
        yield server


def newest_minute(server: Server) -> datetime:
    return max(datetime.fromisoformat(row["minute"]) for row in minutes_of(server))


def hours_ahead(server: Server) -> float:
    """How far the newest minute lies ahead of the real time."""
    return (newest_minute(server) - datetime.now(UTC)).total_seconds() / 3600


def test_a_clock_that_jumps_forwards_and_backwards_loses_no_frame(server, tmp_path, record_fault):
    fault = record_fault(
        lambda: server.log,
        done="The clock jumps two hours forwards, then back.",
        seen="The picture, as ever.",
        lost="Nothing; minutes have the time that the clock showed.",
    )
    with closing(server.stream()) as viewer:
        wait_for(lambda: not looks_like_a_card(next(viewer)))
        wait_for(lambda: minutes_of(server))
        set_offset(tmp_path, 7200)
        wait_for(lambda: hours_ahead(server) > 1)
        assert not any(looks_like_a_card(next(viewer)) for _ in range(30))
        with fault.recovery():
            set_offset(tmp_path, 0)
            assert not any(looks_like_a_card(next(viewer)) for _ in range(30))
    wait_for(lambda: server.frames_not_written() < 15, seconds=30)
    assert server.is_online()
