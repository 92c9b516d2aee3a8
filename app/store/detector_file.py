"""YuNet's file, in the folder of uploads, and the detector that follows from it."""

import logging
from pathlib import Path

from flask import current_app

from app.store import uploads
from app.vision.detection.yunet_file import YUNET_FILE
from app.vision.detector_choice import CASCADES

EXTENSION = "has_yunet"
log = logging.getLogger(__name__)


def folder() -> Path:
    """The folder of uploads: web processes and monitors share it; several machines do if it is set up so."""
    return Path(current_app.instance_path) / uploads.FOLDER


def effective_detector() -> str:
    """The detector on this machine: what DETECTOR says, else YuNet's file if it is there, else CASCADES."""
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
    """Delete YuNet's file, if it is there: what shares the folder uses the cascades again. Raises OSError."""
    (folder() / YUNET_FILE).unlink(missing_ok=True)
