"""Opens pictures and videos on this machine, told apart by their content and not by their names."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from app.camera import diagnosis
from app.camera.errors import CameraError, Reason
from app.camera.jpeg import TOO_MANY_PIXELS, InvalidJpeg, check_scans, check_size
from app.language import Translatable

ANSI_ART = int.from_bytes(b"ansi", "little")
"""FFmpeg's codec for a text file, which it "plays" as a terminal would show it."""
COVER_FPS = 90_000
DEFAULT_FPS = 25.0
MAX_PICTURE_SIDE = 2**14  # pixels
MAX_PICTURE_PIXELS = 2**26
"""More than a frame may have, as photographs have: 8192 × 8192, decoded 200 MB."""
MAX_PICTURE_BYTES = 2**28


def is_picture(path: Path) -> bool:
    """Whether a file holds a picture rather than a video. Raises CameraError if it can't be read."""
    check_name(path)
    if not path.is_file() or not os.access(path, os.R_OK):
        raise diagnosis.file_error(path)
    # OpenCV takes a GIF for a picture; here it plays.
    with path.open("rb") as file:
        return cv2.haveImageReader(str(path)) and file.read(4) != b"GIF8"


def check_name(path: Path) -> None:
    """Raise CameraError unless the path is UTF-8: OpenCV crashes at any other."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        raise CameraError(
            Reason.UNREADABLE, Translatable("The name %(path)s is not UTF-8. Rename it.", path=shown)
        ) from None


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture. Raises CameraError if it is damaged or too large; OpenCV alone would give a part."""
    check_name(path)
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            raise InvalidJpeg(
                Translatable("The picture is larger than %(most)s MB.", most=MAX_PICTURE_BYTES // 2**20)
            )
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            check_size(*picture.size, MAX_PICTURE_SIDE, MAX_PICTURE_PIXELS)
            if picture.format in ("JPEG", "MPO"):
                check_scans(data)
            picture.load()
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except InvalidJpeg as error:
        raise _refused_picture(path, error.words) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused_picture(path, TOO_MANY_PIXELS) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, cv2.error) as error:
        raise diagnosis.file_error(path) from error
    if image is None:
        raise diagnosis.file_error(path)
    return image


def _refused_picture(path: Path, words: Translatable) -> CameraError:
    return CameraError(
        Reason.UNREADABLE, Translatable("%(path)s can't be used: %(words)s", path=str(path), words=words)
    )


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video at its beginning. Raises CameraError if there is none."""
    check_name(path.absolute())
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not holds_video(capture):
        capture.release()
        raise diagnosis.file_error(path)
    return capture


def holds_video(capture: cv2.VideoCapture) -> bool:
    """Whether it is open, and neither a text that FFmpeg plays nor sound with a cover."""
    return capture.isOpened() and int(capture.get(cv2.CAP_PROP_FOURCC)) != ANSI_ART and not _is_cover(capture)


def _is_cover(capture: cv2.VideoCapture) -> bool:
    """Whether the only picture is the cover of a sound file: FFmpeg gives it the frame rate of its clock.

    Live streams may have that rate too; they state no length.
    """
    return capture.get(cv2.CAP_PROP_FPS) >= COVER_FPS and capture.get(cv2.CAP_PROP_FRAME_COUNT) > COVER_FPS


def video_fps(capture: cv2.VideoCapture) -> float:
    """Give a video's frame rate; DEFAULT_FPS if its header gives one that no video has."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 1 <= fps <= 240 else DEFAULT_FPS


def silence_decoder() -> None:
    """Keep OpenCV and FFmpeg off stderr: they print passwords in addresses, and a line per damaged frame.

    To look for a fault, set OPENCV_FFMPEG_LOGLEVEL and OPENCV_LOG_LEVEL. FFmpeg's two variables are read when
    something is opened, so setting them here is early enough.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # Over UDP a lost packet smears the picture for seconds; some cameras offer nothing else.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_flags;prefer_tcp")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
