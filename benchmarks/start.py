"""From the start of gunicorn to pages and to the first analysed frame; memory of web process and monitor."""

import tempfile
import time
from pathlib import Path

from benchmarks.processes import family, megabytes
from benchmarks.table import show
from tests.server import Server, wait_for

CAMERA = "demo?students=20"
WARM_UP_SECONDS = 10  # of streaming, after which memory is measured


def measure(folder: Path) -> dict:
    """Start a server, ask for a page and the stream, and stop it."""
    server = Server(folder, {"CAMERA": CAMERA})
    server.start()  # migrates, and makes the account and a token
    server.stop()
    start = time.monotonic()
    try:
        server.launch()
        wait_for(server.answers)
        first_page = time.monotonic() - start
        wait_for(lambda: server.get("/api/v1/state").json["monitor"]["analysed_fps"] > 0)
        first_analysed = time.monotonic() - start
        _watch(server)
        total = megabytes(family(server.process.pid))
        monitor = megabytes(server.monitor_pids())
    finally:
        server.stop()
    return {
        "camera": CAMERA,
        "pages s": first_page,
        "faces analysed s": first_analysed,
        "web MB": total - monitor,
        "monitor MB": monitor,
        "total MB": total,
    }


def _watch(server: Server) -> None:
    deadline = time.monotonic() + WARM_UP_SECONDS
    for part in server.stream():
        if part.received_at and time.monotonic() > deadline:
            return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("start", [measure(Path(folder))])
