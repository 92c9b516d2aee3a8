"""Where the project is, which version it has, and how it starts its own commands."""

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

with (PROJECT / "pyproject.toml").open("rb") as file:
    VERSION: str = tomllib.load(file)["project"]["version"]

FLASK_COMMAND = (sys.executable, "-m", "flask", "--app", "wsgi")
"""How the program starts one of its own commands in another process; run it in PROJECT."""
