"""Sends a message to one address, in a process of its own (`app.notify.__main__`)."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from app.language import Translatable, translate
from app.notify.address import redacted
from app.notify.alert import GOOD_NEWS, Alert, AlertKind
from app.project import PROJECT

TIMEOUT_SECONDS = 40.0  # the process ends itself after 30 s
PASSED_ON = (
    "PATH",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
"""What the process needs of the environment; it gets no secret of the server."""


class NotSent(Exception):
    """A message did not arrive; its argument says why in one sentence, without any secret."""


@dataclass(frozen=True, slots=True)
class Notification:
    """The alerts that one message reports."""

    alerts: tuple[Alert, ...]
    """At least one."""
    language: str

    @property
    def title(self) -> Translatable:
        """The first alert's, and how many there are besides."""
        first, *more = self.alerts
        if not more:
            return first.title
        return Translatable("%(title)s (and %(count)s more)", title=first.title, count=len(more))

    def text(self) -> str:
        """The text of the only alert, or all alerts below one another."""
        texts = [alert.in_language(self.language) for alert in self.alerts]
        return texts[0][1] if len(texts) == 1 else "\n\n".join("\n".join(each) for each in texts)

    def type(self) -> str:
        """Apprise's word for how bad it is."""
        kinds = {alert.kind for alert in self.alerts}
        if kinds == {AlertKind.TEST}:
            return "info"
        return "success" if kinds <= GOOD_NEWS else "failure"


def post(address: str, notification: Notification) -> None:
    """Send a notification. Raises NotSent."""
    language = notification.language
    _run(
        {
            "address": address,
            "title": translate(notification.title, language),
            "text": notification.text(),
            "type": notification.type(),
            "events": [[alert.id, alert.as_json(language)] for alert in notification.alerts],
        }
    )


def check(address: str) -> None:
    """Ask Apprise whether it knows an address, without sending anything. Raises NotSent."""
    _run({"address": address, "title": None, "events": []})


def _run(order: dict) -> None:
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    command = [sys.executable, "-B", "-m", "app.notify"]
    try:
        process = subprocess.run(
            command,
            input=json.dumps(order).encode(),
            capture_output=True,
            cwd=PROJECT,
            env=environment,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        process = None
    except OSError as error:  # too little memory, too many processes
        raise NotSent(
            Translatable("The server can't start another process: %(reason)s.", reason=error.strerror)
        ) from None
    if process is None or process.returncode < 0:
        raise NotSent(Translatable("It did not answer in time."))
    if process.returncode > 0:
        # its error may hold a part of the address
        raise NotSent(Translatable("Apprise failed with %(address)s.", address=redacted(order["address"])))
    problem = json.loads(process.stdout.splitlines()[-1])
    if problem is not None:
        raise NotSent(Translatable.from_json(problem))
