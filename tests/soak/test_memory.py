"""Memory and open files stay as they are, however long it runs and however many come."""

import re
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Thread

from tests.server import Server, wait_for

METRICS_TOKEN = "only for this test"
MOST_GROWTH_MB = 30  # of either process; docs/reliability.md says what the monitor takes in its first minutes


@dataclass(frozen=True)
class Resources:
    """What the two processes hold."""

    web_mb: float
    monitor_mb: float
    open_files: int

    def __str__(self) -> str:
        return (
            f"web process {self.web_mb:.0f} MB, monitor {self.monitor_mb:.0f} MB, "
            f"{self.open_files} open files"
        )


def resources(server: Server) -> Resources:
    (monitor,) = server.monitor_pids()
    worker = int(status_of(monitor, "PPid"))
    return Resources(
        int(status_of(worker, "VmRSS")) / 1024,
        int(status_of(monitor, "VmRSS")) / 1024,
        int(server.metric("process_open_fds")),
    )


def status_of(pid: int, name: str) -> str:
    return re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]


def assert_flat(before: Resources, after: Resources) -> None:
    assert after.web_mb < before.web_mb + MOST_GROWTH_MB, (before, after)
    assert after.monitor_mb < before.monitor_mb + MOST_GROWTH_MB, (before, after)
    assert after.open_files <= before.open_files + 5, (before, after)


def test_memory_stays_flat_over_many_frames(tmp_path, amount, record_soak):
    frames = amount("SOAK_FRAMES", 10_000)
    with Server(tmp_path, {"METRICS_TOKEN": METRICS_TOKEN, "STREAM_FPS": "30"}) as server:
        wait_for(server.is_online)
        began = time.monotonic()
        with closing(server.stream()) as viewer:
            assert sum(1 for _ in islice(viewer, frames // 5)) == frames // 5
            before = resources(server)
            assert sum(1 for _ in islice(viewer, frames - frames // 5)) == frames - frames // 5
            after = resources(server)
        seconds = time.monotonic() - began
        assert_flat(before, after)
        record_soak(
            done=f"A viewer gets {frames:,} pictures, in {seconds / 60:.0f} min.",
            measured=f"After the first fifth: {before}. At the end: {after}.",
        )


def test_memory_stays_flat_over_many_connections(tmp_path, amount, record_soak):
    connections = amount("SOAK_CONNECTIONS", 1000)
    with Server(tmp_path, {"METRICS_TOKEN": METRICS_TOKEN}) as server:
        wait_for(server.is_online)
        for number in range(connections):
            if number == connections // 5:
                before = resources(server)
            with closing(server.stream()) as viewer:
                next(viewer)
            assert server.get("/").status == 200
        wait_for(lambda: not server.get("/api/v1/state").json["viewers"])
        after = resources(server)
        assert_flat(before, after)
        record_soak(
            done=f"{connections:,} viewers come one after another, take a picture, and load the live page.",
            measured=f"After the first fifth: {before}. At the end: {after}.",
        )


def test_every_minute_is_written_while_somebody_watches(tmp_path, amount, record_soak):
    minutes = amount("SOAK_MINUTES", 60)
    with Server(tmp_path, {"METRICS_TOKEN": METRICS_TOKEN}) as server:
        wait_for(server.is_online)
        lecture = server.get("/api/v1/lectures", method="POST", send={"title": "Algebra"}).json["id"]
        viewer = server.stream()
        watching = Thread(target=lambda: [None for _ in viewer], daemon=True)
        watching.start()

        def rows() -> list[dict]:
            return server.get(f"/api/v1/lectures/{lecture}/minutes").json["minutes"]

        wait_for(lambda: len(rows()) > 1, seconds=180)
        before, lines_before = resources(server), len(server.log.splitlines())
        wait_for(lambda: len(rows()) > minutes + 1, seconds=60 * minutes + 180)
        after, lines = resources(server), len(server.log.splitlines()) - lines_before
        seconds = [row["online_seconds"] for row in rows()[1 : minutes + 1]]
        assert len(seconds) == minutes
        assert min(seconds) > 0
        assert watching.is_alive(), "the stream never ended"
        assert_flat(before, after)
        record_soak(
            done=f"The drawn classroom is read and watched for {minutes} whole minutes of a lecture.",
            measured=f"Every minute is there, with {sum(seconds) / minutes:.1f} s on average and "
            f"{min(seconds):.1f} s at least; {lines} lines logged. "
            f"After the first minute: {before}. At the end: {after}.",
        )
    watching.join(30)
