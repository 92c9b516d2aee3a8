"""The whole server: frames read a second while it captures, streams and records, and what idling costs."""

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
CAMERA_FPS = 45  # more than is read
PICTURES = 75
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SECONDS, SETTLING = 15.0, 6.0


def measure(folder: Path) -> list[dict]:
    """At work: a network camera, a viewer, a lecture. Idle: the drawn classroom, nobody watches."""
    room = Classroom(STUDENTS)
    pictures = [room.draw(START + timedelta(seconds=index / 25)) for index in range(PICTURES)]
    with MjpegCamera(pictures, CAMERA_FPS) as camera:
        rates = {"CAMERA": camera.url, "DETECT_FPS": "60", "STREAM_FPS": "30"}
        working = _row("capture, stream, recording", Server(folder / "working", rates), watched=True)
    settings = {"CAMERA": f"demo?students={STUDENTS}", "DETECT_FPS": "5"}
    return [working, _row("idle, 5 frames a second", Server(folder / "idle", settings), watched=False)]


def _row(work: str, server: Server, watched: bool) -> dict:
    server.start()
    try:
        wait_for(lambda: server.get("/api/v1/now").json.get("faces"), seconds=60)
        if watched:
            server.get("/api/v1/lectures", method="POST", send={"title": "Benchmark"})
            Thread(target=_watch, args=[server], daemon=True).start()
        time.sleep(SETTLING)
        everything, monitor = family(server.process.pid), server.monitor_pids()
        before, watched_before, begin = cpu_seconds(everything), cpu_seconds(monitor), time.monotonic()
        rates = [_rate(server) for _ in range(round(SECONDS))]
        passed = time.monotonic() - begin
        return {
            "work": work,
            "frames read/s": sum(rates) / len(rates),
            "least": min(rates),
            "monitor CPU %": 100 * (cpu_seconds(monitor) - watched_before) / passed,
            "web and monitor CPU %": 100 * (cpu_seconds(everything) - before) / passed,
            "MB": megabytes(everything),
        }
    finally:
        server.stop()


def _rate(server: Server) -> float:
    time.sleep(1)
    return server.get("/api/v1/state").json["monitor"]["analysed_fps"]


def _watch(server: Server) -> None:
    for _ in server.stream():
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("running", measure(Path(folder)))
