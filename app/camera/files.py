"""Opens pictures and videos on this machine, recognised by their content and not by their names."""

import os
from pathlib import Path

import numpy as np

from app.camera import diagnosis
from app.camera.errors import CameraError, Reason, refusal_error
from app.camera.jpeg import InvalidJpeg
from app.camera.picture import DAMAGED, NO_PICTURE, decode_picture, holds_picture
from app.camera.video_file import VideoFile
from app.language import Translatable

MAX_PICTURE_BYTES = 2**28


def is_picture(path: Path) -> bool:
    """Whether a file holds a picture rather than a video. Raises CameraError if it can't be read."""
    if not path.is_file() or not os.access(path, os.R_OK):
        raise diagnosis.file_error(path)
    with path.open("rb") as file:
        return holds_picture(file)


def check_name(path: Path) -> None:
    """Raise CameraError unless the path is UTF-8: OpenCV crashes at any other."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise CameraError(
            Reason.UNREADABLE,
            Translatable("The name %(path)s is not UTF-8. Rename it.", path=printable(path)),
        ) from None


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture: BGR uint8 (height, width, 3). Raises CameraError if it is damaged or too large."""
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            raise InvalidJpeg(
                Translatable("The picture is larger than %(most)s MB.", most=MAX_PICTURE_BYTES // 2**20)
            )
        return decode_picture(path.read_bytes())
    except InvalidJpeg as error:
        if error.words in (DAMAGED, NO_PICTURE):
            raise diagnosis.file_error(path) from None
        raise refusal_error(printable(path), error.words) from None
    except OSError:
        raise diagnosis.file_error(path) from None


def printable(path: Path | str) -> str:
    """A path, or text that names one, for printing and sending: what is not UTF-8 in it is replaced."""
    return os.fsencode(path).decode(errors="replace")


def open_video(path: Path) -> VideoFile:
    """Open a video. Raises CameraError if there is none."""
    if not path.is_file():
        raise diagnosis.file_error(path)
    return VideoFile(
        str(path.absolute()), str(path), {"protocol_whitelist": "file"}, lambda: diagnosis.file_error(path)
    )
