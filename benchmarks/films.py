"""What is analysed: seconds of the drawn classroom and of real clips, held in memory as JPEGs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from app.demo import Classroom
from app.vision.frame import Box, Frame

START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SCENES = Path(__file__).resolve().parents[2] / "shared" / "data" / "scenes" / "videos"
CLIPS = ("FourPeople_720p60.mp4", "element-call_gallery.gif", "intel_asl_school.mkv")
QUALITY = 95  # of the JPEGs; a raw minute of 1080p would take 9 GB


@dataclass(frozen=True, slots=True)
class Film:
    """A few seconds from a camera."""

    name: str
    fps: float
    jpegs: list[bytes]
    truth: list[list[Box]] | None
    """The faces that should be found in each frame; None where they are unknown."""
    people: list[list[Box]] | None
    """All faces in each frame, including those that are turned away and may be missed."""

    def frames(self) -> Iterator[Frame]:
        """Every frame, as a camera would deliver it."""
        for index, jpeg in enumerate(self.jpegs):
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            seconds = index / self.fps
            yield Frame(image, index + 1, START + timedelta(seconds=seconds), seconds)


def drawn(students: int, width: int, height: int, seconds: float, fps: float) -> Film:
    """Some seconds of the drawn classroom."""
    room = Classroom(students, (width, height))
    moments = [START + timedelta(seconds=index / fps) for index in range(round(seconds * fps))]
    known = [room.truth(at) for at in moments]
    truth = [[student.box for student in students if student.is_facing] for students in known]
    people = [[student.box for student in students] for students in known]
    name = f"{width}×{height}, {students} students"
    return Film(name, fps, [_jpeg(room.draw(at)) for at in moments], truth, people)


def clip(path: Path, seconds: float, fps: float) -> Film:
    """The beginning of a video, at about `fps` frames a second."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    file_fps = capture.get(cv2.CAP_PROP_FPS)
    step = max(1, round(file_fps / fps))
    jpegs = []
    for index in range(round(seconds * file_fps)):
        if not capture.grab():
            break
        if index % step == 0:
            jpegs.append(_jpeg(capture.retrieve()[1]))
    return Film(path.stem, file_fps / step, jpegs, None, None)


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
