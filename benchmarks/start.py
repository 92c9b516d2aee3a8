"""From the start of gunicorn to pages and to the first reading, and the memory of web and monitor."""

import tempfile
import time
from pathlib import Path

from benchmarks.table import show
from tests.server import Server, wait_for

CAMERA = "demo?students=20"
SETTLING_SECONDS = 10  # of streaming, after which memory is read


def measure(folder: Path) -> dict:
    """Start a server, look at its pages and its stream, and stop it."""
    server = Server(folder, {"CAMERA": CAMERA})
    server.start()  # makes the database, the account and a token
    server.stop()
    begin = time.monotonic()
    try:
        server.launch()
        wait_for(server.answers)
        pages = time.monotonic() - begin
        wait_for(lambda: server.get("/api/v1/state").json["monitor"]["analysed_fps"] > 0)
        first = time.monotonic() - begin
        _watch(server)
        together = sum(map(_megabytes, _family(server.process.pid)))
        monitor = sum(map(_megabytes, server.monitor_pids()))
    finally:
        server.stop()
    return {
        "camera": CAMERA,
        "pages s": pages,
        "faces read s": first,
        "web MB": together - monitor,
        "monitor MB": monitor,
        "together MB": together,
    }


def _watch(server: Server) -> None:
    until = time.monotonic() + SETTLING_SECONDS
    for part in server.stream():
        if part.received_at and time.monotonic() > until:
            return


def _family(pid: int) -> list[int]:
    """A process and all its descendants."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return [pid, *(member for child in children for member in _family(child))]


def _megabytes(pid: int) -> float:
    """Memory that is the process's own, and its part of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("start", [measure(Path(folder))])
