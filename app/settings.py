"""Every setting: its name, type, default, one line of help, and the check that refuses a bad value.

A setting is read from the environment, else from the file `.env`, else has its default. `NAME_FILE` may name
a file that holds the value, for secrets.
"""

import contextlib
import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.camera.spec import NO_BROWSER, CameraKind, check_spec, hide_password
from app.language import LANGUAGES, WRITTEN_IN, Words

HOLD_PASSWORDS = (
    "admin_password",
    "secret_key",
    "database_url",
    "metrics_token",
    "redis_url",
)  # never printed, not even when they are wrong


class SettingError(ValueError):
    """A setting that the program can't start with: one line with its name, its value and what is allowed."""


def integer(low: int, high: int) -> Callable[[str], int]:
    """Parse a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(Words("a whole number from %(low)s to %(high)s", low=low, high=high))
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Parse a number from `low` to `high`."""

    def parse(text: str) -> float:
        expected = Words("a number from %(low)s to %(high)s", low=f"{low:g}", high=f"{high:g}")
        try:
            value = float(text)
        except ValueError:
            raise ValueError(expected) from None
        if not low <= value <= high:
            raise ValueError(expected)
        return value

    return parse


def switch(text: str) -> bool:
    """Parse on or off."""
    words = {
        "on": True,
        "true": True,
        "yes": True,
        "1": True,
        "off": False,
        "false": False,
        "no": False,
        "0": False,
    }
    if text.lower() not in words:
        raise ValueError(Words("on or off"))
    return words[text.lower()]


def text(longest: int) -> Callable[[str], str]:
    """Parse a line of text that is not blank."""

    def parse(value: str) -> str:
        if not value.strip() or len(value) > longest or not value.isprintable():
            raise ValueError(Words("one line of 1 to %(longest)s characters", longest=longest))
        return value.strip()

    return parse


def secret(shortest: int) -> Callable[[str], str]:
    """Take a secret as it is, if it is long enough to be one."""

    def parse(value: str) -> str:
        if len(value) < shortest:
            raise ValueError(f"at least {shortest} characters")
        return value

    return parse


def camera(spec: str) -> str:
    """Check what CAMERA may be; `app.camera.spec` knows the kinds."""
    return check_spec(spec)


def detector(written: str) -> str:
    """Check what DETECTOR may be; whether the file is there and whole is seen when it is loaded."""
    if written != "haar" and not written.endswith(".onnx"):
        raise ValueError(
            "haar, or the path of face_detection_yunet_2023mar.onnx, which `flask --app wsgi detector "
            "install` fetches"
        )
    return written


def database_url(url: str) -> str:
    """Name the driver: Heroku and others say `postgres://`, which SQLAlchemy refuses; we use psycopg 3."""
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
    """Check what Redis's own clients take for an address."""
    with contextlib.suppress(ValueError):  # a port that is no number, a bracket left open
        parts = urlsplit(url)
        if parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0:
            return url
    raise ValueError("redis://USER:PASSWORD@HOST:PORT, or rediss://… where Redis speaks TLS")


def known_language(code: str) -> str:
    """Check that pages are written in a language."""
    if code not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return code


def timezone(name: str) -> ZoneInfo:
    """Find a time zone by its name in the IANA database."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("a name of the IANA time zone database, as Europe/Berlin") from None


def setting(default: str | None, parse: Callable[[str], Any], help: str) -> Any:
    """Declare a setting. Its default is text as a person would write it; None where it may be absent."""
    return field(metadata={"default": default, "parse": parse, "help": help})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a running program, read and checked."""

    camera: str = setting(
        "demo",
        camera,
        "the camera: `demo` or `demo?students=24` (the drawn classroom), `0` (a device), `rtsp://…`, "
        "`http(s)://…`, `browser` (what a browser or a script sends), or the path of a video or a picture",
    )
    room: str = setting("Classroom", text(80), "name of the camera's room")
    host: str = setting("127.0.0.1", text(255), "address to listen on; `0.0.0.0` for all networks")
    port: int = setting("8000", integer(1, 65535), "port to listen on")
    database_url: str | None = setting(
        None,
        database_url,
        "where minutes are kept: `sqlite:///FILE` or `postgres://…`; without it in `instance/aula.sqlite`",
    )
    redis_url: str | None = setting(
        None,
        redis_url,
        "the Redis server that connects web processes to a separate monitor process: `redis://…` or "
        "`rediss://…`; without it the web process runs the monitor",
    )
    secret_key: str | None = setting(
        None, secret(16), "signs sessions; without it the first start makes one in `instance/secret_key`"
    )
    admin_password: str | None = setting(
        None,
        secret(10),
        "password of the user `admin`, set at every start; replaces the one-time set-up link",
    )
    timezone: ZoneInfo = setting(
        "UTC", timezone, "time zone on pages and in exports, such as `Europe/Berlin`"
    )
    language: str = setting(
        WRITTEN_IN,
        known_language,
        "`en` or `de`: language of the picture's words, and of pages for browsers that ask for neither",
    )
    stream_fps: int = setting("15", integer(1, 60), "maximum pictures a second in the stream")
    detect_fps: float = setting("5", number(1, 60), "maximum frames a second that are searched for faces")
    detector: str = setting(
        "haar",
        detector,
        "face detector: `haar` (OpenCV's cascades), or the path of the YuNet file that "
        "`flask --app wsgi detector install` downloads; YuNet finds more turned and covered faces",
    )
    jpeg_quality: int = setting("80", integer(30, 95), "JPEG quality of the stream")
    max_viewers: int = setting("50", integer(1, 500), "maximum number of open streams; one more gets 503")
    stall_seconds: float = setting(
        "5", number(1, 120), "seconds without a new picture after which the camera counts as dark"
    )
    hide_faces: bool = setting(
        "off",
        switch,
        "`on` shows the room as if through frosted glass, so that nobody in the stream can be recognised",
    )
    minimum_group: int = setting(
        "5", integer(1, 60), "below this many faces no expressions are kept or shown; 1 switches this off"
    )
    retention_days: int = setting(
        "365", integer(1, 3650), "minutes and lectures are deleted after this many days"
    )
    contact: str | None = setting(None, text(200), "whom the people filmed may ask; shown on the notice")
    metrics_token: str | None = setting(
        None, secret(16), "token that Prometheus sends to read `/metrics`; without it the page doesn't exist"
    )
    trusted_proxies: int = setting(
        "0",
        integer(0, 10),
        "number of proxies in front of the server whose `X-Forwarded-…` headers are trusted",
    )


def read_settings(environment: Mapping[str, str], env_file: Path) -> Settings:
    """Read and check every setting; raises SettingError for the first one that is not usable."""
    values = _written(environment, env_file)
    read = Settings(**{each.name: _parse(each, values.get(each.name.upper())) for each in fields(Settings)})
    if read.redis_url is not None and read.secret_key is None:
        raise SettingError("REDIS_URL needs SECRET_KEY, the same for every process: it signs what they send")
    if read.redis_url is not None and read.camera == CameraKind.BROWSER:
        raise SettingError(f"CAMERA=browser can't be used with REDIS_URL. {NO_BROWSER}")
    return read


def check_setting(name: str, written: str) -> Any:
    """The value of one setting, written by a person; raises ValueError, saying what is allowed."""
    (found,) = (each for each in fields(Settings) if each.name == name)
    return found.metadata["parse"](written)


def settings_given(environment: Mapping[str, str], env_file: Path) -> frozenset[str]:
    """The settings that somebody wrote down, in lower case; the others have their defaults."""
    return frozenset(name.lower() for name in _written(environment, env_file))


def _written(environment: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """Every setting that is written down: {NAME: value}; the environment goes before the file."""
    values = _from_env_file(env_file)
    for name in _names():
        if value := _from_environment(environment, name):
            values[name] = value
    return values


def _names() -> list[str]:
    return [each.name.upper() for each in fields(Settings)]


def _from_env_file(env_file: Path) -> dict[str, str]:
    """Read `.env`; a name that is no setting is refused there, since it can only be a mistake."""
    written = {name: value for name, value in dotenv_values(env_file).items() if value}
    known = [spelling for name in _names() for spelling in (name, f"{name}_FILE")]
    for name in written:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists them all"
            raise SettingError(f"{env_file}: {name} is not a setting; {hint}")
    return {name: value for name in _names() if (value := _from_environment(written, name))}


def _from_environment(environment: Mapping[str, str], name: str) -> str | None:
    """The value of NAME, or what the file named by NAME_FILE holds."""
    path = environment.get(f"{name}_FILE")
    if not path:
        return environment.get(name)
    if environment.get(name):
        raise SettingError(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE={path} can't be read: {error}") from None


def _parse(each: Any, written: str | None) -> Any:
    value = written if written is not None else each.metadata["default"]
    if value is None:
        return None
    try:
        return each.metadata["parse"](value)
    except ValueError as error:
        shown = "(not shown)" if each.name in HOLD_PASSWORDS else hide_password(value)
        raise SettingError(f"{each.name.upper()}={shown} is not usable; allowed: {error}") from None


def for_flask(settings: Settings, instance: Path) -> dict[str, Any]:
    """What Flask and its extensions want to know, made from the settings."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key or _kept_secret(instance / "secret_key"),
        "SQLALCHEMY_DATABASE_URI": settings.database_url or f"sqlite:///{instance / 'aula.sqlite'}",
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True},
        "SESSION_COOKIE_NAME": "aula",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_CHECK_DEFAULT": False,  # app.web.access decides: a token in a header needs none
        "WTF_CSRF_TIME_LIMIT": None,  # a live page stays open all day
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SECURITY_SCHEMES": {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "aula"},
        },
    }


def _kept_secret(path: Path) -> str:
    """Make a secret key at the first start and keep it, so that a restart signs nobody out."""
    if not path.exists():
        whole = path.with_suffix(f".{os.getpid()}")
        with open(whole, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # another process of the first start was faster
            os.link(whole, path)
        whole.unlink()
    return path.read_text()
