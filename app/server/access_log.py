"""Gunicorn's log, which never holds the code of a lecture beside an address."""

import re
from typing import Any

from gunicorn.glogging import Logger

CODE = re.compile(r"(/p/)[^/?# ]+")
"""What follows /p/, in the address of the request and in that of the page before it."""


class AccessLog(Logger):
    """Writes `/p/-` for the address of every student's page."""

    def atoms(self, resp: Any, req: Any, environ: dict, request_time: Any) -> dict[str, Any]:
        """What a line of the access log can hold."""
        atoms = super().atoms(resp, req, environ, request_time)
        return {
            name: CODE.sub(r"\1-", value) if isinstance(value, str) else value
            for name, value in atoms.items()
        }
