"""Finds out why a source could not be opened: the decoder that failed never says why."""

import http.client
import os
import re
import socket
import urllib.error
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from app.camera.errors import CameraError, Reason
from app.camera.http_request import RedirectElsewhere, request_address
from app.camera.sign_in import FFMPEG_ALGORITHMS, UnknownSignIn, authorization
from app.camera.spec import hide_password
from app.language import Translatable

MAX_PROBE_SECONDS = 5.0
MAX_ANSWER_BYTES = 2**14
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def file_error(path: Path) -> CameraError:
    """Say why the file at `path` can't be played."""
    shown = os.fsencode(path).decode(errors="replace")
    if not path.exists():
        return CameraError(
            Reason.MISSING,
            Translatable("There is no file %(path)s. Give the path of a video or a picture.", path=shown),
        )
    if not path.is_file():
        return CameraError(
            Reason.MISSING,
            Translatable("%(path)s is not a file. Give the path of a video or a picture.", path=shown),
        )
    if not os.access(path, os.R_OK):
        return CameraError(
            Reason.REFUSED,
            Translatable("The file %(path)s may not be read. Change its permissions.", path=shown),
        )
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        return CameraError(
            Reason.UNREADABLE, Translatable("The file %(path)s is empty. Copy it again.", path=shown)
        )
    if _is_text(head):
        return CameraError(
            Reason.UNREADABLE,
            Translatable("The file %(path)s is text, neither a video nor a picture.", path=shown),
        )
    if _is_sound(head):
        return CameraError(
            Reason.UNREADABLE, Translatable("The file %(path)s is sound, not video.", path=shown)
        )
    return CameraError(
        Reason.UNREADABLE,
        Translatable(
            "The file %(path)s can't be decoded: it is cut off or damaged, or neither a video nor a picture. "
            "Copy it again, or convert it to MP4.",
            path=shown,
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
    """Say why FFmpeg could not play what is at `url` in `opening_seconds`; probes it once."""
    parts = urlsplit(url)
    limit = min(timeout_seconds, MAX_PROBE_SECONDS)
    is_rtsp = parts.scheme.startswith("rtsp")
    try:
        if is_rtsp:
            error, content_type = _probe_rtsp(parts, limit), "RTSP"
        else:
            with request_address(url, limit) as response:
                error, content_type = None, response.headers.get_content_type()
    except (OSError, http.client.HTTPException, RedirectElsewhere, UnknownSignIn) as cause:
        return http_error(url, cause)
    if error is None and opening_seconds >= timeout_seconds:
        return CameraError(
            Reason.TIMED_OUT,
            Translatable(
                "%(address)s answers, but sent no picture in %(seconds)s s. Restart the camera.",
                address=hide_password(url),
                seconds=f"{timeout_seconds:g}",
            ),
        )
    if error is None and is_rtsp:
        return CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s announces video, but sends none that can be decoded. "
                "Choose H.264 in the camera's settings.",
                address=hide_password(url),
            ),
        )
    return error or CameraError(
        Reason.UNREADABLE,
        Translatable(
            "%(address)s sends data of the type %(type)s that can't be decoded as video. "
            "Look in the camera's manual for the address of its stream.",
            address=hide_password(url),
            type=content_type,
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


def check_content_type(url: str, content_type: str) -> None:
    """Raise CameraError for an answer over HTTP that can't be video."""
    if content_type == "text/html":
        raise CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s is a web page, not video. Look in the camera's manual for the address of its "
                "stream.",
                address=hide_password(url),
            ),
        )
    if "mpegurl" in content_type or content_type == "application/dash+xml":
        raise CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s is a playlist (HLS or DASH). It may lead to other hosts and is not read. "
                "Enter the address of the camera's RTSP or MJPEG stream.",
                address=hide_password(url),
            ),
        )
    if content_type.startswith("audio/"):
        raise CameraError(
            Reason.UNREADABLE, Translatable("%(address)s is sound, not video.", address=hide_password(url))
        )
    if content_type.startswith("image/"):
        raise CameraError(
            Reason.UNREADABLE,
            Translatable(
                "%(address)s gives a picture of the type %(type)s. Choose JPEG in the camera's settings.",
                address=hide_password(url),
                type=content_type,
            ),
        )


def http_error(url: str, error: Exception) -> CameraError:
    """Explain the exception that a request to a camera raised."""
    shown = hide_password(url)
    match error:
        case urllib.error.HTTPError():
            with error:
                return _status_error(shown, error.code, urlsplit(url).username is not None)
        case UnknownSignIn():
            return CameraError(
                Reason.REFUSED,
                Translatable(
                    "%(address)s wants a sign-in that Aula does not know (%(kind)s). "
                    "Choose Digest with MD5 in the camera's settings.",
                    address=shown,
                    kind=str(error),
                ),
            )
        case RedirectElsewhere():
            return CameraError(
                Reason.REFUSED,
                Translatable(
                    "%(address)s redirects to %(target)s. Enter that address if it is the camera's.",
                    address=shown,
                    target=hide_password(str(error))[:200],
                ),
            )
    return _unreachable_error(url, error)


def _probe_rtsp(parts: SplitResult, timeout_seconds: float) -> CameraError | None:
    """Ask the camera to describe its stream; None if it describes video.

    Raises UnknownSignIn and RedirectElsewhere.
    """
    if parts.scheme == "rtsps":
        with socket.create_connection((parts.hostname, parts.port or PORTS["rtsps"]), timeout_seconds):
            return None
    shown = hide_password(urlunsplit(parts))
    uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    code, headers, body = _describe(parts, uri, timeout_seconds)
    challenges = headers.get_all("WWW-Authenticate")
    if code == 401 and parts.username is not None and challenges:
        answer = authorization(challenges, parts, "DESCRIBE", uri, FFMPEG_ALGORITHMS)
        code, headers, body = _describe(parts, uri, timeout_seconds, f"Authorization: {answer}\r\n")
    if code is None:
        return CameraError(
            Reason.UNREADABLE,
            Translatable("%(address)s does not speak RTSP. Check the port.", address=shown),
        )
    if 300 <= code < 400 and "Location" in headers:
        raise RedirectElsewhere(headers["Location"])
    if code != 200:
        return _status_error(shown, code, parts.username is not None)
    if b"m=" in body and b"m=video" not in body:
        return CameraError(Reason.UNREADABLE, Translatable("%(address)s is sound, not video.", address=shown))
    return None


def _describe(
    parts: SplitResult, uri: str, timeout_seconds: float, header: str = ""
) -> tuple[int | None, Message, bytes]:
    """Send DESCRIBE; gives status, headers and the beginning of the description. No status: no RTSP."""
    request = f"DESCRIBE {uri} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n{header}\r\n"
    address = parts.hostname, parts.port or PORTS["rtsp"]
    with socket.create_connection(address, timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(request.encode())
        answer = connection.recv(MAX_ANSWER_BYTES)
    status = re.match(rb"RTSP/1\.[01] (\d{3})[^\n]*\n", answer)
    if not status:
        return None, Message(), b""
    head, _, body = answer[status.end() :].partition(b"\r\n\r\n")
    return int(status[1]), message_from_bytes(head), body


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
            "%(address)s answers with error %(code)s. Restart the camera.",
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
                    "%(address)s does not speak HTTP as it should. Check the scheme and the port.",
                    address=shown,
                ),
            )
        case _:
            # The system's own message ("No route to host", a bad certificate); it holds no password.
            return CameraError(
                Reason.MISSING,
                Translatable(
                    "%(address)s can't be reached: %(cause)s.", address=shown, cause=_in_words(cause)
                ),
            )


def _in_words(cause: Exception) -> str:
    """The system's own message, without its number."""
    return getattr(cause, "strerror", None) or str(cause)


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text: no control characters except blanks and line ends."""
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)


def _is_sound(head: bytes) -> bool:
    """Whether a file begins as MP3, FLAC, Ogg, WAV or M4A."""
    is_mp3 = head[:3] == b"ID3" or head[:2] in (b"\xff\xfa", b"\xff\xfb", b"\xff\xf3")
    is_ogg = head[:4] == b"OggS" and b"theora" not in head
    return is_mp3 or is_ogg or head[:4] == b"fLaC" or head[8:12] in (b"WAVE", b"M4A ")
