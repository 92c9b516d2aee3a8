"""From the start of gunicorn to pages and to the first reading, and the memory of web and monitor."""

import tempfile
import time
from pathlib import Path

from benchmarks.processes import family, megabytes
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
        together = megabytes(family(server.process.pid))
        monitor = megabytes(server.monitor_pids())
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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("start", [measure(Path(folder))])
