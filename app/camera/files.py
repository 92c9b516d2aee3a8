"""Opens pictures and videos on this machine, told apart by their content and not by their names."""

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from app.camera import diagnosis

ANSI_ART = int.from_bytes(b"ansi", "little")
"""FFmpeg's codec for a text file, which it "plays" as a terminal would show it."""
DEFAULT_FPS = 25.0


def is_picture(path: Path) -> bool:
    """Whether a file holds a picture rather than a video. Raises CameraError if it can't be read."""
    if not path.is_file() or not os.access(path, os.R_OK):
        raise diagnosis.file_error(path)
    # OpenCV takes a GIF for a picture; here it plays.
    return cv2.haveImageReader(str(path)) and path.read_bytes()[:4] != b"GIF8"


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture. Raises CameraError if it is damaged; OpenCV alone would give its upper part."""
    try:
        with Image.open(path) as picture:
            picture.load()
    except UnidentifiedImageError:
        pass  # a format that only OpenCV knows
    except (OSError, SyntaxError, ValueError) as error:
        raise diagnosis.file_error(path) from error
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise diagnosis.file_error(path)
    return image


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video at its beginning. Raises CameraError if there is none."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not holds_video(capture):
        capture.release()
        raise diagnosis.file_error(path)
    return capture


def holds_video(capture: cv2.VideoCapture) -> bool:
    """Whether it is open, and not FFmpeg playing a text."""
    return capture.isOpened() and int(capture.get(cv2.CAP_PROP_FOURCC)) != ANSI_ART


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
    # Over UDP a lost packet smears the picture for seconds.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
