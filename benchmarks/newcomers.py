"""How long a new face is in the picture before it has a box, while one student after another appears."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from app.demo import Classroom
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Box, Frame
from benchmarks.pipeline import recall
from benchmarks.table import show

START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
CLASSES = (((640, 480), 10), ((1280, 720), 20))
RATES = (5, 25)
FIRST = 2.0  # seconds before the first one appears
GAP = 1.33  # seconds from one to the next, so that they appear at every moment of a sweep
MAX_WAIT_SECONDS = 3.0
HEAD_SIZE = 1.8  # of the box's side, with hair and chin


def measure(size: tuple[int, int], students: int, fps: int) -> dict:
    """Let students appear; time is that of the frames, so the result is the same on every machine."""
    waits: dict[int, float] = {}
    analyser = FaceAnalyser()
    for second, image, newcomers in _film(Classroom(students, size), fps):
        captured_at = START + timedelta(seconds=second)
        faces = analyser.analyse(Frame(image, 1 + round(second * fps), captured_at, second))
        for student, (box, appeared_at) in newcomers.items():
            if student not in waits and recall([faces], [[box]]):
                waits[student] = second - appeared_at
    p50, p95 = (float(percentile) for percentile in np.percentile(list(waits.values()), (50, 95)))
    return {
        "class": f"{size[0]}×{size[1]}, {students} students",
        "frames/s": fps,
        "appeared": len(newcomers),
        "found": len(waits),
        "after s, p50": p50,
        "p95": p95,
        "max": max(waits.values()),
    }


def _film(room: Classroom, fps: int) -> Iterator[tuple[float, np.ndarray, dict[int, tuple[Box, float]]]]:
    """Each frame: its second, the picture, and who has appeared so far, with box and second."""
    appeared: dict[int, float] = {}
    for index in range(round((FIRST + GAP * room.students + MAX_WAIT_SECONDS) * fps)):
        second = index / fps
        at = START + timedelta(seconds=second)
        image, truth = room.draw(at), room.truth(at)
        for number, student in enumerate(truth):
            if number not in appeared and second >= FIRST + GAP * number and student.is_facing:
                appeared[number] = second
            if number not in appeared:
                _wipe(image, student.box)
        yield second, image, {number: (truth[number].box, since) for number, since in appeared.items()}


def _wipe(image: np.ndarray, box: Box) -> None:
    """Blur the picture where a head is."""
    margin = round((HEAD_SIZE - 1) / 2 * box.width)
    left, top = max(0, box.x - margin), max(0, box.y - margin)
    head = image[top : box.y + box.height + margin, left : box.x + box.width + margin]
    head[:] = cv2.blur(head, (2 * box.width, 2 * box.width))


if __name__ == "__main__":
    show("newcomers", [measure(*room, fps) for room in CLASSES for fps in RATES])
