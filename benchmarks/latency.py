"""Glass to glass: a camera whose picture shows the time, and how old that is when a viewer has decoded it."""

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
from benchmarks.pipeline import plain_loop
from benchmarks.table import show
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server, wait_for

STUDENTS, FPS, QUALITY = 20, 25, 90
PICTURES = 50
SECONDS, SETTLING = 15.0, 5.0
PLAIN_SECONDS = 10.0
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)


class ClockCamera(MjpegCamera):
    """A network camera that films the drawn classroom and, at its lower edge, a clock."""

    def __init__(self) -> None:
        room = Classroom(STUDENTS)
        self._pictures = [room.draw(START + timedelta(seconds=index / FPS)) for index in range(PICTURES)]
        super().__init__(self._pictures[:1], FPS)

    def next_part(self, index: int) -> bytes:
        picture = self._pictures[index % PICTURES].copy()
        coded_clock.draw(picture, time.time())
        return encode(picture, QUALITY)


def measure(folder: Path) -> list[dict]:
    """Watch the camera through the server, and then through the loop that people write."""
    with ClockCamera() as camera:
        server = Server(folder, {"CAMERA": camera.url, "STREAM_FPS": str(FPS)})
        server.start()
        try:
            wait_for(server.is_online)
            ours = _row("ours", _ages(part.jpeg for part in server.stream()), SECONDS)
        finally:
            server.stop()
        loop = plain_loop()
        return [ours, *([_row("plain loop", _ages(_plain(loop, camera.url)), PLAIN_SECONDS)] if loop else [])]


def _plain(loop: Callable[[np.ndarray], bytes], url: str) -> Iterator[bytes]:
    """Read, find, predict, draw and encode one picture after the other."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while True:
        yield loop(capture.read()[1])


def _ages(jpegs: Iterator[bytes]) -> Iterator[float]:
    """How many seconds old each picture is by the clock in it, at the moment it is decoded."""
    for jpeg in jpegs:
        seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        now, shown = time.time(), coded_clock.read(seen)
        if shown is not None:  # the card has no clock
            yield now - shown


def _row(way: str, ages: Iterator[float], seconds: float) -> dict:
    begin, taken = time.monotonic(), []
    for age in ages:
        since = time.monotonic() - begin
        if since > SETTLING:
            taken.append(1e3 * age)
        if since > SETTLING + seconds:
            break
    p50, p95, p99 = (float(part) for part in np.percentile(taken, (50, 95, 99)))
    rate = len(taken) / seconds
    return {"way": way, "pictures/s": rate, "age p50 ms": p50, "p95": p95, "p99": p99, "most": max(taken)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        show("latency", measure(Path(folder)))
