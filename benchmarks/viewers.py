"""1 to 200 viewers at 10 pictures a second, one more who reads a byte a second, beside the plain way."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.crowd import watch
from benchmarks.processes import cpu_seconds, family, megabytes
from benchmarks.table import show
from tests.server import BIN, PROJECT, Server, free_port, wait_for

CAMERA = "demo?students=20"
VIEWERS = (1, 10, 50, 100, 200)
PLAIN_VIEWERS = (1, 10, 50)
FPS = 10
SECONDS, SETTLING = 5.0, 2.0
SPARE = 5


def measure(folder: Path) -> list[dict]:
    """One row for each number of viewers, ours and then the plain way."""
    server = Server(folder, {"CAMERA": CAMERA, "MAX_VIEWERS": str(max(VIEWERS) + SPARE)})
    server.start()
    try:
        wait_for(server.is_online)
        request = _request(f"/stream.mjpg?fps={FPS}", server.token)
        web = [pid for pid in family(server.process.pid) if pid not in server.monitor_pids()]
        rows = [_row("ours", server.port, request, viewers, web) for viewers in VIEWERS]
    finally:
        server.stop()
    return rows + _plain()


def _plain() -> list[dict]:
    port = free_port()
    command = [BIN / "gunicorn", "--config", "/dev/null", "--threads", str(max(PLAIN_VIEWERS) + SPARE)]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "benchmarks.plain_stream:app"]
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        wait_for(lambda: _listens(port))
        request = _request("/stream.mjpg", "none")
        web = family(process.pid)
        return [_row("plain", port, request, viewers, web) for viewers in PLAIN_VIEWERS]
    finally:
        process.terminate()
        process.wait()


def _row(way: str, port: int, request: bytes, viewers: int, web: list[int]) -> dict:
    before, begin = cpu_seconds(web), time.monotonic()
    ages = watch(port, request, viewers, SECONDS, SETTLING)
    cpu = (cpu_seconds(web) - before) / (time.monotonic() - begin)
    rates = [len(each) / SECONDS for each in ages]
    every = 1e3 * np.concatenate(ages)
    p50, p95, p99 = (float(part) for part in np.percentile(every, (50, 95, 99)))
    return {
        "way": way,
        "viewers": viewers,
        "pictures/s, median": float(np.median(rates)),
        "least": min(rates),
        "age p50 ms": p50,
        "p95": p95,
        "p99": p99,
        "web CPU %": 100 * cpu,
        "a viewer": 100 * cpu / viewers,
        "web MB": megabytes(web),
    }


def _request(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: aula\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("viewers", measure(Path(folder)))
