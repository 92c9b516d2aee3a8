"""A camera on the network, or a recording there."""

import http.client
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np

from app.camera import diagnosis
from app.camera.errors import CameraError, end_error, silence_error
from app.camera.http_request import RedirectElsewhere, request_address
from app.camera.sign_in import UnknownSignIn
from app.camera.sources.jpeg_camera import MAX_DAMAGED_FRAMES, MjpegCamera, SnapshotCamera
from app.camera.spec import hide_password
from app.camera.video import MAX_REDIRECTS, Video
from app.clock import Clock

if TYPE_CHECKING:
    from app.camera.sources.file_camera import VideoPlayer


class NetworkCamera:
    """A camera whose video FFmpeg reads, over RTSP or HTTP.

    When it changes its frame size, the decoder goes on with the first size and scales.
    """

    is_live = True
    lag_seconds = 0.0

    def __init__(self, capture: Video, url: str, timeout_seconds: float, clock: Clock) -> None:
        self._capture = capture
        self._shown_url = hide_password(url)
        self._timeout_seconds = timeout_seconds
        self._clock = clock

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        began = self._clock.monotonic()
        # The decoder says only "no", at a damaged frame too: the next frames tell damage from an end, and the
        # time it took tells silence from both.
        for _ in range(MAX_DAMAGED_FRAMES):
            if self._capture.grab():
                if not is_wanted():
                    return None
                image = self._capture.retrieve()
                if image is not None:
                    return image
            if self._clock.monotonic() - began >= 0.9 * self._timeout_seconds:
                raise silence_error(self._shown_url, self._timeout_seconds)
        raise end_error(self._shown_url)

    def release(self) -> None:
        self._capture.release()


def open_network_camera(
    url: str, timeout_seconds: float, clock: Clock
) -> "MjpegCamera | SnapshotCamera | NetworkCamera | VideoPlayer":
    """Open the camera at `url`, or the recording there. Raises CameraError."""
    if url.lower().startswith("http"):
        match _open_jpeg_camera(url, timeout_seconds, clock):
            case str() as video_url:
                url = video_url
            case camera:
                return camera
    return _open_video(url, timeout_seconds, clock)


def _open_jpeg_camera(url: str, timeout_seconds: float, clock: Clock) -> MjpegCamera | SnapshotCamera | str:
    """Open a camera that sends JPEGs; if it sends something else, give the address to which it redirects."""

    def request() -> HTTPResponse:
        try:
            return request_address(url, timeout_seconds)
        except (OSError, RedirectElsewhere, UnknownSignIn) as error:
            raise diagnosis.http_error(url, error) from error

    try:
        response = request()
    except http.client.HTTPException:
        return url  # FFmpeg may understand it
    match response.headers.get_content_type():
        case "multipart/x-mixed-replace":
            return MjpegCamera(response, hide_password(url), timeout_seconds, clock)
        case "image/jpeg" | "image/jpg":
            return SnapshotCamera(response, request, hide_password(url), timeout_seconds, clock)
        case content_type:
            response.close()
            diagnosis.check_content_type(url, content_type)
            return urlunsplit(urlsplit(response.url)._replace(netloc=urlsplit(url).netloc))


def _open_video(url: str, timeout_seconds: float, clock: Clock) -> "NetworkCamera | VideoPlayer":
    """Open a video with FFmpeg; a recording is known by its number of frames."""
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
    began = clock.monotonic()

    def opening_error() -> CameraError:
        return diagnosis.network_error(url, timeout_seconds, clock.monotonic() - began)

    capture = Video(url, hide_password(url), options)
    if not capture.holds_video():
        capture.release()
        raise opening_error()
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1:
        capture.release()
        # Imported here: only recordings need PyAV.
        from app.camera.sources.file_camera import VideoPlayer
        from app.camera.video_file import VideoFile

        video = VideoFile(
            url, hide_password(url), {"max_redirects": MAX_REDIRECTS}, opening_error, timeout_seconds
        )
        return VideoPlayer(video, clock)
    return NetworkCamera(capture, url, timeout_seconds, clock)
