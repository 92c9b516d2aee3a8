"""Reads the frames of a video with the times at which they are shown."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from app.camera.files import open_video
from app.clock import EPOCH
from app.vision.frame import Frame


class VideoReader:
    """Reads a video's frames, whose wall clock starts at EPOCH; damaged ones are left out."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises CameraError where it can't be read."""
        self.path = path
        self.video = open_video(path)
        self.size = self.video.size
        """Width and height in pixels, upright."""
        self.fps = self.video.fps
        """Frames a second, on average."""
        self.duration_seconds = self.video.duration_seconds
        """When it ends by its own clock; None where the file does not say."""
        self.began_at = self.video.began_at
        """When it was filmed, UTC; None where the file does not say."""
        self.frames_read = 0
        self.seconds = 0.0
        """The time of the last frame that was read."""

    @property
    def undecoded_seconds(self) -> float:
        """What has been left out so far, because it is damaged or missing."""
        return self.video.undecoded_seconds

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame. Raises CameraError if decoding one would take too much."""
        return self.frames()

    def frames(
        self, from_seconds: float = 0.0, is_wanted: Callable[[float], bool] = lambda seconds: True
    ) -> Iterator[Frame]:
        """Yield the frames from `from_seconds` on whose time `is_wanted`; the others cost less.

        The first one is counted as 1 each time. Raises CameraError if decoding one would take too much.
        """
        self.frames_read = 0
        for seconds, image in self.video.frames(from_seconds, is_wanted):
            self.frames_read, self.seconds = self.frames_read + 1, seconds
            yield Frame(image, self.frames_read, EPOCH + timedelta(seconds=seconds), seconds)
