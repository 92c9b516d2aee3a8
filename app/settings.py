"""Every setting: its name, type, default, one line of help, and the parser that rejects a bad value.

A setting comes from the environment, else from the file `.env`, else from its default. `NAME_FILE` may name
a file that holds the value, for secrets.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from app import setting_parsers as parse
from app.camera.spec import check_spec, hide_password
from app.language import SOURCE_LANGUAGE
from app.notify.address import parse_addresses
from app.purpose import Purpose


class SettingError(ValueError):
    """A setting that the program can't start with: one line with its name, its value and what is allowed."""


def setting(default: str | None, parser: Callable[[str], Any], help: str, *, is_secret: bool = False) -> Any:
    """Declare a setting. `default` is text as a person would write it, or None where it may be absent.

    The value of a secret is never printed, not even when it is wrong.
    """
    return field(metadata={"default": default, "parser": parser, "help": help, "is_secret": is_secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a running program, parsed."""

    camera: str = setting(
        "demo",
        check_spec,
        "the camera: `demo` or `demo?students=24` (the drawn classroom), `0` (a device), `rtsp://…`, "
        "`http(s)://…`, `browser` (what a browser or a script sends), or the path of a video or a picture",
    )
    room: str = setting("Classroom", parse.line(80), "name of the first room")
    host: str = setting("127.0.0.1", parse.line(255), "address to listen on; `0.0.0.0` for all networks")
    port: int = setting("8000", parse.integer(1, 65535), "port to listen on")
    database_url: str | None = setting(
        None,
        parse.database_url,
        "where minutes are kept: `sqlite:///FILE` or `postgres://…`; without it in `instance/aula.sqlite`",
        is_secret=True,
    )
    redis_url: str | None = setting(
        None,
        parse.redis_url,
        "the Redis server that connects web processes to a separate monitor process: `redis://…` or "
        "`rediss://…`; without it the web process runs the monitor",
        is_secret=True,
    )
    machine: str | None = setting(
        None,
        parse.line(80),
        "with `REDIS_URL`, what this machine is called among those that read rooms; "
        "without it, its host name",
    )
    secret_key: str | None = setting(
        None,
        parse.secret(16),
        "signs sessions; without it the first start makes one in `instance/secret_key`",
        is_secret=True,
    )
    admin_password: str | None = setting(
        None,
        parse.secret(10),
        "password of the user `admin`, set at every start; replaces the one-time set-up link",
        is_secret=True,
    )
    timezone: ZoneInfo = setting(
        "UTC", parse.timezone, "time zone on pages and in exports, such as `Europe/Berlin`"
    )
    language: str = setting(
        SOURCE_LANGUAGE,
        parse.language,
        "`en` or `de`: language of the picture's words, and of pages for browsers that ask for neither",
    )
    stream_fps: int = setting("15", parse.integer(1, 60), "maximum pictures a second in the stream")
    detect_fps: float = setting(
        "5", parse.number(1, 60), "maximum frames a second that are searched for faces"
    )
    detector: str | None = setting(
        None,
        parse.detector,
        "face detector of all rooms: `haar` (OpenCV's cascades), or the path of YuNet's file; without it "
        "YuNet once it was installed on the page `/settings` or with `flask --app wsgi detector install`",
    )
    network: Path = setting(
        "models",
        parse.folder,
        "folder with the expression network: the weights, their card `emotion_cnn.json` and the faces of its "
        "self-test, as `python -m models export --out` writes them; a relative path begins in the project",
    )
    jpeg_quality: int = setting("80", parse.integer(30, 95), "JPEG quality of the stream")
    max_viewers: int = setting(
        "100",
        parse.integer(1, 500),
        "maximum number of open streams; a live page holds two, picture and events; one more gets 503",
    )
    stall_seconds: float = setting(
        "5", parse.number(1, 120), "seconds without a new picture after which the camera counts as dark"
    )
    hide_faces: bool = setting(
        "off",
        parse.switch,
        "`on` shows the room as if through frosted glass, so that nobody in the stream can be recognised",
    )
    minimum_group: int = setting(
        "5",
        parse.integer(1, 60),
        "below this many faces no expressions are kept or shown; 1 switches this off",
    )
    purpose: Purpose | None = setting(
        None,
        parse.purpose,
        "what the first room is for: `expressions`; `presence`, which reads no expression and never loads "
        "the network that could; or `pulse`, which has no camera: students say how they follow. Without it "
        "set-up asks, and until that is answered a camera only counts faces; expressions are read in the "
        "drawn classroom and in files",
    )
    passwords: bool = setting(
        "on",
        parse.switch,
        "`off` lets nobody sign in with a password, only with OpenID Connect and one-time links",
    )
    oidc_issuer: str | None = setting(
        None,
        parse.web_address,
        "address of the OpenID Connect provider, such as `https://login.example.org/realms/school`",
    )
    oidc_client_id: str | None = setting(
        None, parse.line(255), "what the provider calls this server; needed with `OIDC_ISSUER`"
    )
    oidc_client_secret: str | None = setting(
        None, parse.secret(1), "the secret that the provider gave for it", is_secret=True
    )
    oidc_roles_claim: str | None = setting(
        None,
        parse.line(255),
        "the claim that decides roles, such as `roles`, `groups` or `realm_access.roles`; "
        "without a role in it nobody gets in",
    )
    oidc_roles: dict[str, str] = setting(
        "administrator=administrator, teacher=teacher, viewer=viewer",
        parse.roles,
        "which value of that claim gives which role: `VALUE=ROLE, VALUE=ROLE`",
    )
    oidc_default_role: str = setting("teacher", parse.role, "role of a new account where no claim decides it")
    idle_minutes: int = setting(
        "0",
        parse.integer(0, 44640),
        "minutes after which somebody who opens no page is signed out; 0 switches this off. "
        "Viewers stay signed in",
    )
    lecture_hours: int = setting(
        "4",
        parse.integer(1, 24),
        "hours after which a lecture that nobody ended ends by itself, unless the timetable ends it",
    )
    retention_days: int = setting(
        "365", parse.integer(1, 3650), "minutes and lectures are deleted after this many days"
    )
    upload_gb: float = setting(
        "4", parse.number(0.001, 1000), "largest recording that can be uploaded, in GB (10⁹ bytes)"
    )
    contact: str | None = setting(
        None, parse.line(200), "whom the people filmed may ask; shown on the notice"
    )
    notify: tuple[str, ...] | None = setting(
        None,
        parse_addresses,
        "who is told when something is wrong: addresses as Apprise knows them, such as "
        "`mailtos://USER:PASSWORD@HOST?to=NAME@HOST`, separated by blanks or commas",
        is_secret=True,
    )
    metrics_token: str | None = setting(
        None,
        parse.secret(16),
        "token that Prometheus sends to read `/metrics`; without it the page doesn't exist",
        is_secret=True,
    )
    trusted_proxies: int = setting(
        "0",
        parse.integer(0, 10),
        "number of proxies in front of the server whose `X-Forwarded-…` headers are trusted",
    )


def read_settings(environment: Mapping[str, str], env_file: Path) -> Settings:
    """Read and parse every setting. Raises SettingError for the first one that is not usable."""
    texts = _explicit_texts(environment, env_file)
    values = {each.name: _value(each, texts.get(each.name.upper())) for each in fields(Settings)}
    settings = Settings(**values)
    if settings.redis_url is not None and settings.secret_key is None:
        raise SettingError("REDIS_URL needs SECRET_KEY, the same for every process: it signs what they send")
    if settings.redis_url is not None and not (settings.database_url or "").startswith("postgres"):
        raise SettingError(
            "REDIS_URL needs a PostgreSQL DATABASE_URL, the same for every process: a file of SQLite belongs "
            "to one machine"
        )
    if settings.oidc_issuer is not None and settings.oidc_client_id is None:
        raise SettingError("OIDC_ISSUER needs OIDC_CLIENT_ID: what the provider calls this server")
    if not settings.passwords and settings.oidc_issuer is None:
        raise SettingError("PASSWORDS=off needs OIDC_ISSUER: nobody could sign in otherwise")
    return settings


def check_setting(name: str, text: str) -> Any:
    """The value of one setting, as a person wrote it. Raises ValueError, which says what is allowed."""
    (declared,) = (each for each in fields(Settings) if each.name == name)
    return declared.metadata["parser"](text)


def default_setting(name: str) -> Any:
    """The value of one setting that is given nowhere."""
    (declared,) = (each for each in fields(Settings) if each.name == name)
    return _value(declared, None)


def explicit_settings(environment: Mapping[str, str], env_file: Path) -> frozenset[str]:
    """The names, in lower case, of settings that the environment or `.env` gives; others have defaults."""
    return frozenset(name.lower() for name in _explicit_texts(environment, env_file))


def _explicit_texts(environment: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """What the environment or else `.env` gives, by NAME."""
    texts = _texts_of_env_file(env_file)
    for name in _names():
        if text := _text(environment, name):
            texts[name] = text
    return texts


def _names() -> list[str]:
    return [each.name.upper() for each in fields(Settings)]


def _texts_of_env_file(env_file: Path) -> dict[str, str]:
    """Read `.env`; raises SettingError for a name that is no setting, since it can only be a mistake."""
    try:
        values = dotenv_values(env_file, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{env_file} can't be read: {error}. Save it as UTF-8") from None
    variables = {name: text for name, text in values.items() if text}
    known_names = [spelling for name in _names() for spelling in (name, f"{name}_FILE")]
    for name in variables:
        if name not in known_names:
            near = difflib.get_close_matches(name, known_names, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists them all"
            raise SettingError(f"{env_file}: {name} is not a setting; {hint}")
    return {name: text for name in _names() if (text := _text(variables, name))}


def _text(variables: Mapping[str, str], name: str) -> str | None:
    """The text of NAME, or of the file that NAME_FILE names."""
    path = variables.get(f"{name}_FILE")
    if not path:
        return variables.get(name)
    if variables.get(name):
        raise SettingError(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or no path
        raise SettingError(f"{name}_FILE={path} can't be read: {error}") from None


def _value(declared: Field, text: str | None) -> Any:
    """Parse the text of a setting, or its default."""
    text = declared.metadata["default"] if text is None else text
    if text is None:
        return None
    try:
        return declared.metadata["parser"](text)
    except ValueError as error:
        shown = "(not shown)" if declared.metadata["is_secret"] else hide_password(text)
        raise SettingError(f"{declared.name.upper()}={shown} is not usable; allowed: {error}") from None
