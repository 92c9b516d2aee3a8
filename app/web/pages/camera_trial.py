"""Tries a camera for a page, in a process of its own: a driver that hangs or crashes can't harm ours."""

import base64
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext

from app.language import current_language
from app.project import FLASK_COMMAND, PROJECT
from app.vision.privacy_area import PrivacyArea

TIMEOUT_SECONDS = 25.0  # to start, open and look; a network camera may take STALL_SECONDS for each

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class CameraTrial:
    """What trying a camera showed."""

    works: bool
    detail: str
    jpeg: bytes | None

    def as_json(self) -> dict:
        """The trial as JSON, its picture as a data address that an `<img>` can show."""
        encoded = base64.b64encode(self.jpeg).decode() if self.jpeg else None
        picture = f"data:image/jpeg;base64,{encoded}" if encoded else None
        return {"works": self.works, "detail": self.detail, "picture": picture}


def try_camera(spec: str, areas: Sequence[PrivacyArea]) -> CameraTrial:
    """Open the camera, take one picture without the privacy areas, and close it.

    The address goes through stdin, since it may hold a password.
    """
    if not _one_at_a_time.acquire(blocking=False):
        return CameraTrial(False, gettext("Another camera is being tried. Wait a moment."), None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _try(spec, areas, Path(folder) / "picture.jpg")
    finally:
        _one_at_a_time.release()


def _try(spec: str, areas: Sequence[PrivacyArea], picture: Path) -> CameraTrial:
    areas_options = [text for area in areas for text in ("--leave-out", *map(str, area))]
    command = [*FLASK_COMMAND, "camera", "check", "-", "--picture", str(picture), *areas_options]
    command += ["--language", current_language()]
    try:
        check = subprocess.run(
            command, cwd=PROJECT, input=spec, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return CameraTrial(
            False, gettext("The camera did not answer within %(count)s s.", count=int(TIMEOUT_SECONDS)), None
        )
    if check.returncode != 0:
        detail = check.stderr.strip().rpartition("\n")[2].removeprefix("Error: ")
        return CameraTrial(False, detail or gettext("The camera's driver crashed."), None)
    return CameraTrial(True, check.stdout.strip(), picture.read_bytes())
