"""Aula: a class's expressions, read from a classroom camera."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

with (PROJECT / "pyproject.toml").open("rb") as file:
    __version__: str = tomllib.load(file)["project"]["version"]

FLASK_COMMAND = (sys.executable, "-m", "flask", "--app", "wsgi")
"""How the program starts one of its own commands in another process; run it in PROJECT."""


def create_app(environment: Mapping[str, str] | None = None, instance_path: Path | None = None):
    """Create the web application. Opens no camera, loads no network, starts no thread.

    Raises SettingError where a setting is unknown or has a bad value.
    """
    # imported here, so that training, which imports `app.vision`, needs no web framework
    from apiflask import APIFlask
    from flask_migrate import Migrate

    from app import commands, language, web
    from app.store.tables import db

    app = APIFlask(
        __name__,
        title="Aula",
        version=__version__,
        docs_path=None,
        json_errors=False,
        openapi_blueprint_url_prefix="/api",
        instance_path=str(instance_path or PROJECT / "instance"),
        template_folder="web/templates",
        static_folder="web/static",
    )
    _configure(app, os.environ if environment is None else environment)
    Migrate(app, db, directory=str(PROJECT / "migrations"))
    language.init_app(app)
    web.init_app(app)
    commands.init_app(app)
    return app


def create_monitor_app():
    """Create the application for the monitor: settings and database, no pages.

    It loads half a second faster than `create_app`, and takes 20 MB less.
    """
    from flask import Flask

    app = Flask(__name__, instance_path=str(PROJECT / "instance"))
    _configure(app, os.environ)
    return app


def _configure(app, environment: Mapping[str, str]) -> None:
    """Read the settings and set up the database."""
    from app.flask_config import flask_config
    from app.settings import explicit_settings, read_settings
    from app.store.tables import db

    instance_path, env_file = Path(app.instance_path), PROJECT / ".env"
    settings = read_settings(environment, env_file)
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config.from_mapping(flask_config(settings, instance_path))
    app.config["EXPLICIT_SETTINGS"] = explicit_settings(environment, env_file)
    db.init_app(app)
