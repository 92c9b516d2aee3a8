"""Finds out why a source could not be opened: the decoder that failed never says why."""

import http.client
import os
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from app.camera.errors import CameraError, Reason
from app.camera.spec import hide_password
from app.language import Translatable

MAX_PROBE_SECONDS = 5.0
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def file_error(path: Path) -> CameraError:
    """Say why the file at `path` can't be played."""
    if not path.exists():
        return CameraError(
            Reason.MISSING,
            Translatable("There is no file %(path)s. Give the path of a video or a picture.", path=str(path)),
        )
    if not path.is_file():
        return CameraError(
            Reason.MISSING,
            Translatable("%(path)s is not a file. Give the path of a video or a picture.", path=str(path)),
        )
    if not os.access(path, os.R_OK):
        return CameraError(
            Reason.REFUSED,
            Translatable("The file %(path)s may not be read. Change its permissions.", path=str(path)),
        )
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        return CameraError(
            Reason.UNREADABLE, Translatable("The file %(path)s is empty. Copy it again.", path=str(path))
        )
    if _is_text(head):
        return CameraError(
            Reason.UNREADABLE,
            Translatable("The file %(path)s is text, neither a video nor a picture.", path=str(path)),
        )
    return CameraError(
        Reason.UNREADABLE,
        Translatable(
            "The file %(path)s can't be decoded: it is cut off or damaged, or neither a video nor a picture. "
            "Copy it again, or convert it to MP4.",
            path=str(path),
        ),
    )


def device_error(number: int) -> CameraError:
    """Say why the video device `number` gives no picture."""
    path = Path(f"/dev/video{number}")
    if not path.exists():
        there = ", ".join(sorted(p.name.removeprefix("video") for p in path.parent.glob("video[0-9]*")))
        if not there:
            detail = Translatable(
                "There is no camera %(number)s (%(path)s). "
                "No camera is plugged in, or its driver is missing.",
                number=number,
                path=str(path),
            )
        else:
            detail = Translatable(
                "There is no camera %(number)s (%(path)s). There are %(there)s.",
                number=number,
                path=str(path),
                there=there,
            )
        return CameraError(Reason.MISSING, detail)
    if not os.access(path, os.R_OK | os.W_OK):
        return CameraError(
            Reason.REFUSED,
            Translatable(
                "Camera %(number)s (%(path)s) may not be opened. Add the user to the group video.",
                number=number,
                path=str(path),
            ),
        )
    return CameraError(
        Reason.REFUSED,
        Translatable(
            "Camera %(number)s (%(path)s) gives no picture. Another program is using it, or it is not a "
            "camera: close the other program, or try another number.",
            number=number,
            path=str(path),
        ),
    )


def network_error(url: str, timeout_seconds: float, opening_seconds: float) -> CameraError:
    """Say why the camera at `url` could not be opened in `opening_seconds`; probes it once."""
    parts = urlsplit(url)
    limit = min(timeout_seconds, MAX_PROBE_SECONDS)
    try:
        error = _probe_rtsp(parts, limit) if parts.scheme.startswith("rtsp") else _probe_http(parts, limit)
    except (OSError, http.client.HTTPException) as cause:
        return _unreachable_error(url, cause)
    if error is None and opening_seconds >= timeout_seconds:
        return CameraError(
            Reason.TIMED_OUT,
            Translatable(
                "%(address)s answers, but sent no picture in %(seconds)s s. Restart the camera.",
                address=hide_password(url),
                seconds=f"{timeout_seconds:g}",
            ),
        )
    return error or CameraError(
        Reason.UNREADABLE,
        Translatable(
            "%(address)s answers, but what it sends can't be decoded as video. Check the path.",
            address=hide_password(url),
        ),
    )


def connection_error(url: str, timeout_seconds: float) -> CameraError | None:
    """Why no connection to the camera at `url` comes about; None if one does."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), timeout_seconds):
            return None
    except OSError as cause:
        return _unreachable_error(url, cause)


def _probe_http(parts: SplitResult, timeout_seconds: float) -> CameraError | None:
    """Request the address once; None if the answer may be video."""
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=host))
    shown = hide_password(bare)
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        passwords.add_password(None, bare, unquote(parts.username), unquote(parts.password or ""))
    opener = urllib.request.build_opener(
        urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.HTTPDigestAuthHandler(passwords)
    )
    try:
        with opener.open(bare, timeout=timeout_seconds) as response:
            content_type = response.headers.get_content_type()
    except urllib.error.HTTPError as error:
        with error:
            return _status_error(shown, error.code, parts.username is not None)
    except ValueError:
        # urllib raises this, not a 401, for an authentication scheme that it does not know.
        return _status_error(shown, 401, parts.username is not None)
    if content_type == "text/html":
        return CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s is a web page, not video. Look in the camera's manual for the address of its "
                "stream.",
                address=shown,
            ),
        )
    return None


def _probe_rtsp(parts: SplitResult, timeout_seconds: float) -> CameraError | None:
    """Ask the camera to describe its stream, without signing in; None if it does."""
    if parts.scheme == "rtsps":
        with socket.create_connection((parts.hostname, parts.port or PORTS["rtsps"]), timeout_seconds):
            return None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    address = parts.hostname, parts.port or PORTS["rtsp"]
    with socket.create_connection(address, timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(request.encode())
        answer = connection.recv(1024)
    status = re.match(rb"RTSP/1\.[01] (\d{3})", answer)
    if not status:
        return CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s does not speak RTSP. Check the port and the path.", address=hide_password(bare)
            ),
        )
    code = int(status[1])
    return None if code == 200 else _status_error(hide_password(bare), code, parts.username is not None)


def _status_error(shown: str, code: int, signed_in: bool) -> CameraError:
    """Explain a status code other than 200; HTTP and RTSP share these numbers."""
    if code in (401, 403) and signed_in:
        return CameraError(
            Reason.REFUSED,
            Translatable(
                "%(address)s refuses the user name or password (%(code)s). Check both.",
                address=shown,
                code=code,
            ),
        )
    if code in (401, 403):
        return CameraError(
            Reason.REFUSED,
            Translatable(
                "%(address)s wants a user name and password (%(code)s). "
                "Write them as scheme://USER:PASSWORD@HOST/…",
                address=shown,
                code=code,
            ),
        )
    if code == 404:
        return CameraError(
            Reason.MISSING,
            Translatable("%(address)s does not exist on that camera (404). Check the path.", address=shown),
        )
    return CameraError(
        Reason.REFUSED,
        Translatable(
            "%(address)s answers with error %(code)s. Check the path, or restart the camera.",
            address=shown,
            code=code,
        ),
    )


def _unreachable_error(url: str, error: Exception) -> CameraError:
    """Explain why no answer came at all."""
    shown = hide_password(url)
    host = urlsplit(url).hostname
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    match cause:
        case socket.gaierror():
            return CameraError(
                Reason.MISSING,
                Translatable("No host %(host)s is known. Check its name and the network.", host=host),
            )
        case ConnectionRefusedError():
            return CameraError(
                Reason.REFUSED,
                Translatable(
                    "%(address)s: %(host)s refuses the connection. "
                    "Check the port, and that the camera is on.",
                    address=shown,
                    host=host,
                ),
            )
        case TimeoutError():
            return CameraError(
                Reason.TIMED_OUT,
                Translatable(
                    "%(address)s: %(host)s does not answer. Check that it is on and reachable.",
                    address=shown,
                    host=host,
                ),
            )
        case http.client.HTTPException() | ConnectionResetError():
            return CameraError(
                Reason.UNREADABLE,
                Translatable(
                    "%(address)s does not speak HTTP as it should. Check scheme, port and path.",
                    address=shown,
                ),
            )
        case _:
            # The system's own message ("No route to host", a bad certificate); it holds no password.
            return CameraError(
                Reason.MISSING,
                Translatable("%(address)s can't be reached: %(cause)s.", address=shown, cause=str(cause)),
            )


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text: no control characters except blanks and line ends."""
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
