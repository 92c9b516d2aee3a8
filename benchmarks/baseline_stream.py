"""The baseline for `viewers`: a Flask generator that draws and encodes every picture for each viewer."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread

from flask import Flask, Response

from app.demo import Classroom
from app.vision.annotate import annotate, encode
from app.vision.frame import Face

STUDENTS, FPS, QUALITY = 20, 15, 80
PICTURES = 30
START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)


class Camera:
    """Drawn pictures with the true faces, prepared in advance: it neither captures nor analyses."""

    def __init__(self) -> None:
        room = Classroom(STUDENTS)
        self._moments = [START + timedelta(seconds=index / FPS) for index in range(PICTURES)]
        self._pictures = [(room.draw(at), _faces(room, at)) for at in self._moments]
        self.newest = (*self._pictures[0], time.time())
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            for image, faces in self._pictures:
                self.newest = image, faces, time.time()
                time.sleep(1 / FPS)


def _faces(room: Classroom, at: datetime) -> list[Face]:
    return [Face(number, student.box, None, None) for number, student in enumerate(room.truth(at))]


app = Flask(__name__)
camera = Camera()


@app.get("/stream.mjpg")
def stream() -> Response:
    """Send the newest picture ten times a second."""
    return Response(_parts(), mimetype="multipart/x-mixed-replace; boundary=frame")


def _parts():
    while True:
        image, faces, captured_at = camera.newest
        jpeg = encode(annotate(image, faces), QUALITY)
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Captured-At: {captured_at:.3f}"
        yield b"--frame\r\n" + head.encode() + b"\r\n\r\n" + jpeg + b"\r\n"
        time.sleep(0.1)
