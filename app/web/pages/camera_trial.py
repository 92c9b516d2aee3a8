"""Trying a camera from a page: in a process of its own, so that no driver can hold or end the server."""

import base64
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext

from app import FLASK_COMMAND, PROJECT
from app.language import language
from app.vision.privacy_area import PrivacyArea

TRY_SECONDS = 25.0  # start, open and look; a network camera may take STALL_SECONDS for each

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class CameraTrial:
    """What came of it."""

    works: bool
    detail: str
    jpeg: bytes | None

    def as_json(self) -> dict:
        """The picture as an address that an `<img>` can show."""
        encoded = base64.b64encode(self.jpeg).decode() if self.jpeg else None
        picture = f"data:image/jpeg;base64,{encoded}" if encoded else None
        return {"works": self.works, "detail": self.detail, "picture": picture}


def try_camera(spec: str, areas: Sequence[PrivacyArea]) -> CameraTrial:
    """Open the camera, look, close it; its picture leaves the areas out.

    The address goes through stdin: it may hold a password.
    """
    if not _one_at_a_time.acquire(blocking=False):
        return CameraTrial(False, gettext("A camera is being tried already. Wait a moment."), None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _try(spec, areas, Path(folder) / "picture.jpg")
    finally:
        _one_at_a_time.release()


def _try(spec: str, areas: Sequence[PrivacyArea], picture: Path) -> CameraTrial:
    parts = [text for area in areas for text in ("--leave-out", *map(str, area))]
    command = [*FLASK_COMMAND, "camera", "check", "-", "--picture", str(picture), *parts]
    command += ["--language", language()]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, input=spec, capture_output=True, text=True, timeout=TRY_SECONDS
        )
    except subprocess.TimeoutExpired:
        return CameraTrial(
            False, gettext("The camera did not answer within %(count)s s.", count=int(TRY_SECONDS)), None
        )
    if done.returncode != 0:
        detail = done.stderr.strip().rpartition("\n")[2].removeprefix("Error: ")
        return CameraTrial(False, detail or gettext("The camera's driver ended the check."), None)
    return CameraTrial(True, done.stdout.strip(), picture.read_bytes())
