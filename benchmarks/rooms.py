"""What one more room costs: 1, 2, 4 and 6 rooms, each with a camera of its own that sends H.264 over HTTP.

`python -m benchmarks.rooms [ROOMS…]`: readings a second, processor time and memory of the processes while
nobody watches. Before that, the film is read in this process, frame by frame, beside the plain way: the
cascade searches the whole of every frame, and the network reads what it finds.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import cv2

from app.vision.crop import crop_faces
from app.vision.expression_network import ExpressionClassifier
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Box, Face, Frame
from app.vision.model_card import MODELS
from benchmarks.h264_camera import EncodedFilm, H264Camera, film
from benchmarks.pipeline import false_boxes, recall
from benchmarks.processes import cpu_seconds, family, megabytes
from benchmarks.table import show
from tests.server import Server, wait_for

STUDENTS, SIZE = 20, (1280, 720)
FILM_SECONDS = 20.0
READINGS = 5  # a second, for each room
ROOMS = (1, 2, 4, 6)
WARM_UP_SECONDS = 40.0
"""The further cascades' first round takes 30 s, and searches the whole of every tile."""
SECONDS = 15.0
SETTLED_SECONDS = 2.0  # of the film, before faces count


def ways(encoded: EncodedFilm) -> list[dict]:
    """Read the film in both ways: processor time a reading, and how many faces are found."""
    return [_row("Aula", FaceAnalyser().analyse, encoded), _row("plain", _plain_way(), encoded)]


def _row(way: str, read: Callable[[Frame], tuple[Face, ...]], encoded: EncodedFilm) -> dict:
    cv2.setNumThreads(1)  # as in a monitor
    shown, spent, numbers = [], [], []
    for number, frame in encoded.frames(READINGS):
        begin = time.process_time()
        faces = read(frame)
        if frame.monotonic >= SETTLED_SECONDS:
            spent.append(time.process_time() - begin)
            shown.append(faces)
            numbers.append(number)
    return {
        "way": way,
        "CPU ms a reading": 1e3 * mean(spent),
        "cores": READINGS * mean(spent),
        "recall": recall(shown, [encoded.facing[number] for number in numbers]),
        "false boxes a reading": false_boxes(shown, [encoded.people[number] for number in numbers]),
    }


def _plain_way() -> Callable[[Frame], tuple[Face, ...]]:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    classifier = ExpressionClassifier.load(MODELS)

    def read(frame: Frame) -> tuple[Face, ...]:
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        boxes = [Box(*map(int, box)) for box in cascade.detectMultiScale(grey, 1.3, 5)]
        scores, _ = classifier.classify(crop_faces(grey, boxes))
        return tuple(Face(0, box, each, None) for box, each in zip(boxes, scores, strict=True))

    return read


def school(folder: Path, camera: H264Camera, encoded: EncodedFilm, rooms: int) -> dict:
    """Read `rooms` rooms at once, and measure the processes."""
    settings = {"CAMERA": camera.url, "ROOM": "Room 1", "DETECT_FPS": str(READINGS), "PURPOSE": "expressions"}
    server = Server(folder, settings)
    server.migrate()
    for number in range(2, rooms + 1):
        server.change_database(
            "INSERT INTO room (name, slug, camera, purpose) VALUES (?, ?, ?, 'expressions')",
            f"Room {number}",
            f"room-{number}",
            camera.url,
        )
    with server:
        listed = server.get("/api/v1/rooms").json["rooms"]
        paths = [f"/api/v1/rooms/{room['id']}" for room in listed]
        wait_for(lambda: all(server.get(f"{path}/now").status == 200 for path in paths), seconds=60)
        time.sleep(WARM_UP_SECONDS)
        monitors = server.monitor_pids()
        web = [pid for pid in family(server.process.pid) if pid not in monitors]
        before, begin = (cpu_seconds(monitors), cpu_seconds(web)), time.monotonic()
        counted, rates = [], []
        while time.monotonic() - begin < SECONDS:
            time.sleep(1)
            counted += [server.get(f"{path}/now").json["faces"] for path in paths]
            rates += [server.get(f"{path}/state").json["monitor"]["analysed_fps"] for path in paths]
        seconds = time.monotonic() - begin
        after = cpu_seconds(monitors), cpu_seconds(web)
        cores = [(now - then) / seconds for then, now in zip(before, after, strict=True)]
        return {
            "rooms": len(paths),
            "readings/s a room": mean(rates),
            "monitors, cores a room": cores[0] / rooms,
            "CPU ms a reading": 1e3 * cores[0] / rooms / mean(rates),
            "others, cores": cores[1],
            "monitors, MB a room": megabytes(monitors) / rooms,
            "others, MB": megabytes(web),
            "faces counted of those who face the camera": mean(counted) / mean(map(len, encoded.facing)),
        }


def main() -> None:
    """Measure both ways, then the rooms."""
    numbers = [int(number) for number in sys.argv[1:]] or ROOMS
    encoded = film(STUDENTS, SIZE, FILM_SECONDS)
    show("rooms, ways", ways(encoded))
    with tempfile.TemporaryDirectory() as folder, H264Camera(encoded) as camera:
        show("rooms", [school(Path(folder) / str(number), camera, encoded, number) for number in numbers])


if __name__ == "__main__":
    main()
