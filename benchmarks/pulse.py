"""500 students in one lecture: how long an answer takes, beside the video stream, on one machine."""

import asyncio
import os
import random
import re
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from benchmarks.processes import cpu_seconds, family
from benchmarks.table import show
from tests.server import Server, wait_for

STUDENTS = 500
SECONDS = 30.0
TAP_SECONDS = 10.0  # between two taps of one student: six a minute, the most that one address may send
LOOK_SECONDS = 11.0  # between two looks of one page, as static/pulse.js does
CHOICES = ("clear", "lost", "too_fast", "too_slow")


def measure(folder: Path) -> list[dict]:
    """One row for each kind of request, while a viewer watches the stream."""
    with Server(folder, {"CAMERA": "demo?students=20"}) as server:
        server.change_database("UPDATE room SET pulse = 1")
        wait_for(server.is_online)
        server.get("/api/v1/lectures", method="POST", send={"title": "Benchmark"})
        code = wait_for(lambda: (found := server.get("/api/v1/pulse")).status == 200 and found.json["code"])
        pictures: list[float] = []
        threading.Thread(target=_watch, args=[server, pictures], daemon=True).start()
        wait_for(lambda: pictures)
        web = [pid for pid in family(server.process.pid) if pid not in server.monitor_pids()]
        cpu_before, begun, seen = cpu_seconds(web), time.monotonic(), len(pictures)
        found = asyncio.run(_class(server.port, code))
        elapsed = time.monotonic() - begun
        shared = {
            "pictures/s": (len(pictures) - seen) / elapsed,
            "web CPU %": 100 * (cpu_seconds(web) - cpu_before) / elapsed,
            "load": os.getloadavg()[0],
            "counted": sum(server.get("/api/v1/pulse").json["counts"].values()),
        }
        return [_row(kind, answers) | shared for kind, answers in found.items()]


def _row(kind: str, answers: list[tuple[float, int]]) -> dict:
    p50, p95, p99 = np.percentile([1e3 * seconds for seconds, _ in answers], (50, 95, 99))
    return {
        "request": kind,
        "requests": len(answers),
        "not 200": sum(status != 200 for _, status in answers),
        "p50 ms": float(p50),
        "p95": float(p95),
        "p99": float(p99),
    }


async def _class(port: int, code: str) -> dict[str, list[tuple[float, int]]]:
    """What each request took, and its status, by kind."""
    found: dict[str, list[tuple[float, int]]] = {"page": [], "vote": [], "look": []}
    await asyncio.gather(*(_student(port, code, found) for _ in range(STUDENTS)))
    return found


async def _student(port: int, code: str, found: dict[str, list[tuple[float, int]]]) -> None:
    await asyncio.sleep(random.uniform(0, TAP_SECONDS))
    head = await _ask(port, f"GET /p/{code}", "", "", found["page"])
    cookie = re.search(r"Set-Cookie: (aula_pulse=[^;]+)", head)[1]
    until, looked_at = time.monotonic() + SECONDS, time.monotonic()
    while time.monotonic() < until:
        body = urlencode({"choice": random.choice(CHOICES)})
        await _ask(port, f"POST /p/{code}", cookie, body, found["vote"])
        await asyncio.sleep(TAP_SECONDS * random.uniform(0.9, 1.3))
        if time.monotonic() - looked_at > LOOK_SECONDS:
            looked_at = time.monotonic()
            await _ask(port, f"GET /p/{code}/state", cookie, "", found["look"])


async def _ask(port: int, what: str, cookie: str, body: str, answers: list[tuple[float, int]]) -> str:
    """Send one request over a connection of its own, and give the head of the answer."""
    lines = [f"{what} HTTP/1.1", "Host: aula", "Accept: application/json", "Connection: close"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    begun = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    answer = (await reader.read()).decode()
    writer.close()
    answers.append((time.monotonic() - begun, int(answer.split()[1])))
    return answer


def _watch(server: Server, pictures: list[float]) -> None:
    for part in server.stream():
        pictures.append(part.received_at)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("pulse", measure(Path(folder)))
