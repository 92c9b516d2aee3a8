"""The value of CAMERA: which kind of source it names, whether it is valid, and how to show it."""

import re
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from app.language import Translatable

ALLOWED = Translatable(
    "demo, demo?students=N (1 to 60), a device number such as 0, rtsp://…, http://…, https://…, browser, "
    "or the path of a video or picture, in UTF-8"
)
NO_BROWSER = Translatable(
    "A browser can be the camera only of a running server. Open its live page and press “Use this computer”."
)
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|[^/]+:.*@")
"""Also of a mistyped address, `rtsp:/…` or `USER:PASSWORD@…`: as a file's name it would be shown in full."""
SCHEME = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]+):/+)?(.*)", re.DOTALL)
HOST = re.compile(r"(\[[^]]+\]|[^:]+)(:[0-9]*)?")
MAX_STUDENTS = 60
DEFAULT_STUDENTS = 12


class CameraKind(StrEnum):
    """The kinds of camera source."""

    DEMO = "demo"
    DEVICE = "device"
    NETWORK = "network"
    BROWSER = "browser"
    FILE = "file"


def kind_of(spec: str) -> CameraKind:
    """Give the kind of source that `spec` names; anything that is no other kind is the path of a file."""
    if re.fullmatch(r"demo(\?.*)?", spec):
        return CameraKind.DEMO
    if re.fullmatch(r"[0-9]{1,3}", spec):
        return CameraKind.DEVICE
    if ADDRESS.match(spec):
        return CameraKind.NETWORK
    if spec == "browser":
        return CameraKind.BROWSER
    return CameraKind.FILE


def check_spec(spec: str) -> str:
    """Give `spec` without blanks around it. Whether the camera exists shows only when it is opened.

    Raises ValueError with a message that says what is allowed and never repeats a password.
    """
    spec = spec.strip()
    if not spec or "\0" in spec or not _is_utf_8(spec):
        raise ValueError(Translatable("the camera must be %(allowed)s", allowed=ALLOWED))
    match kind_of(spec):
        case CameraKind.DEMO:
            demo_students(spec)
        case CameraKind.NETWORK:
            _check_url(spec)
    return spec


def _is_utf_8(text: str) -> bool:
    """Whether a path from the command line or the environment, or a text from a page, can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def demo_students(spec: str) -> int:
    """Give the number of students in `demo?students=N`; raises ValueError outside 1 to 60."""
    options = dict(parse_qsl(spec.partition("?")[2], keep_blank_values=True))
    students = options.pop("students", str(DEFAULT_STUDENTS))
    if options:
        unknown = ", ".join(options)
        raise ValueError(Translatable("demo has no option %(name)s; allowed: demo?students=N", name=unknown))
    if not re.fullmatch(r"[0-9]{1,3}", students) or not 1 <= int(students) <= MAX_STUDENTS:
        raise ValueError(
            Translatable("demo?students= must be a whole number from 1 to %(most)s", most=MAX_STUDENTS)
        )
    return int(students)


def hide_password(spec: str) -> str:
    """Give `spec` fit for logs and pages: an address without user, password and any value.

    Cameras take passwords in the query (`?usr=…&pwd=…`) and even in the path (`/user=…_password=…`), under
    names that nobody can list, so the value of every `name=value` is removed. Where it is unclear what the
    password is, as in `scheme://USER:12/34@HOST`, only the scheme is left.
    """
    if kind_of(spec) is not CameraKind.NETWORK:
        return spec
    scheme, address = SCHEME.fullmatch(spec).groups()
    authority, rest = _split_authority(address)
    if "@" in rest and HOST.fullmatch(authority.rpartition("@")[2]):
        shown = "…"
    else:
        shown = _without_values(address.rpartition("@")[2])
    return f"{scheme}://{shown}" if scheme else shown


def _split_authority(address: str) -> tuple[str, str]:
    """Split what follows `scheme://` into USER:PASSWORD@HOST:PORT and the rest, as RFC 3986 does."""
    authority = re.match("[^/?#]*", address)[0]
    return authority, address[len(authority) :]


def _without_values(address: str) -> str:
    """Remove the value of every `name=value`; also the part of a value behind an uncoded &."""
    first, equals, rest = address.partition("=")
    if not equals:
        return address
    names = [
        f"{name}=…" if sign else "…" for name, sign, _ in (p.partition("=") for p in rest.split("&")[1:])
    ]
    return "&".join([f"{first}=…", *names])


def _check_url(spec: str) -> None:
    """Raise ValueError unless `spec` is a valid address of a camera."""
    try:
        parts = urlsplit(spec)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        # urlsplit's own message repeats a part of the password.
        parts, port = None, 0
    is_unclear = "#" in spec or "@" in _split_authority(spec.partition("://")[2])[1]
    is_unclear |= bool(re.search(r"[\x00-\x1f\x7f]", unquote(spec)))
    if parts is None or port == 0 or not parts.hostname or is_unclear:
        raise ValueError(
            Translatable(
                "the camera's address must read rtsp://USER:PASSWORD@HOST:PORT/PATH; "
                "write the signs / # ? @ in a password as %(codes)s",
                codes="%2F %23 %3F %40",
            )
        )
    if parts.scheme not in ("rtsp", "rtsps", "http", "https"):
        raise ValueError(
            Translatable(
                "the camera can't be read over %(scheme)s://; it must be %(allowed)s",
                scheme=parts.scheme,
                allowed=ALLOWED,
            )
        )
