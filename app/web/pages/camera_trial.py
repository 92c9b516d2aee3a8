"""Tries a camera for a page, in a process of its own: a driver that hangs or crashes can't harm ours."""

import base64
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from flask_babel import gettext

from app.camera.diagnosis import connection_error
from app.camera.spec import CameraKind, kind_of
from app.language import current_language, translate
from app.project import FLASK_COMMAND, PROJECT
from app.store.effective_settings import EffectiveSettings

CONNECT_SECONDS = 3.0  # to a camera in the same building it takes milliseconds
POLL_SECONDS = 0.2  # how soon a pause closes the camera
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


def try_camera(spec: str, settings: EffectiveSettings, may_go_on: Callable[[], bool]) -> CameraTrial:
    """Open the camera, take one picture as the stream would show it, and close it; in a pause, do nothing.

    Once `may_go_on` gives False, because somebody paused, hid the faces or cancelled meanwhile, there is no
    picture.
    """
    if refusal := refusal_to_try(settings):
        return refusal
    if not _one_at_a_time.acquire(blocking=False):
        return _failed(gettext("Another camera is being tried. Wait a moment."))
    try:
        if kind_of(spec) == CameraKind.NETWORK:
            # answers at once what the process, which loads for seconds on a busy machine, would say late
            error = connection_error(spec, CONNECT_SECONDS)
            if error is not None:
                return _failed(translate(error))
        return _try(spec, settings, may_go_on)
    finally:
        _one_at_a_time.release()


def refusal_to_try(settings: EffectiveSettings) -> CameraTrial | None:
    """Why no camera may be opened now; None if one may."""
    if settings.pause is not None:
        return _failed(gettext("The room is paused, so no camera is opened. Resume it to try this one."))
    if settings.outside is not None:
        return _failed(gettext("Outside the timetable no camera is opened. Start a lecture to try this one."))
    return None


def has_left(connection: socket.socket | None) -> bool:
    """Whether the client has closed its connection; False where that can't be told, as behind TLS."""
    if connection is None or isinstance(connection, ssl.SSLSocket):
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _failed(detail: str) -> CameraTrial:
    return CameraTrial(False, detail, None)


def _try(spec: str, settings: EffectiveSettings, may_go_on: Callable[[], bool]) -> CameraTrial:
    """Run the check as a process: the address goes through its stdin, since it may hold a password, and the
    picture comes through its stdout, since a file would outlast a crash.
    """
    command = [*FLASK_COMMAND, "camera", "check", "-", "--picture", "-", "--language", current_language()]
    if settings.hide_faces:
        command.append("--hide-faces")
    for area in settings.areas:
        command += ["--leave-out", *map(str, area)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe) as check:
        try:
            jpeg, said = _communicate(check, spec, may_go_on)
        finally:
            check.kill()
    if not may_go_on():
        return _failed(gettext("The room was paused, or its faces were hidden, meanwhile. Try again."))
    if said is None:
        return _failed(gettext("The camera did not answer within %(count)s s.", count=int(TIMEOUT_SECONDS)))
    last_line = said.decode().strip().rpartition("\n")[2]
    if check.returncode != 0:
        return _failed(last_line.removeprefix("Error: ") or gettext("The camera's driver crashed."))
    return CameraTrial(True, last_line, jpeg)


def _communicate(
    check: subprocess.Popen, spec: str, may_go_on: Callable[[], bool]
) -> tuple[bytes | None, bytes | None]:
    """What the process wrote to stdout and stderr; None twice where it took too long or may not go on."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    unsent: bytes | None = spec.encode()
    while may_go_on() and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return check.communicate(unsent, timeout=POLL_SECONDS)
        unsent = None  # it is on its way
    return None, None
