"""Glass-to-glass latency with a browser as the camera: Chromium's webcam → server → stream → decoded.

All on one machine. The webcam plays a film of the drawn classroom in which each frame shows the film's time.
A probe in another tab records when the browser delivers each frame; the viewer reads the time from the
stream's JPEG.
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
FILM_SECONDS = 45.0  # longer than a measurement, so that the film doesn't start over
WARM_UP_SECONDS, SECONDS = 5.0, 15.0
DETECT_FPS = (5, 15)
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
PROBE = """async ({ rows, columns, rowHeight, fps }) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { frameRate: fps } });
    const track = stream.getVideoTracks()[0];
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
    const canvas = new OffscreenCanvas(columns, rows);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    window.deliveredAt = {};
    (async () => {
        for (;;) {
            const { value: frame, done } = await reader.read();
            if (done) return;
            const now = Date.now();
            const height = Math.round(rows * rowHeight * frame.displayHeight);
            const top = frame.displayHeight - height;
            context.drawImage(frame, 0, top, frame.displayWidth, height, 0, 0, columns, rows);
            frame.close();
            const cells = context.getImageData(0, 0, columns, rows).data;
            let number = 0;
            for (let at = 0; at < cells.length; at += 4) number = 2 * number + (cells[at] > 127 ? 1 : 0);
            window.deliveredAt[Math.floor(number / 256)] ??= now;
        }
    })();
}"""


def write_film(path: Path) -> None:
    """Write a film of a class in which every frame shows the film's own time."""
    room = Classroom(STUDENTS)
    pictures = [room.draw(START + timedelta(seconds=index / FPS)) for index in range(PICTURES)]
    with path.open("wb") as file:
        for index in range(round(FILM_SECONDS * FPS)):
            picture = pictures[index % PICTURES].copy()
            coded_clock.draw_time(picture, index / FPS)
            file.write(encode(picture, QUALITY))


def measure(folder: Path, film: Path, detect_fps: int) -> dict:
    """Send the film from a browser and watch the stream."""
    settings = {"CAMERA": "browser", "DETECT_FPS": str(detect_fps), "PURPOSE": "expressions"}
    server = Server(folder, settings)
    server.start()
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    arguments = [*LAUNCH["args"], *flags, f"--use-file-for-fake-video-capture={film}"]
    try:
        with sync_playwright() as playwright:
            own_processes = set(family(os.getpid()))
            browser = playwright.chromium.launch(**{**LAUNCH, "args": arguments})
            page, probe = _start_sending(browser, server)
            chromium = [pid for pid in family(os.getpid()) if pid not in own_processes]
            row = _measure_stream(server, chromium, probe)
            page.close()
            browser.close()
    finally:
        server.stop()
    return {"detect fps": detect_fps, **row}


def _start_sending(browser: Browser, server: Server) -> tuple[Page, Page]:
    """Open the page that sends, and one that records when each frame comes."""
    context = browser.new_context()
    page, probe = context.new_page(), context.new_page()
    sign_in(page, server)
    for tab in (page, probe):
        tab.goto(f"{server.url}/send")
    page.get_by_role("button", name="Webcam").click()
    page.get_by_role("button", name="Start sending").click()
    wait_for(server.is_online)
    clock = {
        "rows": coded_clock.ROWS,
        "columns": coded_clock.COLUMNS,
        "rowHeight": coded_clock.ROW_HEIGHT,
        "fps": FPS,
    }
    probe.evaluate(PROBE, clock)
    return page, probe


def _measure_stream(server: Server, chromium: list[int], probe: Page) -> dict:
    """Decode the stream for SECONDS after WARM_UP_SECONDS, and look up when the browser had each frame."""
    groups = {"browser": chromium, "web": [], "monitor": server.monitor_pids()}
    groups["web"] = [pid for pid in family(server.process.pid) if pid not in groups["monitor"]]
    start, decoded, cpu_before = None, [], {}
    for film_seconds, decoded_at in _decoded(server):
        start = start or decoded_at
        if decoded_at - start > WARM_UP_SECONDS and not cpu_before:
            cpu_before = {name: cpu_seconds(pids) for name, pids in groups.items()}
        if cpu_before and film_seconds is not None:
            decoded.append((round(1000 * film_seconds), decoded_at))
        if decoded_at - start > WARM_UP_SECONDS + SECONDS:
            break
    cpu = {f"{name} CPU %": 100 * (cpu_seconds(groups[name]) - cpu_before[name]) / SECONDS for name in groups}
    analysed_fps = server.get("/api/v1/state").json["monitor"]["analysed_fps"]
    delivered_at = {int(frame): at / 1000 for frame, at in probe.evaluate("window.deliveredAt").items()}
    ages = [1000 * (at - delivered_at[frame]) for frame, at in decoded if frame in delivered_at]
    p50, p95, p99 = (float(age) for age in np.percentile(ages, (50, 95, 99)))
    return {
        "shown/s": len(decoded) / SECONDS,
        "analysed/s": analysed_fps,
        "age p50 ms": p50,
        "p95": p95,
        "p99": p99,
        **cpu,
    }


def _decoded(server: Server) -> Iterator[tuple[float | None, float]]:
    """The film's time in each picture of the stream, and the time when it was decoded."""
    for part in server.stream():
        picture = cv2.imdecode(np.frombuffer(part.jpeg, np.uint8), cv2.IMREAD_COLOR)
        decoded_at = time.time()
        yield coded_clock.read_time(picture), decoded_at


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder, film = Path(name), Path(name) / "film.mjpeg"
        write_film(film)
        show("browser_camera", [measure(folder / f"at{fps}", film, fps) for fps in DETECT_FPS])
