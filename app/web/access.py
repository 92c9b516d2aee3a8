"""Access control: refuses whoever lacks the permission, and forms from other sites, before a body is read."""

import re

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from flask_wtf import CSRFProtect

from app.language import Translatable
from app.store.tables import Token
from app.web import upload_slot
from app.web.authentication import bearer_token
from app.web.permissions import NO_SUCH_ENDPOINT, ROLES, WHO_MAY, Who
from app.web.rate_limiter import limiter
from app.web.upload_slot import take_slot

WITHOUT_KEYS = {"people", "my_account", "audit"}
"""Blueprints for people who are signed in: a key makes no keys and no accounts."""

SENDING = "send.frames"
"""A WebSocket: it is opened with GET and yet sends pictures."""

WITHOUT_SESSION = {"pulse.answer", "pulse.ask", "pulse.enter", "pulse.vote"}
"""Forms of students. Another site would have to know the lecture's code, and gains nothing from a session."""

UPLOADING = "recordings.receive"
MAX_PIECE_BYTES = 2**22
"""Of a recording that is being uploaded; a form is far smaller."""

FORBIDDEN = {
    Who.TEACHER: Translatable("Your account may only watch. Ask an administrator for more."),
    Who.ADMINISTRATOR: Translatable("Only an administrator may do this."),
}

TRYING = {"api.analyse", "try.analyse", "try.explain"}
"""They take a picture, whole in memory, and store nothing: a key that may only read can use them."""

IN_MEMORY = TRYING | {"detector.install"}
"""Each may take a file that is larger than a form: so many at once, so large, for so long."""

CHANGES = ("POST", "PUT", "PATCH", "DELETE")

NO_COOKIE = Translatable(
    "Your browser sent no cookie. Allow cookies for this site. "
    "If they are allowed, the proxy in front of the server may say HTTPS where the address is HTTP."
)

LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f\\]*")
"""A path on this server. `//` and `/\\` begin another host, and browsers drop control characters."""

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check access to every endpoint."""
    csrf.init_app(app)
    limiter.init_app(app)
    upload_slot.init_app(app)
    app.before_request(_check_access)


def _check_access() -> Response | None:
    """Refuse whoever is not signed in, before the body is read, and forms from another site."""
    needed = WHO_MAY.get(request.endpoint, Who.ADMINISTRATOR) if request.endpoint else NO_SUCH_ENDPOINT
    if needed > Who.ANYBODY and not current_user.is_authenticated:
        if is_page() and request.method in ("GET", "HEAD"):
            return redirect(
                url_for("account.sign_in", next=request.script_root + request.full_path.rstrip("?"))
            )
        abort(401)
    if needed > Who.ANYBODY:
        _check_user(needed)
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        _refuse_unknown_length()
    if request.endpoint == UPLOADING:
        request.max_content_length = MAX_PIECE_BYTES
    if request.endpoint in IN_MEMORY and request.method == "POST":
        take_slot()
    if bearer_token() is None and request.method in CHANGES:
        _check_form()
    return None


def _check_user(needed: Who) -> None:
    """Refuse a user whose role or key doesn't allow this endpoint."""
    if ROLES[current_user.role] < needed:
        abort(403, FORBIDDEN[needed])
    if g.get("token") is not None and request.blueprint in WITHOUT_KEYS:
        abort(403, Translatable("Sign in to do this: a key may not."))
    changes = request.method in CHANGES and request.endpoint not in TRYING
    if _is_read_only_key() and (changes or request.endpoint == SENDING):
        abort(403, Translatable("This key may only read."))


def _is_read_only_key() -> bool:
    token: Token | None = g.get("token")
    return token.is_read_only if token is not None else g.get("is_read_only", False)


def _check_form() -> None:
    """Refuse a form from another site, or without the CSRF token of its session."""
    # only browsers send this header, over HTTPS and on localhost, and no page can change it
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(400, Translatable("The form came from another site."))
    if request.endpoint in WITHOUT_SESSION:
        return
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        abort(400, NO_COOKIE)
    csrf.protect()
    warn_of_other_host()


def warn_of_other_host() -> None:
    """Log once that a proxy passes on another address than the browser's: links and QR codes are wrong."""
    origin, host = request.headers.get("Origin", "null"), request.host_url.rstrip("/")
    if origin in ("null", host) or current_app.extensions.get("warned of other host"):
        return
    current_app.extensions["warned of other host"] = True
    current_app.logger.warning(
        "a browser's address of this server is %.200r, but its proxy passes on %r. Let the proxy set "
        "X-Forwarded-Proto and X-Forwarded-Host, and set TRUSTED_PROXIES",
        origin,
        host,
    )


def _refuse_unknown_length() -> None:
    """Refuse a body in chunks, except for a picture: it can hold its thread for as long as it likes."""
    if request.endpoint != "frames.post_frame":
        abort(411, Translatable("Send the length of the request: Content-Length."))


def is_page() -> bool:
    """Whether a browser asks for a page; a program asks for JSON or a picture."""
    return not request.path.startswith("/api/v1/") and "text/html" in request.headers.get("Accept", "")


def safe_next(target: str | None) -> str:
    """`target` if it is a path on this server, else the live page: no redirect leads to another site."""
    return target if target and LOCAL_PATH.fullmatch(target) else url_for("live.live")
