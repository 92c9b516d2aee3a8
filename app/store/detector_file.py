"""YuNet's file, in the folder that all machines share, and the detector that follows from it."""

import logging
from pathlib import Path

from flask import current_app

from app.store import uploads
from app.vision.detection.yunet_file import YUNET_FILE
from app.vision.detector_choice import CASCADES

EXTENSION = "has_yunet"
log = logging.getLogger(__name__)


def folder() -> Path:
    """The folder that web processes and monitors share, also on several machines: that of uploads."""
    return Path(current_app.instance_path) / uploads.FOLDER


def effective_detector() -> str:
    """The detector of every room: what DETECTOR says, else YuNet's file if it is installed, else CASCADES."""
    chosen = current_app.config["SETTINGS"].detector
    if chosen is not None:
        return chosen
    path = folder() / YUNET_FILE
    try:
        current_app.extensions[EXTENSION] = path.is_file()
    except OSError as error:
        log.error("%s can't be read, so the detector stays as it is: %s", path, error.strerror)
    return str(path) if current_app.extensions.get(EXTENSION) else CASCADES


def remove() -> None:
    """Delete YuNet's file, if it is there: all rooms use the cascades again. Raises OSError."""
    (folder() / YUNET_FILE).unlink(missing_ok=True)
