"""Live video that FFmpeg reads: from its own address alone, and with frames that are bounded."""

import os
from collections.abc import Sequence

import cv2
import numpy as np

from app.camera.errors import refusal_error
from app.camera.jpeg import NOT_A_JPEG, InvalidJpeg, check_scans, check_size, jpeg_size

MAX_SIDE = 2**14  # pixels
MAX_PIXELS = 2**26
"""More than a camera's frame may have, as photographs have: 8192 × 8192, decoded 200 MB."""

COVER_FPS = 90_000
FORMATS = (
    "asf,avi,av1,flv,gif,h264,hevc,ivf,m4v,matroska,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,mpjpeg,mxf,nut,obu,ogg,"
    "rtsp,webm,webp_pipe,yuv4mpegpipe"
)
"""FFmpeg's names of what holds a video itself. Playlists (HLS, DASH, concat, SDP) name other hosts and files,
and its terminal "plays" any text."""
MAX_REDIRECTS = "0"  # app.camera.http_request follows those that stay on the camera
FFMPEG_OPTIONS = "|".join(
    (
        "rtsp_flags;prefer_tcp",  # over UDP a lost packet smears the picture; some cameras offer nothing else
        f"max_redirects;{MAX_REDIRECTS}",
        f"format_whitelist;{FORMATS}",
    )
)
MJPEG_TAGS = frozenset(
    b"AVDJ AVRn CJPG IJPG JPEG JPGL LJPG MJLS MJPG QIVG dmb1 jpeg ljpe mjpa mjpb mjpe mjpg".split()
)
"""What containers, and OpenCV where they say nothing, call FFmpeg's decoder `mjpeg`."""


def silence_decoder() -> None:
    """Keep OpenCV and FFmpeg off stderr: they print passwords in addresses, and a line per damaged frame.

    And set what FFmpeg may open.

    To look for a fault, set OPENCV_FFMPEG_LOGLEVEL and OPENCV_LOG_LEVEL. FFmpeg's two variables are read when
    something is opened, so setting them here is early enough.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", FFMPEG_OPTIONS)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class Video:
    """A video that is open, or could not be opened. It bounds Motion JPEG, which FFmpeg doesn't.

    It holds a `cv2.VideoCapture` and is none: objects of a class derived from that crash at their end.
    """

    def __init__(self, source: str, shown: str, options: Sequence[int] = ()) -> None:
        """Open the file or address `source`, which messages name as `shown`.

        Raises CameraError if its frames are too large.
        """
        self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, list(options))
        self._shown = shown
        self._size = int(self.get(cv2.CAP_PROP_FRAME_WIDTH)), int(self.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if all(self._size):
            try:
                check_size(*self._size, MAX_SIDE, MAX_PIXELS)
            except InvalidJpeg as error:
                self.release()
                raise refusal_error(shown, error.words) from None
        tag = int(self.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
        self._gives_jpegs = tag in MJPEG_TAGS and self._capture.set(cv2.CAP_PROP_FORMAT, -1)

    def holds_video(self) -> bool:
        """Whether it is open, and not sound with a cover: FFmpeg gives a cover the frame rate of its clock.

        Live streams may have that rate too; they state no length.
        """
        is_cover = self.get(cv2.CAP_PROP_FPS) >= COVER_FPS and self.get(cv2.CAP_PROP_FRAME_COUNT) > COVER_FPS
        return self._capture.isOpened() and not is_cover

    def get(self, number: int) -> float:
        """A property by its number, `cv2.CAP_PROP_…`; 0 where the video doesn't say."""
        return self._capture.get(number)

    def grab(self) -> bool:
        """Wait for the next frame, and give whether there is one. It is decoded, but not converted."""
        return self._capture.grab()

    def release(self) -> None:
        """Close it."""
        self._capture.release()

    def retrieve(self) -> np.ndarray | None:
        """Give the frame that was grabbed: BGR, uint8, all of one size; None if it can't be decoded.

        Raises CameraError if decoding it would take too long or too much memory.
        """
        was_retrieved, image = self._capture.retrieve()
        if was_retrieved and self._gives_jpegs:
            return decode_jpeg(image.tobytes(), self._size, self._shown)
        return image if was_retrieved else None


def decode_jpeg(jpeg: bytes, size: tuple[int, int], shown: str) -> np.ndarray | None:
    """Decode a JPEG of a video and scale it to the size that the container states; None if it is damaged.

    Raises CameraError if decoding it would take too long or too much memory.
    """
    try:
        own_size = jpeg_size(jpeg)
        check_size(*own_size, MAX_SIDE, MAX_PIXELS)
        check_scans(jpeg)
    except InvalidJpeg as error:
        if error.words is NOT_A_JPEG:
            return None
        raise refusal_error(shown, error.words) from None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return image if image is None or own_size == size else cv2.resize(image, size)
