"""A picture or a video file as a camera."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.camera.errors import CameraError, Reason
from app.camera.files import is_picture, open_video, read_picture, video_fps
from app.camera.sources.frame_pacer import FramePacer
from app.camera.video import Video
from app.clock import Clock
from app.language import Translatable

PICTURE_FPS = 5.0
MAX_SKIP_SECONDS = 0.5
"""A video that is later than this plays on from where it is: skipping costs decoding too."""


class PictureFile:
    """A picture, given again five times a second."""

    is_live = False
    lag_seconds = 0.0

    def __init__(self, path: Path, clock: Clock) -> None:
        self._image = read_picture(path)
        self._pacer = FramePacer(PICTURE_FPS, clock)

    def next_frame(self) -> np.ndarray:
        self._pacer.wait()
        return self._image.copy()

    def release(self) -> None:
        pass


class VideoFile:
    """A recording, played in a loop at its own speed."""

    is_live = False
    lag_seconds = 0.0

    def __init__(self, open_capture: Callable[[], Video], name: str, clock: Clock) -> None:
        self._open_capture = open_capture
        self._name = name
        self._clock = clock
        self._capture = open_capture()
        self.fps = video_fps(self._capture)
        self._due = clock.monotonic()

    def next_frame(self) -> np.ndarray:
        self._skip_late_frames()
        image = self._decode_next()
        self._clock.wait(self._due - self._clock.monotonic())
        self._due += 1 / self.fps
        return image

    def release(self) -> None:
        self._capture.release()

    def _skip_late_frames(self) -> None:
        """Skip the frames whose time has passed, so that the video stays at its own speed."""
        late = self._clock.monotonic() - self._due
        if late > MAX_SKIP_SECONDS:
            self._due += late
            return
        for _ in range(math.floor(late * self.fps)):
            self._capture.grab()
            self._due += 1 / self.fps

    def _decode_next(self) -> np.ndarray:
        """Decode the next frame; at the end of the video, the first one."""
        was_decoded, image = self._capture.read()
        if not was_decoded:
            # Opened again, not rewound: not every container can be rewound.
            self._capture.release()
            self._capture = self._open_capture()
            was_decoded, image = self._capture.read()
        if not was_decoded:
            raise CameraError(
                Reason.UNREADABLE,
                Translatable(
                    "No picture in %(name)s can be decoded: it is cut off or damaged. Copy it again.",
                    name=self._name,
                ),
            )
        return image


def open_file(path: Path, clock: Clock) -> PictureFile | VideoFile:
    """Open the picture or video at `path`. Raises CameraError."""
    if is_picture(path):
        return PictureFile(path, clock)
    return VideoFile(lambda: open_video(path), str(path), clock)
