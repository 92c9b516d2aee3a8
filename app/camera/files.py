"""Pictures and videos on this machine, told apart by what is in them and not by their names."""

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from app.camera import diagnose

ANSI_ART = int.from_bytes(b"ansi", "little")
"""FFmpeg "plays" a text file as a terminal would show it."""


def is_picture(path: Path) -> bool:
    """Whether a file holds a picture rather than a video. Raises CameraError where nobody can read it."""
    if not path.is_file() or not os.access(path, os.R_OK):
        raise diagnose.file_error(path)
    # OpenCV counts a GIF among the pictures; here it plays.
    return cv2.haveImageReader(str(path)) and path.read_bytes()[:4] != b"GIF8"


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture. Raises CameraError for a damaged one, of which OpenCV would give the upper part."""
    try:
        with Image.open(path) as picture:
            picture.load()
    except UnidentifiedImageError:
        pass  # a format that only OpenCV knows
    except (OSError, SyntaxError, ValueError) as error:
        raise diagnose.file_error(path) from error
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise diagnose.file_error(path)
    return image


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video at its beginning. Raises CameraError where there is none."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not holds_video(capture):
        capture.release()
        raise diagnose.file_error(path)
    return capture


def holds_video(capture: cv2.VideoCapture) -> bool:
    """Whether it is open, and not FFmpeg showing a text."""
    return capture.isOpened() and int(capture.get(cv2.CAP_PROP_FOURCC)) != ANSI_ART


def silence_decoder() -> None:
    """Keep OpenCV and FFmpeg off stderr: they print addresses with passwords, and a line a damaged picture.

    Whoever looks for a fault sets OPENCV_FFMPEG_LOGLEVEL and OPENCV_LOG_LEVEL. The decoder
    reads both of its variables when it opens something, so setting them here is early enough.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # Over UDP a lost packet smears the picture for seconds.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
