"""From the start of gunicorn to pages and to the first analysed frame; memory of web process and monitors.

With one room, and with three.
"""

import tempfile
import time
from pathlib import Path

from app import create_app
from app.store import room_queries
from benchmarks.processes import family, megabytes
from benchmarks.table import show
from tests.server import Server, wait_for

CAMERA = "demo?students=20"
WARM_UP_SECONDS = 10  # of streaming, after which memory is measured


def measure(folder: Path, rooms: int) -> dict:
    """Start a server, ask for a page and the first room's stream, and stop it."""
    server = Server(folder, {"CAMERA": CAMERA})
    server.start()  # migrates, and makes the account and a token
    server.stop()
    _add_rooms(server, rooms - 1)
    start = time.monotonic()
    try:
        server.launch()
        wait_for(server.answers)
        first_page = time.monotonic() - start
        wait_for(lambda: _are_all_analysed(server))
        first_analysed = time.monotonic() - start
        _watch(server)
        total = megabytes(family(server.process.pid))
        monitor = megabytes(server.monitor_pids())
    finally:
        server.stop()
    return {
        "camera": CAMERA,
        "rooms": rooms,
        "pages s": first_page,
        "faces analysed s": first_analysed,
        "web MB": total - monitor,
        "monitor MB": monitor,
        "total MB": total,
    }


def _add_rooms(server: Server, count: int) -> None:
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    with app.app_context():
        for number in range(count):
            room_queries.change_room(room_queries.create_room(f"Extra {number}"), camera=CAMERA)


def _are_all_analysed(server: Server) -> bool:
    rooms = server.get("/api/v1/rooms").json["rooms"]
    states = [server.get(f"/api/v1/rooms/{room['id']}/state").json for room in rooms]
    return all(state["monitor"]["analysed_fps"] > 0 for state in states)


def _watch(server: Server) -> None:
    deadline = time.monotonic() + WARM_UP_SECONDS
    for part in server.stream():
        if part.received_at and time.monotonic() > deadline:
            return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("start", [measure(Path(folder) / str(rooms), rooms) for rooms in (1, 3)])
