"""1 to 200 viewers at 10 pictures a second, and one who reads a byte a second, beside the baseline stream."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.processes import cpu_seconds, family, megabytes
from benchmarks.stream_viewers import picture_ages
from benchmarks.table import show
from tests.server import BIN, PROJECT, Server, free_port, wait_for

CAMERA = "demo?students=20"
VIEWERS = (1, 10, 50, 100, 200)
BASELINE_VIEWERS = (1, 10, 50)
FPS = 10
SECONDS, WARM_UP_SECONDS = 5.0, 2.0
SPARE_VIEWERS = 5


def measure(folder: Path) -> list[dict]:
    """One row for each number of viewers, first of Aula, then of the baseline."""
    server = Server(folder, {"CAMERA": CAMERA, "MAX_VIEWERS": str(max(VIEWERS) + SPARE_VIEWERS)})
    server.start()
    try:
        wait_for(server.is_online)
        request = _request(f"/stream.mjpg?fps={FPS}", server.token)
        web = [pid for pid in family(server.process.pid) if pid not in server.monitor_pids()]
        rows = [_row("Aula", server.port, request, viewers, web) for viewers in VIEWERS]
    finally:
        server.stop()
    return rows + _measure_baseline()


def _measure_baseline() -> list[dict]:
    port = free_port()
    command = [
        BIN / "gunicorn",
        "--config",
        "/dev/null",
        "--threads",
        str(max(BASELINE_VIEWERS) + SPARE_VIEWERS),
    ]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "benchmarks.baseline_stream:app"]
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        wait_for(lambda: _is_listening(port))
        request = _request("/stream.mjpg", "none")
        web = family(process.pid)
        return [_row("baseline", port, request, viewers, web) for viewers in BASELINE_VIEWERS]
    finally:
        process.terminate()
        process.wait()


def _row(program: str, port: int, request: bytes, viewers: int, web: list[int]) -> dict:
    cpu_before, start = cpu_seconds(web), time.monotonic()
    ages = picture_ages(port, request, viewers, SECONDS, WARM_UP_SECONDS)
    cpu = (cpu_seconds(web) - cpu_before) / (time.monotonic() - start)
    rates = [len(ages_of_viewer) / SECONDS for ages_of_viewer in ages]
    p50, p95, p99 = (float(age) for age in np.percentile(1e3 * np.concatenate(ages), (50, 95, 99)))
    return {
        "program": program,
        "viewers": viewers,
        "pictures/s, median": float(np.median(rates)),
        "min": min(rates),
        "age p50 ms": p50,
        "p95": p95,
        "p99": p99,
        "web CPU %": 100 * cpu,
        "CPU % a viewer": 100 * cpu / viewers,
        "web MB": megabytes(web),
    }


def _request(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: aula\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("viewers", measure(Path(folder)))
