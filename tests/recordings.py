"""Films of the drawn classroom, as somebody would upload them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2

from app.demo import Classroom

MORNING = datetime(2026, 11, 21, 10, tzinfo=UTC)
SIZE = (320, 180)
STUDENTS = 6
FACES = 5  # found in so small a picture


def film(path: Path, seconds: float, fps: float = 1, period: int = 20) -> Path:
    """Write a video of a class, which repeats after `period` frames; that is far faster than drawing all."""
    room = Classroom(STUDENTS, SIZE)
    frames = [room.draw(MORNING + timedelta(seconds=index / fps)) for index in range(period)]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), fps, SIZE)
    for index in range(round(seconds * fps)):
        writer.write(frames[index % period])
    writer.release()
    return path


def phone_film(path: Path, began_at: datetime, seconds: int) -> Path:
    """Write a video that says when it began, as a phone's does."""
    room = Classroom(STUDENTS, SIZE)
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = began_at.isoformat()
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for index in range(seconds):
            image = room.draw(MORNING + timedelta(seconds=index))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path
