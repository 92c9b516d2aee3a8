"""Aula: a class's expressions, read from a classroom camera."""

import os
from collections.abc import Mapping
from pathlib import Path

from app.project import PROJECT, VERSION


def create_app(environment: Mapping[str, str] | None = None, instance_path: Path | None = None):
    """Create the web application. Opens no camera, loads no network, starts no thread.

    Raises SettingError where a setting is unknown or has a bad value.
    """
    # imported here, so that training, which imports `app.vision`, needs no web framework
    from apiflask import APIFlask
    from flask_migrate import Migrate

    from app import commands, language, web
    from app.flask_config import configure
    from app.store.tables import db

    app = APIFlask(
        __name__,
        title="Aula",
        version=VERSION,
        docs_path=None,
        spec_path=None,  # app.web.api.description serves it, with the path prefix of each request
        json_errors=False,
        instance_path=str(instance_path or PROJECT / "instance"),
        template_folder="web/templates",
        static_folder="web/static",
    )
    configure(app, os.environ if environment is None else environment)
    Migrate(app, db, directory=str(PROJECT / "migrations"))
    language.init_app(app)
    web.init_app(app)
    commands.init_app(app)
    return app
