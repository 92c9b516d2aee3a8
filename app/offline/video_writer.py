"""Writes the annotated copy of a video."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from app.offline.paths import RecordingError
from app.vision.annotate import annotate
from app.vision.frame import Face, Frame

CODEC = "mp4v"
"""MPEG-4 part 2: of the codecs that OpenCV brings for MP4, the one that players know."""
MAX_PENDING_FRAMES = 16  # 45 MB at 720p


class AnnotatedVideoWriter:
    """Annotates and encodes on a thread of its own, while the next frames are analysed."""

    def __init__(self, writer: cv2.VideoWriter, executor: ThreadPoolExecutor) -> None:
        self._writer = writer
        self._executor = executor
        self._pending: deque[Future] = deque()

    def add(self, frame: Frame, faces: Sequence[Face], hide_faces: bool) -> None:
        """Write a frame in the background; waits while MAX_PENDING_FRAMES are pending."""
        if len(self._pending) >= MAX_PENDING_FRAMES:
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(self._write, frame.image, faces, hide_faces))

    def finish(self) -> None:
        """Wait until the last frame is written."""
        for future in self._pending:
            future.result()

    def _write(self, image: np.ndarray, faces: Sequence[Face], hide_faces: bool) -> None:
        self._writer.write(annotate(image, faces, hide_faces=hide_faces))


@contextmanager
def annotated_video(path: Path, fps: float, size: tuple[int, int]) -> Iterator[AnnotatedVideoWriter]:
    """Write a video of `size` (width, height), which appears at `path` once it is complete, else not at all.

    Raises RecordingError.
    """
    unfinished = path.with_name(f"writing-{path.name}")
    writer = cv2.VideoWriter(str(unfinished), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*CODEC), fps, size)
    try:
        if not writer.isOpened():
            raise RecordingError(f"{path} can't be written. Choose another folder with --out.")
        with ThreadPoolExecutor(1, "annotated-video") as executor:
            video = AnnotatedVideoWriter(writer, executor)
            yield video
            video.finish()
        writer.release()
        _check_complete(unfinished, path)
        unfinished.rename(path)
    finally:
        writer.release()
        unfinished.unlink(missing_ok=True)


def _check_complete(written: Path, path: Path) -> None:
    """Raise RecordingError where the end of the file is missing; the writer itself reports no error."""
    capture = cv2.VideoCapture(str(written), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise RecordingError(f"{path} can't be written. Is there room on the disk?")
    capture.release()
