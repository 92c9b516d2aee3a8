"""Parsers of settings: each takes what a person wrote, and raises ValueError that says what is allowed."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.language import LANGUAGES, Translatable
from app.project import PROJECT
from app.purpose import Purpose
from app.role import Role
from app.vision.detection.yunet_file import YUNET_FILE
from app.vision.detector_choice import CASCADES

MAX_DIGITS = 18
SWITCH = {
    "on": True,
    "true": True,
    "yes": True,
    "1": True,
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}


def integer(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        # Python raises an error of its own for thousands of digits
        if not text.isdecimal() or len(text) > MAX_DIGITS or not low <= int(text) <= high:
            raise ValueError(Translatable("a whole number from %(low)s to %(high)s", low=low, high=high))
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Make a parser of numbers from `low` to `high`."""

    def parse(text: str) -> float:
        allowed = Translatable("a number from %(low)s to %(high)s", low=f"{low:g}", high=f"{high:g}")
        try:
            value = float(text)
        except ValueError:
            raise ValueError(allowed) from None
        if not low <= value <= high:  # also where it is NaN
            raise ValueError(allowed)
        return value

    return parse


def switch(text: str) -> bool:
    """Parse on or off."""
    if text.lower() not in SWITCH:
        raise ValueError(Translatable("on or off"))
    return SWITCH[text.lower()]


def line(max_length: int) -> Callable[[str], str]:
    """Make a parser of one line of text that is not blank."""

    def parse(text: str) -> str:
        if not text.strip() or len(text) > max_length or not text.isprintable():
            raise ValueError(Translatable("one line of 1 to %(maximum)s characters", maximum=max_length))
        return text.strip()

    return parse


def secret(min_length: int) -> Callable[[str], str]:
    """Make a parser of secrets that are long enough."""

    def parse(text: str) -> str:
        if len(text) < min_length:
            raise ValueError(f"at least {min_length} characters")
        return text

    return parse


def purpose(text: str) -> Purpose:
    """Parse what a room is for."""
    if text not in set(Purpose):
        raise ValueError(f"one of {', '.join(Purpose)}")
    return Purpose(text)


def role(text: str) -> str:
    """Parse the name of a role."""
    if text not in set(Role):
        raise ValueError(f"one of {', '.join(Role)}")
    return text


def roles(text: str) -> dict[str, str]:
    """Parse which value of a claim gives which role."""
    given = {}
    for part in text.split(","):
        value, separator, name = (piece.strip() for piece in part.rpartition("="))
        if not (separator and value and name in set(Role)):
            raise ValueError(f"VALUE=ROLE, VALUE=ROLE, …; a ROLE is one of {', '.join(Role)}")
        given[value] = name
    return given


def web_address(url: str) -> str:
    """Parse the address of a web service."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment:
            return url
    raise ValueError("https://HOST or https://HOST/PATH")


def folder(text: str) -> Path:
    """Parse the path of a folder; a relative one begins in the project's."""
    path = PROJECT / Path(text).expanduser()
    if not path.is_dir():
        raise ValueError("the path of a folder that exists")
    return path


def detector(text: str) -> str:
    """Parse DETECTOR. Whether the file exists and is intact shows when the detector is loaded."""
    if text != CASCADES and not text.endswith(".onnx"):
        raise ValueError(f"{CASCADES}, or the path of {YUNET_FILE}")
    return text


def database_url(url: str) -> str:
    """Parse DATABASE_URL, and name the driver, psycopg 3.

    Heroku and others write `postgres://`, which SQLAlchemy refuses.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgres", "postgresql"):
        raise ValueError("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def redis_url(url: str) -> str:
    """Parse REDIS_URL, as Redis's own clients would."""
    with contextlib.suppress(ValueError):  # a port that is no number, an open bracket
        parts = urlsplit(url)
        if parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0:
            return url
    raise ValueError("redis://USER:PASSWORD@HOST:PORT, or rediss://… where Redis speaks TLS")


def language(code: str) -> str:
    """Parse the code of a language that the pages are translated into."""
    if code not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return code


def timezone(name: str) -> ZoneInfo:
    """Parse the name of a time zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        allowed = Translatable("a name of the IANA time zone database, such as Europe/Berlin")
        raise ValueError(allowed) from None
