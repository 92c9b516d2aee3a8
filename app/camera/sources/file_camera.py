"""A picture or a video file as a camera."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.camera.files import is_picture, open_video, read_picture
from app.camera.sources.frame_pacer import FramePacer
from app.camera.video_file import TimedImage, VideoFile
from app.clock import Clock

PICTURE_FPS = 5.0
MAX_SKIP_SECONDS = 0.5
"""A video that is later than this plays on from where it is: skipping costs decoding too."""
MAX_STILL_SECONDS = 1.0
"""While the video's picture stands still it is given again this often: no new picture means a dark camera."""


class PictureFile:
    """A picture, given again five times a second."""

    is_live = False
    lag_seconds = 0.0

    def __init__(self, path: Path, clock: Clock) -> None:
        self._image = read_picture(path)
        self._pacer = FramePacer(PICTURE_FPS, clock)

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray:
        self._pacer.wait()
        return self._image.copy()

    def release(self) -> None:
        pass


class VideoPlayer:
    """A recording, played in a loop at its own speed."""

    is_live = False
    lag_seconds = 0.0

    def __init__(self, video: VideoFile, clock: Clock) -> None:
        self._video = video
        self._clock = clock
        self._frames = video.frames(is_wanted=self._is_in_time)
        self._first_due: float | None = None
        """When the first picture was due, monotonic; None until there is one."""
        self._first_seconds = self._newest_seconds = 0.0
        self._next: TimedImage | None = None
        self._shown: TimedImage | None = None

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray:
        if self._next is None:
            self._next = self._decode_next()
        wait = self._due(self._next.seconds) - self._clock.monotonic()
        if wait > MAX_STILL_SECONDS and self._shown:
            self._clock.wait(MAX_STILL_SECONDS)
            return self._shown.image.copy()
        self._clock.wait(wait)
        self._shown, self._next = self._next, None
        return self._shown.image

    def release(self) -> None:
        self._frames.close()

    def _due(self, seconds: float) -> float:
        return self._first_due + seconds - self._first_seconds

    def _is_in_time(self, seconds: float) -> bool:
        """Whether the picture is shown at all: one whose time has passed is skipped to keep the speed."""
        now = self._clock.monotonic()
        if self._first_due is None:
            self._first_due, self._first_seconds = now, seconds
        self._newest_seconds = seconds
        late = now - self._due(seconds)
        if late > MAX_SKIP_SECONDS:
            self._first_due += late
            return True
        return late < 1 / self._video.fps

    def _decode_next(self) -> TimedImage:
        """Decode the next picture; at the end of the video, the first one."""
        following = next(self._frames, None)
        if following is None:
            if self._first_due is not None:
                self._first_due = self._due(self._newest_seconds) + 1 / self._video.fps
            self._frames = self._video.frames(is_wanted=self._is_in_time)
            following = next(self._frames, None)
        if following is None:
            raise self._video.damage_error()
        return following


def open_file(path: Path, clock: Clock) -> PictureFile | VideoPlayer:
    """Open the picture or video at `path`. Raises CameraError."""
    if is_picture(path):
        return PictureFile(path, clock)
    return VideoPlayer(open_video(path), clock)
