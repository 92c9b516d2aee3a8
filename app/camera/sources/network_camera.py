"""A camera on the network, or a recording there."""

import cv2
import numpy as np

from app.camera import diagnosis
from app.camera.errors import CameraError, Reason
from app.camera.files import holds_video
from app.camera.sources.file_camera import VideoFile
from app.camera.spec import hide_password
from app.clock import Clock
from app.language import Translatable

MAX_DAMAGED_FRAMES = 25
"""Frames in a row that can't be decoded, about a second of them: more mean that the stream has ended."""


class NetworkCamera:
    """A camera read over RTSP or HTTP.

    When it changes its frame size, the decoder goes on with the first size and scales.
    """

    is_live = True
    lag_seconds = 0.0

    def __init__(self, capture: cv2.VideoCapture, url: str, timeout_seconds: float, clock: Clock) -> None:
        self._capture = capture
        self._shown_url = hide_password(url)
        self._timeout_seconds = timeout_seconds
        self._clock = clock

    def next_frame(self) -> np.ndarray:
        began = self._clock.monotonic()
        # The decoder says only "no", at a damaged frame too: the next frames tell damage from an end, and the
        # time it took tells silence from both.
        for _ in range(MAX_DAMAGED_FRAMES):
            was_decoded, image = self._capture.read()
            if was_decoded:
                return image
            if self._clock.monotonic() - began >= 0.9 * self._timeout_seconds:
                raise CameraError(
                    Reason.TIMED_OUT,
                    Translatable(
                        "%(address)s sent nothing for %(seconds)s s. Check its network and its power.",
                        address=self._shown_url,
                        seconds=f"{self._timeout_seconds:g}",
                    ),
                )
        raise CameraError(
            Reason.STOPPED,
            Translatable("%(address)s ended the stream. Aula reconnects by itself.", address=self._shown_url),
        )

    def release(self) -> None:
        self._capture.release()


def open_network_camera(url: str, timeout_seconds: float, clock: Clock) -> NetworkCamera | VideoFile:
    """Open the camera at `url`, or the recording there, known by its number of frames. Raises CameraError."""
    milliseconds = max(1, round(timeout_seconds * 1000))
    options = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        milliseconds,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        milliseconds,
        # Each decoding thread holds back one frame.
        cv2.CAP_PROP_N_THREADS,
        1,
    ]

    def open_capture() -> cv2.VideoCapture:
        began = clock.monotonic()
        # The time-outs work only where FFmpeg is named.
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        if not holds_video(capture):
            capture.release()
            raise diagnosis.network_error(url, timeout_seconds, clock.monotonic() - began)
        return capture

    capture = open_capture()
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1:
        capture.release()
        return VideoFile(open_capture, hide_password(url), clock)
    return NetworkCamera(capture, url, timeout_seconds, clock)
