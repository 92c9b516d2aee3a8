"""Reads the frames of a video with the times at which they are shown."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import cv2

from app.camera.files import open_video, video_fps
from app.clock import EPOCH
from app.offline.paths import RecordingError
from app.vision.frame import Frame


class VideoReader:
    """Reads a video once, from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises CameraError where it can't be read."""
        self.path = path
        self._capture = open_video(path)
        self.fps = video_fps(self._capture)
        self.frame_count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        """The number of frames that the container claims; 0 where it does not say."""
        self.size = tuple(
            int(self._capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        """Width and height in pixels."""
        self.frames_read = 0
        self.seconds = 0.0
        """The time of the last frame that was read."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame; its wall clock starts at EPOCH, since a video does not say when it was filmed.

        Raises RecordingError where no frame can be decoded.
        """
        while (frame := self._next_frame()) is not None:
            yield frame
        self._capture.release()
        if not self.frames_read:
            raise RecordingError(f"No picture in {self.path} can be decoded: it is cut off or damaged.")

    def _next_frame(self) -> Frame | None:
        is_decoded, image = self._capture.read()
        if not is_decoded:
            return None
        seconds = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self.frames_read and seconds <= self.seconds:  # some containers keep no times
            seconds = self.seconds + 1 / self.fps
        self.frames_read, self.seconds = self.frames_read + 1, seconds
        return Frame(image, self.frames_read, EPOCH + timedelta(seconds=seconds), seconds)
