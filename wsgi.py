"""The application that gunicorn and the `flask` command load. Starts no thread and no process."""

import sys

from app import create_app
from app.settings import SettingError

try:
    app = create_app()
except SettingError as error:
    sys.exit(f"Aula can't start: {error}")
