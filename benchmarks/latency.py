"""Glass-to-glass latency: the age of the time that a camera's picture shows, once a viewer has decoded it."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from app.demo import Classroom
from app.vision.annotate import encode
from benchmarks import coded_clock
from benchmarks.pipeline import baseline_loop
from benchmarks.table import show
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server, wait_for

STUDENTS, FPS, QUALITY = 20, 25, 90
PICTURES = 50
SECONDS, WARM_UP_SECONDS = 15.0, 5.0
BASELINE_SECONDS = 10.0
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)


class ClockCamera(MjpegCamera):
    """A network camera that films the drawn classroom, with a clock at the lower edge."""

    def __init__(self) -> None:
        room = Classroom(STUDENTS)
        self._pictures = [room.draw(START + timedelta(seconds=index / FPS)) for index in range(PICTURES)]
        super().__init__(self._pictures[:1], FPS)

    def next_part(self, index: int) -> bytes:
        picture = self._pictures[index % PICTURES].copy()
        coded_clock.draw_time(picture, time.time())
        return encode(picture, QUALITY)


def measure(folder: Path) -> list[dict]:
    """Watch the camera through the server, then through the baseline loop."""
    with ClockCamera() as camera:
        settings = {"CAMERA": camera.url, "STREAM_FPS": str(FPS), "PURPOSE": "expressions"}
        server = Server(folder, settings)
        server.start()
        try:
            wait_for(server.is_online)
            aula = _row("Aula", _ages(part.jpeg for part in server.stream()), SECONDS)
        finally:
            server.stop()
        loop = baseline_loop()
        if loop is None:
            return [aula]
        return [aula, _row("baseline loop", _ages(_run_baseline(loop, camera.url)), BASELINE_SECONDS)]


def _run_baseline(loop: Callable[[np.ndarray], bytes], url: str) -> Iterator[bytes]:
    """Capture, detect, predict, draw and encode one picture after the other."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while True:
        yield loop(capture.read()[1])


def _ages(jpegs: Iterator[bytes]) -> Iterator[float]:
    """The seconds between the clock in each picture and the moment when it is decoded."""
    for jpeg in jpegs:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        decoded_at, shown_time = time.time(), coded_clock.read_time(picture)
        if shown_time is not None:  # the card has no clock
            yield decoded_at - shown_time


def _row(program: str, ages: Iterator[float], seconds: float) -> dict:
    start, measured = time.monotonic(), []
    for age in ages:
        elapsed = time.monotonic() - start
        if elapsed > WARM_UP_SECONDS:
            measured.append(1e3 * age)
        if elapsed > WARM_UP_SECONDS + seconds:
            break
    p50, p95, p99 = (float(percentile) for percentile in np.percentile(measured, (50, 95, 99)))
    return {
        "program": program,
        "pictures/s": len(measured) / seconds,
        "age p50 ms": p50,
        "p95": p95,
        "p99": p99,
        "max": max(measured),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("latency", measure(Path(folder)))
