"""Sends one message to one address, or only checks the address: `python -m app.notify`, JSON in and out.

It is a process of its own so that Apprise's 35 MB and 260 services stay out of the server, and so that a
service that hangs is ended. stdin holds the order, since anybody on the machine can read a command line.
"""

import json
import logging
import os
import signal
import sys
from pathlib import Path

from app.language import Translatable
from app.notify.address import MAIL, WEBHOOKS, without_secrets
from app.notify.webhook import post_event
from app.project import PROJECT

TIMEOUT_SECONDS = 30
MAX_REASON_LENGTH = 300
FORBIDDEN = (
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
)
"""What no address may make this process do, by the names of Python's audit events."""
LIBRARIES = [folder for folder in sys.path if folder and Path(folder) != PROJECT]
READABLE = tuple(map(os.path.realpath, (*LIBRARIES, "/etc/ssl", "/etc/mime.types", "/usr/share")))
"""Some services would send any other file that their address names."""
DEVICES = ("/dev/null", "/dev/urandom")


def main() -> None:
    """Send or check as the JSON on stdin orders, and print null or why it failed, as JSON."""
    signal.alarm(TIMEOUT_SECONDS)
    order = json.load(sys.stdin)
    sys.addaudithook(_confine)
    address = order["address"]
    is_webhook = address.partition("://")[0].lower() in WEBHOOKS
    problem = _post_events(order) if is_webhook else _notify(order)
    print(json.dumps(problem and _without_secrets(problem, address).as_json()))


def _without_secrets(problem: Translatable, address: str) -> Translatable:
    """The reason without what the address hides."""
    values = {name: without_secrets(value, address) for name, value in problem.values.items()}
    return Translatable(without_secrets(problem.text, address), **values)


def _confine(event: str, arguments: tuple) -> None:
    if event in FORBIDDEN:
        raise PermissionError(f"{event} is not allowed here")
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, int):
            return
        is_write = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR)) or bool(set(mode or "") & set("wax+"))
        real = os.path.realpath(os.fsdecode(path))
        is_program = any(real == folder or real.startswith(folder + os.sep) for folder in READABLE)
        if real not in DEVICES and (is_write or not is_program):
            raise PermissionError("no address may read or write a file of the server")


def _post_events(order: dict) -> Translatable | None:
    for event_id, event in order["events"]:
        if problem := post_event(order["address"], event_id, event):
            return problem
    return None


def _notify(order: dict) -> Translatable | None:
    import apprise

    log = _collected_log()
    asset = apprise.AppriseAsset(
        app_id="Aula",
        app_desc="Aula",
        async_mode=False,
        http_redirects=False,
        plugin_paths=[],
        storage_mode="memory",
    )
    service = apprise.Apprise.instantiate(order["address"], asset=asset, suppress_exceptions=True)
    if service is None:
        return _reason(log, order["address"])
    if not service.enabled:
        return Translatable("Apprise needs another package for it.")
    if order["title"] is None:
        return None
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    sent = sender.notify(order["text"], order["title"], order["type"], body_format=apprise.NotifyFormat.TEXT)
    return None if sent else _reason(log, order["address"])


def _collected_log() -> list[logging.LogRecord]:
    """What Apprise logs from now on: the only place where it says why something fails."""
    records: list[logging.LogRecord] = []
    collector = logging.Handler()
    collector.emit = records.append
    logger = logging.getLogger("apprise")
    logger.addHandler(collector)
    logger.setLevel(logging.DEBUG)
    return records


def _reason(log: list[logging.LogRecord], address: str) -> Translatable:
    """The first warning; for mail also what its server said. Details of other services may hold a token."""
    texts = [each.getMessage() for each in log if each.levelno >= logging.WARNING][:1]
    if address.partition("://")[0].lower() in MAIL:
        said = "Socket Exception: "
        texts += [each.getMessage().removeprefix(said) for each in log if each.getMessage().startswith(said)][
            :1
        ]
    reason = " ".join(" ".join(texts).split())[:MAX_REASON_LENGTH].rstrip(".")
    return Translatable(f"{reason}.") if reason else Translatable("Apprise gives no reason.")


if __name__ == "__main__":
    main()
