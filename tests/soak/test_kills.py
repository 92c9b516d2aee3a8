"""The whole process group is killed again and again at random moments."""

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.server import Server, wait_for

KILLED_WHILE_STARTING = 0.25  # of all kills
LONGEST_START_SECONDS = 120  # on a busy machine


def stored(database: Path) -> dict[str, tuple[float, bool]]:
    """The online seconds of each minute, and whether it is finished."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT minute, online_seconds, is_finished FROM minute")
        return {minute: (seconds, bool(is_finished)) for minute, seconds, is_finished in rows}


def kill_group(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def test_kills_at_random_moments_lose_no_finished_minute(tmp_path, amount, record_soak):
    kills, seed = amount("SOAK_KILLS", 50), amount("SOAK_SEED", int(time.time()))
    print(f"SOAK_SEED={seed}")
    chance = random.Random(seed)
    database = tmp_path / "records.sqlite"
    server = Server(tmp_path, {})
    server.migrate()
    began, longest_start = time.monotonic(), 0.0
    before = stored(database)
    for _ in range(kills):
        server.launch(own_group=True)
        try:
            if chance.random() < KILLED_WHILE_STARTING:
                time.sleep(chance.uniform(0, 2))
            else:
                launched_at = time.monotonic()
                wait_for(server.answers, LONGEST_START_SECONDS)
                longest_start = max(longest_start, time.monotonic() - launched_at)
                time.sleep(chance.uniform(0, 20))
            before = stored(database)
        finally:
            kill_group(server)
        after = stored(database)
        for minute, (seconds, is_finished) in before.items():
            assert after[minute][0] >= seconds, minute
            assert not is_finished or after[minute] == (seconds, True), minute
    minutes = round((time.monotonic() - began) / 60)
    server.launch(own_group=True)
    try:
        wait_for(server.answers, LONGEST_START_SECONDS)
        wait_for(lambda: any(is_finished for _, is_finished in stored(database).values()), seconds=150)
    finally:
        kill_group(server)
    finished = sum(is_finished for _, is_finished in before.values())
    record_soak(
        done=f"The whole process group is killed {kills} times at random moments, in {minutes} min.",
        measured=f"Every start worked, the longest in {longest_start:.0f} s. Of {len(before)} stored minutes "
        f"{finished} were finished; none of these changed, and none of the others lost what was stored.",
    )
