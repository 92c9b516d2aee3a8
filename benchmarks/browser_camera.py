"""Glass to glass with a browser as the camera: Chromium's webcam → server → stream → decoded, on one machine.

The webcam plays a film of the drawn classroom in which each frame carries the film's time. A probe in another
tab notes when the browser hands over each frame; the viewer reads its time from the stream's JPEG.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from app.demo import Classroom
from app.vision.annotate import encode
from benchmarks import coded_clock
from benchmarks.processes import cpu_seconds, family
from benchmarks.table import show
from tests.browser import LAUNCH, sign_in
from tests.server import Server, wait_for

STUDENTS, FPS, QUALITY = 12, 30, 90  # Chromium plays such a film at 30 frames a second
PICTURES = 60
FILM_SECONDS = 45.0  # it is not to begin again while it is measured
SETTLING, SECONDS = 5.0, 15.0
DETECT_FPS = (5, 15)
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
PROBE = """async ({ rows, columns, part, fps }) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { frameRate: fps } });
    const track = stream.getVideoTracks()[0];
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
    const canvas = new OffscreenCanvas(columns, rows);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    window.seen = {};
    (async () => {
        for (;;) {
            const { value: frame, done } = await reader.read();
            if (done) return;
            const now = Date.now();
            const height = Math.round(rows * part * frame.displayHeight);
            const top = frame.displayHeight - height;
            context.drawImage(frame, 0, top, frame.displayWidth, height, 0, 0, columns, rows);
            frame.close();
            const cells = context.getImageData(0, 0, columns, rows).data;
            let number = 0;
            for (let at = 0; at < cells.length; at += 4) number = 2 * number + (cells[at] > 127 ? 1 : 0);
            window.seen[Math.floor(number / 256)] ??= now;
        }
    })();
}"""


def write_film(path: Path) -> None:
    """A class whose every frame carries the film's own time."""
    room = Classroom(STUDENTS)
    pictures = [room.draw(START + timedelta(seconds=index / FPS)) for index in range(PICTURES)]
    with path.open("wb") as file:
        for index in range(round(FILM_SECONDS * FPS)):
            picture = pictures[index % PICTURES].copy()
            coded_clock.draw(picture, index / FPS)
            file.write(encode(picture, QUALITY))


def measure(folder: Path, film: Path, detect_fps: int) -> dict:
    """Send the film from a browser and watch it."""
    server = Server(folder, {"CAMERA": "browser", "DETECT_FPS": str(detect_fps)})
    server.start()
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    arguments = [*LAUNCH["args"], *flags, f"--use-file-for-fake-video-capture={film}"]
    try:
        with sync_playwright() as playwright:
            before = set(family(os.getpid()))
            browser = playwright.chromium.launch(**{**LAUNCH, "args": arguments})
            page, probe = _send(browser, server)
            chromium = [pid for pid in family(os.getpid()) if pid not in before]
            row = _watch(server, chromium, probe)
            page.close()
            browser.close()
    finally:
        server.stop()
    return {"detect fps": detect_fps, **row}


def _send(browser: Browser, server: Server) -> tuple[Page, Page]:
    """The page that sends, and one that notes when each frame comes."""
    context = browser.new_context()
    page, probe = context.new_page(), context.new_page()
    sign_in(page, server)
    for each in (page, probe):
        each.goto(f"{server.url}/send")
    page.get_by_role("button", name="Webcam").click()
    page.get_by_role("button", name="Start sending").click()
    wait_for(server.is_online)
    code = {
        "rows": coded_clock.ROWS,
        "columns": coded_clock.COLUMNS,
        "part": coded_clock.ROW_PART,
        "fps": FPS,
    }
    probe.evaluate(PROBE, code)
    return page, probe


def _watch(server: Server, chromium: list[int], probe: Page) -> dict:
    """Decode the stream for SECONDS after SETTLING, and look up when the browser had each of its frames."""
    groups = {"browser": chromium, "web": [], "monitor": server.monitor_pids()}
    groups["web"] = [pid for pid in family(server.process.pid) if pid not in groups["monitor"]]
    begin, decoded, used = None, [], {}
    for shown, at in _decoded(server):
        begin = begin or at
        if at - begin > SETTLING and not used:
            used = {name: cpu_seconds(pids) for name, pids in groups.items()}
        if used and shown is not None:
            decoded.append((round(1000 * shown), at))
        if at - begin > SETTLING + SECONDS:
            break
    cpu = {f"{name} CPU %": 100 * (cpu_seconds(groups[name]) - used[name]) / SECONDS for name in groups}
    read = server.get("/api/v1/state").json["monitor"]["analysed_fps"]
    given = {int(frame): at / 1000 for frame, at in probe.evaluate("window.seen").items()}
    ages = [1000 * (at - given[frame]) for frame, at in decoded if frame in given]
    p50, p95, p99 = (float(part) for part in np.percentile(ages, (50, 95, 99)))
    return {
        "shown/s": len(decoded) / SECONDS,
        "read/s": read,
        "age p50 ms": p50,
        "p95": p95,
        "p99": p99,
        **cpu,
    }


def _decoded(server: Server) -> Iterator[tuple[float | None, float]]:
    """The film's time in each picture of the stream, and when it was decoded."""
    for part in server.stream():
        picture = cv2.imdecode(np.frombuffer(part.jpeg, np.uint8), cv2.IMREAD_COLOR)
        at = time.time()
        yield coded_clock.read(picture), at


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        write_film(here / "film.mjpeg")
        show("browser_camera", [measure(here / f"at{fps}", here / "film.mjpeg", fps) for fps in DETECT_FPS])
