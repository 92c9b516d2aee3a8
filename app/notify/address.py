"""The addresses that messages go to: which are allowed, and how one is redacted.

They are written as Apprise knows them (https://github.com/caronc/apprise/wiki), or as a signed webhook.
"""

import base64
import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from app.language import Translatable

WEBHOOKS = {"webhook+http": "http", "webhook+https": "https"}
"""The schemes of signed webhooks, and what they are sent over."""
WEBHOOK_FORM = "webhook+https://SECRET@HOST/PATH"

MAIL = {"mailto", "mailtos"}
LOCAL = {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
"""What acts on the server itself instead of telling somebody: its desktop, its log, a lamp."""
NAME_A_HOST = {
    *MAIL,
    *WEBHOOKS,
    *("form", "forms", "http", "https", "json", "jsons", "xml", "xmls"),
    *("gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks"),
    *("ntfy", "ntfys", "rocket", "rockets", "workflow", "workflows"),
}
"""Where a path follows, the host is no secret. Others put a token in its place."""
SHOWN_OF_MAIL = {"to", "cc", "bcc", "from", "smtp", "mode"}

HIDDEN = "…"
MAX_LENGTH = 1000
MAX_ADDRESSES = 10
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # as the Standard Webhooks specification demands
SHORTEST_SECRET = 4
"""Shorter parts of an address, such as `to`, are left in messages about it."""
SEPARATOR = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
PLAIN_MAIL = re.compile(r"[\w.+-]+@[\w.-]+")
"""What people type first, and Apprise doesn't take."""
FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")


def parse_addresses(text: str) -> tuple[str, ...]:
    """Split addresses at blanks and commas, and check the form of each; no network is asked.

    Raises ValueError, which names the first wrong one without its secrets.
    """
    addresses = tuple(dict.fromkeys(split_addresses(text)))
    if len(addresses) > MAX_ADDRESSES:
        raise ValueError(Translatable("at most %(count)s addresses", count=MAX_ADDRESSES))
    for address in addresses:
        check_address(address)
    return addresses


def split_addresses(text: str) -> list[str]:
    """Split addresses at blanks, lines and commas; a comma inside an address stays."""
    return [each for each in SEPARATOR.split(text.strip().strip(",").strip()) if each]


def check_address(address: str) -> None:
    """Raise ValueError where an address can't be used. Whether Apprise knows it, `app.notify.post` checks."""
    scheme = address.partition("://")[0].lower()
    if scheme in LOCAL:
        raise ValueError(
            Translatable(
                "addresses of others, not %(scheme)s://, which acts on the server itself", scheme=scheme
            )
        )
    if not FORM.fullmatch(address) or len(address) > MAX_LENGTH:
        raise ValueError(
            Translatable(
                "addresses such as mailtos://USER:PASSWORD@HOST?to=NAME@HOST, which %(address)s is not",
                address=redacted(address),
            )
        )
    if HIDDEN in address:
        raise ValueError(
            Translatable(
                "addresses in full: write out what is hidden in %(address)s", address=redacted(address)
            )
        )
    if scheme in WEBHOOKS:
        _check_webhook(address)


def _check_webhook(address: str) -> None:
    with suppress(ValueError):
        parts = urlsplit(address)
        has_host = parts.hostname and parts.port != 0 and parts.password is None
        if has_host and MIN_SECRET_BYTES <= len(webhook_key(address)) <= MAX_SECRET_BYTES:
            return
    raise ValueError(
        Translatable(
            "webhooks such as %(form)s with a SECRET from `openssl rand -hex 32`, which %(address)s is not",
            address=redacted(address),
            form=WEBHOOK_FORM,
        )
    )


def webhook_key(address: str) -> bytes:
    """The key that signs a webhook. Raises ValueError where it is not written in base64."""
    secret = unquote(urlsplit(address).username or "").removeprefix("whsec_")
    return base64.b64decode(secret, validate=True)


def webhook_url(address: str) -> str:
    """Where a webhook is sent to, without its secret."""
    scheme, _, rest = address.partition("://")
    return f"{WEBHOOKS[scheme.lower()]}://{rest.partition('@')[2]}"


def redacted(address: str) -> str:
    """An address fit for logs and pages: passwords, tokens and whatever may be one become `…`."""
    scheme, separator, rest = address.partition("://")
    if PLAIN_MAIL.fullmatch(address):
        return address
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return HIDDEN
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{scheme}://{HIDDEN}"
    scheme = scheme.lower()
    is_unclear = "@" in rest.partition("@")[2].partition("?")[0]  # a password with a @ in it
    if scheme in MAIL and host and not is_unclear:
        return _redacted_mail(scheme, parts.username, f"{host}{port}", parts.query)
    if scheme in NAME_A_HOST and host and parts.path.strip("/") and not is_unclear:
        return f"{scheme}://{host}{port}/{HIDDEN}"
    return f"{scheme}://{HIDDEN}"


def _redacted_mail(scheme: str, user: str | None, host: str, query: str) -> str:
    """A redacted mail address that still names its recipients, which tell two of them apart."""
    before = f"{user}:{HIDDEN}@" if user else ""
    fields = [field.partition("=") for field in query.split("&")] if query else []
    values = [
        f"{name}={value if name.lower() in SHOWN_OF_MAIL else HIDDEN}" if sign else HIDDEN
        for name, sign, value in fields
    ]
    after = f"?{'&'.join(values)}" if values else ""
    return f"{scheme}://{before}{host}{after}"


def without_secrets(text: str, address: str) -> str:
    """A message about an address, without any part of it that `redacted` hides."""
    visible = redacted(address)
    parts = {each for each in re.split(r"[:/?#&=@;,+]+", address) if len(each) >= SHORTEST_SECRET}
    for part in sorted(parts | {unquote(each) for each in parts}, key=len, reverse=True):
        if part not in visible:
            text = text.replace(part, HIDDEN)
    return text


def as_lines(addresses: Iterable[str]) -> str:
    """Redacted addresses for a form, one a line; those that look the same are numbered."""
    return "\n".join(_names(addresses))


def kept_addresses(lines: Iterable[str], stored: Iterable[str]) -> list[str]:
    """The addresses that were typed: a line that still reads as a redacted stored one stands for that one."""
    stored = list(stored)
    by_name = dict(zip(_names(stored), stored, strict=True))
    return [by_name.get(line, line) for line in lines]


def _names(addresses: Iterable[str]) -> list[str]:
    names: list[str] = []
    for address in addresses:
        name, number = redacted(address), 1
        while name in names:
            number += 1
            name = f"{redacted(address)}#{number}"
        names.append(name)
    return names
