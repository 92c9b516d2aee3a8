"""Fetches a subscribed calendar: over HTTP or HTTPS, from the host that was entered, within bounds."""

import re
import socket
import ssl
import time
import urllib.error
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit, urlunsplit

from app.camera.http_request import RedirectElsewhere, request_address
from app.camera.sign_in import UnknownSignIn
from app.language import Translatable
from app.timetable.errors import CalendarError

MAX_BYTES = 2_000_000  # a calendar of 40 lessons a week is 16 kB, one of 4,500 single lessons is this long
MAX_SECONDS = 10.0
MAX_ADDRESS = 1000
CHUNK_BYTES = 2**16
SCHEMES = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
NO_CALENDAR = Translatable(
    "The address gives no calendar. Enter the one that ends in .ics, as “Subscribe” or “Share” gives it."
)


def check_address(text: str) -> str:
    """The address to fetch, from what a person entered. Raises CalendarError, which never repeats it."""
    address = text.strip()
    try:
        parts = urlsplit(address)
        scheme, host, _ = SCHEMES.get(parts.scheme), parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        scheme, host = None, None
    if not scheme or not host or len(address) > MAX_ADDRESS or re.search(r"[\x00-\x20\x7f]", address):
        raise CalendarError(
            Translatable(
                "Enter the calendar's address, such as https://HOST/NAME.ics or webcal://HOST/NAME.ics."
            )
        )
    return urlunsplit(parts._replace(scheme=scheme, fragment=""))


def redacted_address(address: str) -> str:
    """The address fit for pages: scheme and host alone, since the path is mostly what opens the calendar."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def fetch(address: str) -> bytes:
    """The bytes at the address, at most MAX_BYTES, within MAX_SECONDS. Raises CalendarError."""
    deadline = time.monotonic() + MAX_SECONDS
    try:
        with request_address(address, MAX_SECONDS, verify=True) as response:
            return _read(response, address, deadline)
    except (OSError, HTTPException, RedirectElsewhere, UnknownSignIn) as error:
        raise CalendarError(_sentence(address, error)) from error


def _read(response: HTTPResponse, address: str, deadline: float) -> bytes:
    body = b""
    while chunk := response.read1(CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BYTES:
            raise CalendarError(
                Translatable("The calendar is larger than %(limit)s MB.", limit=MAX_BYTES // 1_000_000)
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _sentence(address: str, error: Exception) -> Translatable:
    """Why the request failed; names the host and nothing else of the address."""
    host = urlsplit(address).hostname
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    match cause if not isinstance(error, urllib.error.HTTPError) else error:
        case urllib.error.HTTPError(code=401 | 403) | UnknownSignIn():
            return Translatable("%(host)s refuses access to the calendar. Check its address.", host=host)
        case urllib.error.HTTPError(code=404 | 410):
            return Translatable("%(host)s has no calendar at that address. Check it.", host=host)
        case urllib.error.HTTPError(code=code):
            return Translatable("%(host)s answers with error %(code)s.", host=host, code=code)
        case RedirectElsewhere():
            target = redacted_address(str(error))[:200]
            return Translatable(
                "%(host)s redirects to %(target)s, which is not followed. "
                "Enter that address if it is the calendar's.",
                host=host,
                target=target,
            )
        case socket.gaierror():
            return Translatable("No host %(host)s is known. Check its name and the network.", host=host)
        case TimeoutError():
            return Translatable(
                "%(host)s did not send the calendar within %(seconds)s s.",
                host=host,
                seconds=int(MAX_SECONDS),
            )
        case ssl.SSLError():
            return Translatable("%(host)s has no valid certificate.", host=host)
        case _:
            return Translatable("%(host)s can't be reached.", host=host)
