"""The server at work: frames analysed a second while it captures, streams and records. And when idle: CPU."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from app.demo import Classroom
from benchmarks.processes import cpu_seconds, family, megabytes
from benchmarks.table import show
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server, wait_for

STUDENTS = 20
CAMERA_FPS = 45  # more than the analysis reaches
PICTURES = 75
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SECONDS, WARM_UP_SECONDS = 15.0, 6.0


def measure(folder: Path) -> list[dict]:
    """At work: a network camera, a viewer, a lecture. Idle: the drawn classroom without viewers."""
    room = Classroom(STUDENTS)
    pictures = [room.draw(START + timedelta(seconds=index / 25)) for index in range(PICTURES)]
    with MjpegCamera(pictures, CAMERA_FPS) as camera:
        settings = {"CAMERA": camera.url, "DETECT_FPS": "60", "STREAM_FPS": "30", "PURPOSE": "expressions"}
        busy = _row("capture, stream, recording", Server(folder / "busy", settings), is_watched=True)
    settings = {"CAMERA": f"demo?students={STUDENTS}", "DETECT_FPS": "5"}
    return [busy, _row("idle, 5 frames a second", Server(folder / "idle", settings), is_watched=False)]


def _row(work: str, server: Server, is_watched: bool) -> dict:
    server.start()
    try:
        wait_for(lambda: server.get("/api/v1/now").json.get("faces"), seconds=60)
        if is_watched:
            server.get("/api/v1/lectures", method="POST", send={"title": "Benchmark"})
            Thread(target=_watch, args=[server], daemon=True).start()
        time.sleep(WARM_UP_SECONDS)
        processes, monitor = family(server.process.pid), server.monitor_pids()
        total_before, monitor_before = cpu_seconds(processes), cpu_seconds(monitor)
        start = time.monotonic()
        rates = [_analysed_fps(server) for _ in range(round(SECONDS))]
        elapsed = time.monotonic() - start
        return {
            "work": work,
            "frames analysed/s": sum(rates) / len(rates),
            "min": min(rates),
            "monitor CPU %": 100 * (cpu_seconds(monitor) - monitor_before) / elapsed,
            "web and monitor CPU %": 100 * (cpu_seconds(processes) - total_before) / elapsed,
            "MB": megabytes(processes),
        }
    finally:
        server.stop()


def _analysed_fps(server: Server) -> float:
    """The monitor's own figure, a second from now."""
    time.sleep(1)
    return server.get("/api/v1/state").json["monitor"]["analysed_fps"]


def _watch(server: Server) -> None:
    for _ in server.stream():
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("running", measure(Path(folder)))
