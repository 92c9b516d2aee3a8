"""Opens pictures and videos on this machine, told apart by their content and not by their names."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from app.camera import diagnosis
from app.camera.errors import CameraError, Reason, refusal_error
from app.camera.jpeg import TOO_MANY_PIXELS, InvalidJpeg, check_scans, check_size
from app.camera.video import FFMPEG_OPTIONS, MAX_PIXELS, MAX_SIDE
from app.camera.video_file import VideoFile
from app.language import Translatable

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
            check_size(*picture.size, MAX_SIDE, MAX_PIXELS)
            if picture.format in ("JPEG", "MPO"):
                check_scans(data)
            picture.load()
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except InvalidJpeg as error:
        raise refusal_error(str(path), error.words) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refusal_error(str(path), TOO_MANY_PIXELS) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, cv2.error) as error:
        raise diagnosis.file_error(path) from error
    if image is None:
        raise diagnosis.file_error(path)
    return image


def open_video(path: Path) -> VideoFile:
    """Open a video. Raises CameraError if there is none."""
    if not path.is_file():
        raise diagnosis.file_error(path)
    return VideoFile(
        str(path.absolute()), str(path), {"protocol_whitelist": "file"}, lambda: diagnosis.file_error(path)
    )


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
