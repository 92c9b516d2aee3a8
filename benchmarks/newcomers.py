"""How long a face is in the picture before it has a box: one student after the other turns up in a class."""

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
FIRST = 2.0  # seconds
GAP = 1.33  # seconds from one to the next: every moment of a sweep has its turn
LONGEST = 3.0
HEAD = 1.8  # of the box's side: with hair and chin


def measure(size: tuple[int, int], students: int, fps: int) -> dict:
    """Let one after the other turn up; in the time of the frames, so that it is the same on any machine."""
    waits: dict[int, float] = {}
    analyser = FaceAnalyser()
    for second, image, newcomers in _film(Classroom(students, size), fps):
        since = START + timedelta(seconds=second)
        faces = analyser.analyse(Frame(image, 1 + round(second * fps), since, second))
        for student, (box, appeared) in newcomers.items():
            if student not in waits and recall([faces], [[box]]):
                waits[student] = second - appeared
    p50, p95 = (float(part) for part in np.percentile(list(waits.values()), (50, 95)))
    return {
        "class": f"{size[0]}×{size[1]}, {students} students",
        "frames/s": fps,
        "turned up": len(newcomers),
        "found": len(waits),
        "after s, p50": p50,
        "p95": p95,
        "most": max(waits.values()),
    }


def _film(room: Classroom, fps: int) -> Iterator[tuple[float, np.ndarray, dict[int, tuple[Box, float]]]]:
    """Each frame: its second, the picture, and who has turned up so far, with box and second."""
    appeared: dict[int, float] = {}
    for index in range(round((FIRST + GAP * room.students + LONGEST) * fps)):
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
    """Leave a blur where a head is."""
    margin = round((HEAD - 1) / 2 * box.width)
    left, top = max(0, box.x - margin), max(0, box.y - margin)
    head = image[top : box.y + box.height + margin, left : box.x + box.width + margin]
    head[:] = cv2.blur(head, (2 * box.width, 2 * box.width))


if __name__ == "__main__":
    show("newcomers", [measure(*room, fps) for room in CLASSES for fps in RATES])
