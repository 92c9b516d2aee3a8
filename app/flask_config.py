"""Configures a Flask application from the settings: the web process's, and the monitor's without pages."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from app.project import PROJECT
from app.settings import Settings, explicit_settings, read_settings
from app.store.tables import db


def configure(app: Flask, environment: Mapping[str, str]) -> None:
    """Read the settings and connect the database. Raises SettingError."""
    instance_path, env_file = Path(app.instance_path), PROJECT / ".env"
    settings = read_settings(environment, env_file)
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config.from_mapping(flask_config(settings, instance_path))
    app.config["EXPLICIT_SETTINGS"] = explicit_settings(environment, env_file)
    db.init_app(app)


def flask_config(settings: Settings, instance_path: Path) -> dict[str, Any]:
    """The values for `app.config`; creates a secret key in `instance_path` where none is set."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key or _kept_secret_key(instance_path / "secret_key"),
        "SQLALCHEMY_DATABASE_URI": settings.database_url or f"sqlite:///{instance_path / 'aula.sqlite'}",
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True, "hide_parameters": True},
        "SESSION_COOKIE_NAME": "aula",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_CHECK_DEFAULT": False,  # app.web.access decides: a request with an API token needs none
        "WTF_CSRF_TIME_LIMIT": None,  # a live page stays open all day
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SECURITY_SCHEMES": {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "aula"},
        },
    }


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
