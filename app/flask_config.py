"""Configures a Flask application from the settings: the web process's, and the monitor's without pages."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from app.project import PROJECT
from app.settings import SettingError, Settings, explicit_settings, read_settings
from app.store.tables import db

POSTGRES_TIMEOUTS = {"connect_timeout": 5, "tcp_user_timeout": 5000}
"""Seconds to connect, milliseconds without an answer of its machine: a network that drops packets would
otherwise hold a request for minutes."""


def configure(app: Flask, environment: Mapping[str, str]) -> None:
    """Read the settings and connect the database.

    Raises SettingError, also where the instance folder can't be used.
    """
    instance_path, env_file = Path(app.instance_path), PROJECT / ".env"
    settings = read_settings(environment, env_file)
    try:
        instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        app.config.from_mapping(flask_config(settings, instance_path))
    except OSError as error:
        raise SettingError(f"the folder {instance_path} can't be used: {error.strerror}") from None
    app.config["EXPLICIT_SETTINGS"] = explicit_settings(environment, env_file)
    db.init_app(app)


def flask_config(settings: Settings, instance_path: Path) -> dict[str, Any]:
    """The values for `app.config`; creates a secret key in `instance_path` where none is set."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key or _kept_secret_key(instance_path / "secret_key"),
        "SQLALCHEMY_DATABASE_URI": settings.database_url or f"sqlite:///{instance_path / 'aula.sqlite'}",
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_pre_ping": True,
            "hide_parameters": True,
            "connect_args": POSTGRES_TIMEOUTS if _is_postgres(settings) else {},
        },
        "SESSION_COOKIE_NAME": "aula",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_CHECK_DEFAULT": False,  # app.web.access decides: a request with an API token needs none
        "WTF_CSRF_SSL_STRICT": False,  # it compares Referer and Host, and a proxy may pass another Host
        "WTF_CSRF_TIME_LIMIT": None,  # a live page stays open all day
        "RATELIMIT_STORAGE_URI": settings.redis_url
        or "memory://",  # in Redis all web processes count together
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,  # while Redis is away
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SECURITY_SCHEMES": {
            "token": {"type": "http", "scheme": "bearer", "description": "A key; *My account* makes keys."},
            "session": {"type": "apiKey", "in": "cookie", "name": "aula"},
        },
    }


def _is_postgres(settings: Settings) -> bool:
    return settings.database_url is not None and settings.database_url.startswith("postgres")


def _kept_secret_key(path: Path) -> str:
    """The key in `path`, created at the first start and kept, so that a restart signs nobody out."""
    if not path.exists():
        # linked into place once it is complete, so that no other process reads half a key
        complete = path.with_suffix(f".{os.getpid()}")
        with open(complete, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # another process of the first start was faster
            os.link(complete, path)
        complete.unlink()
    return path.read_text()
