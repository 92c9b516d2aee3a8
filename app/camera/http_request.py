"""Requests a camera's address over HTTP: signs in, and follows redirects only on the camera itself."""

import ssl
import urllib.error
import urllib.request
from http.client import HTTPResponse
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from app.camera.sign_in import authorization

MAX_REDIRECTS = 5
SAFE_SIGNS = "/%:@!$&'()*+,;=~?[]"  # what an address may hold; blanks and letters with accents are coded


class RedirectElsewhere(Exception):
    """The camera redirects to another host or port; its text is that address.

    It is not followed: it may lead to a service that only this server can reach.
    """


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, *_: object) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def request_address(url: str, timeout_seconds: float, verify: bool = False) -> HTTPResponse:
    """Request `url`, which may hold user and password; the time-out is for each piece of the answer.

    `verify` demands a valid certificate, which few cameras have.
    Raises HTTPError, URLError or another OSError, HTTPException, UnknownSignIn or RedirectElsewhere.
    """
    for _ in range(MAX_REDIRECTS):
        try:
            return _request_signed_in(url, timeout_seconds, verify)
        except urllib.error.HTTPError as error:
            if error.code not in (301, 302, 303, 307, 308) or "Location" not in error.headers:
                raise
            with error:
                url = _redirected(url, error.headers["Location"])
    raise urllib.error.URLError("too many redirects")


def _redirected(url: str, location: str) -> str:
    """Give the address to request next, with the user and password of `url`."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    try:
        target = urljoin(urlunsplit(parts._replace(netloc=host)), location)
        found = urlsplit(target)
    except ValueError:
        raise RedirectElsewhere(location) from None
    if (found.scheme, found.netloc.lower()) != (parts.scheme, host.lower()):
        raise RedirectElsewhere(target)
    return urlunsplit(found._replace(netloc=parts.netloc))


def _request_signed_in(url: str, timeout_seconds: float, verify: bool) -> HTTPResponse:
    parts = urlsplit(url)
    path, query = quote(parts.path or "/", safe=SAFE_SIGNS), quote(parts.query, safe=SAFE_SIGNS)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query=query)
    request = urllib.request.Request(urlunsplit(bare))
    try:
        return _opener(verify).open(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        challenges = error.headers.get_all("WWW-Authenticate")
        if error.code != 401 or parts.username is None or not challenges:
            raise
        with error:
            answer = authorization(challenges, parts, "GET", request.selector)
    # Headers are sent in Latin-1; cameras expect a name in UTF-8.
    request.add_unredirected_header("Authorization", answer.encode().decode("latin-1"))
    return _opener(verify).open(request, timeout=timeout_seconds)


def _opener(verify: bool) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if not verify:  # Cameras sign their certificates themselves; FFmpeg accepts those too.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))
