"""The address that the server listens on, in each form that HOST can have."""

import errno
import ipaddress
import socket

from app.settings import SettingError


def bind_address(host: str, port: int) -> str:
    """`host` and `port` as gunicorn takes them: a name as its first address, IPv6 in brackets.

    Raises SettingError where there is no such name.
    """
    address = _numeric(host)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def url_to_open(host: str, port: int) -> str:
    """An address that a browser on this machine can open; it can't open 0.0.0.0 everywhere."""
    bare = host.strip("[]")
    opened = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bare, f"[{bare}]" if ":" in bare else bare)
    return f"http://{opened}:{port}"


def is_for_all_networks(host: str) -> bool:
    """Whether other machines reach the server under any of this machine's addresses."""
    return host.strip("[]") in ("0.0.0.0", "::")


def check_free(host: str, port: int) -> None:
    """Raise SettingError where nobody can listen: it says why, and what to do."""
    address = _numeric(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            probe.listen(1)
    except OSError as error:
        raise SettingError(_sentence(host, port, error)) from None


def _sentence(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"another program listens on PORT={port}. Stop it, or set PORT to another number"
        case errno.EACCES:
            return f"PORT={port} needs root. Set PORT to a number above 1023, and put a proxy in front"
        case errno.EADDRNOTAVAIL:
            return f"HOST={host} is no address of this machine. 0.0.0.0 listens on all of them"
    return f"HOST={host}, PORT={port} can't be listened on: {error.strerror}"


def _numeric(host: str) -> str:
    bare = host.strip("[]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SettingError(
            f"HOST={host} is no address and no known name. 127.0.0.1 is this machine, 0.0.0.0 all networks"
        ) from None
    # IPv4 first, as a browser on another machine may know no IPv6
    return min(found, key=lambda each: each[0] != socket.AF_INET)[4][0]
