"""The configuration of Flask and its extensions, made from the settings."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from app.settings import Settings


def flask_config(settings: Settings, instance_path: Path) -> dict[str, Any]:
    """The values for `app.config`; creates a secret key in `instance_path` where none is set."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key or _kept_secret_key(instance_path / "secret_key"),
        "SQLALCHEMY_DATABASE_URI": settings.database_url or f"sqlite:///{instance_path / 'aula.sqlite'}",
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True},
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
