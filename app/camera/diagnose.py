"""Why a source could not be opened: asked only after the decoder has failed, which never says why."""

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

LONGEST_PROBE_SECONDS = 5.0
RTSP_PORTS = {"rtsp": 554, "rtsps": 322}


def file_error(path: Path) -> CameraError:
    """Why the file at `path` can't be played."""
    if not path.exists():
        return CameraError(Reason.MISSING, f"There is no file {path}. Give the path of a video or a picture.")
    if not path.is_file():
        return CameraError(Reason.MISSING, f"{path} is not a file. Give the path of a video or a picture.")
    if not os.access(path, os.R_OK):
        return CameraError(Reason.REFUSED, f"The file {path} may not be read. Change its permissions.")
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        return CameraError(Reason.UNREADABLE, f"The file {path} is empty. Copy it again.")
    if _is_text(head):
        return CameraError(Reason.UNREADABLE, f"The file {path} is text, neither a video nor a picture.")
    return CameraError(
        Reason.UNREADABLE,
        f"The file {path} can't be decoded: it is cut off or damaged, or neither a video nor a picture. "
        "Copy it again, or convert it to MP4.",
    )


def device_error(number: int) -> CameraError:
    """Why the video device `number` gives no picture."""
    path = Path(f"/dev/video{number}")
    if not path.exists():
        there = ", ".join(sorted(p.name.removeprefix("video") for p in path.parent.glob("video[0-9]*")))
        return CameraError(
            Reason.MISSING,
            f"There is no camera {number} ({path}). "
            + (f"There are {there}." if there else "No camera is plugged in, or its driver is missing."),
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return CameraError(
            Reason.REFUSED, f"Camera {number} ({path}) may not be opened. Add the user to the group video."
        )
    return CameraError(
        Reason.REFUSED,
        f"Camera {number} ({path}) gives no picture. Another program is using it, or it is not a camera: "
        "close the other program, or try another number.",
    )


def network_error(url: str, timeout: float, opening_seconds: float) -> CameraError:
    """Why the camera at `url` could not be opened, after `opening_seconds` of trying."""
    parts = urlsplit(url)
    limit = min(timeout, LONGEST_PROBE_SECONDS)
    try:
        answer = _ask_rtsp(parts, limit) if parts.scheme.startswith("rtsp") else _ask_http(parts, limit)
    except (OSError, http.client.HTTPException) as error:
        return _unreachable(url, error)
    if answer is None and opening_seconds >= timeout:
        shown = hide_password(url)
        return CameraError(
            Reason.TIMED_OUT,
            f"{shown} answers, but sent no picture in {timeout:g} s. Restart the camera.",
        )
    return answer or CameraError(
        Reason.UNREADABLE,
        f"{hide_password(url)} answers, but what it sends can't be decoded as video. Check the path.",
    )


def _ask_http(parts: SplitResult, timeout: float) -> CameraError | None:
    """Ask for the page once; None when it answers with something that may be video."""
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
        with opener.open(bare, timeout=timeout) as response:
            content_type = response.headers.get_content_type()
    except urllib.error.HTTPError as error:
        with error:
            return _status_error(shown, error.code, parts.username is not None)
    except ValueError:
        # urllib gives this, not a 401, when the camera asks for a way of signing in that it does not know.
        return _status_error(shown, 401, parts.username is not None)
    if content_type == "text/html":
        return CameraError(
            Reason.UNREADABLE,
            f"{shown} is a web page, not video. Look in the camera's manual for the address of its stream.",
        )
    return None


def _ask_rtsp(parts: SplitResult, timeout: float) -> CameraError | None:
    """Ask the camera to describe its stream, without signing in; None when it would."""
    if parts.scheme == "rtsps":
        with socket.create_connection((parts.hostname, parts.port or RTSP_PORTS["rtsps"]), timeout):
            return None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port or RTSP_PORTS["rtsp"]), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(request.encode())
        answer = connection.recv(1024)
    status = re.match(rb"RTSP/1\.[01] (\d{3})", answer)
    if not status:
        return CameraError(
            Reason.UNREADABLE, f"{hide_password(bare)} does not speak RTSP. Check the port and the path."
        )
    code = int(status[1])
    return None if code == 200 else _status_error(hide_password(bare), code, parts.username is not None)


def _status_error(shown: str, code: int, signed_in: bool) -> CameraError:
    """What an answer other than "here it is" means. HTTP and RTSP share these numbers."""
    if code in (401, 403) and signed_in:
        return CameraError(Reason.REFUSED, f"{shown} refuses the user name or password ({code}). Check both.")
    if code in (401, 403):
        return CameraError(
            Reason.REFUSED,
            f"{shown} wants a user name and password ({code}). Write them as scheme://USER:PASSWORD@HOST/…",
        )
    if code == 404:
        return CameraError(Reason.MISSING, f"{shown} does not exist on that camera (404). Check the path.")
    return CameraError(
        Reason.REFUSED, f"{shown} answers with error {code}. Check the path, or restart the camera."
    )


def _unreachable(url: str, error: Exception) -> CameraError:
    """What it means that no answer came at all."""
    shown = hide_password(url)
    host = urlsplit(url).hostname
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    match cause:
        case socket.gaierror():
            return CameraError(Reason.MISSING, f"No host {host} is known. Check its name and the network.")
        case ConnectionRefusedError():
            return CameraError(
                Reason.REFUSED,
                f"{shown}: {host} refuses the connection. Check the port, and that the camera is on.",
            )
        case TimeoutError():
            return CameraError(
                Reason.TIMED_OUT, f"{shown}: {host} does not answer. Check that it is on and reachable."
            )
        case http.client.HTTPException() | ConnectionResetError():
            return CameraError(
                Reason.UNREADABLE, f"{shown} does not speak HTTP as it should. Check scheme, port and path."
            )
        case _:
            # The system's own words ("No route to host", a certificate's fault): they name no password.
            return CameraError(Reason.MISSING, f"{shown} can't be reached: {cause}.")


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text: no control characters but blanks and line ends."""
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
