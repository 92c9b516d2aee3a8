"""Access control: every endpoint needs a session or a token, except the few named here."""

import hashlib
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

from app.language import Translatable
from app.store import user_queries
from app.store.tables import User, db

OPEN_TO_ALL = {
    "static",
    "style.palette",
    "health.healthz",
    "health.readyz",
    "metrics.metrics",  # checks METRICS_TOKEN
    "account.setup",
    "account.sign_in",
    "notice.notice",
    "notice.qr_code",
    "model.model",
    "language.choose",
}

FOR_ADMINISTRATORS = {
    "room_settings.settings",
    "room_settings.first_run",
    "room_settings.camera",
    "areas.areas",
}

WITHOUT_DATABASE = {"control.pause", "control.hide_faces"}
"""What a person who was signed in before can do while the database is away."""

FOR_CAPTURE = {"send.page", "room_settings.settings", "room_settings.first_run"}
"""Pages that may ask the browser for a camera or a window."""

HEADERS = {
    # the icons in Pico's style sheet are data: URLs
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site may show the stream
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

CAPTURE_PERMISSIONS = "camera=(self), display-capture=(self), geolocation=(), microphone=()"

login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://")


class SessionInterface(SecureCookieSessionInterface):
    """Marks a session cookie Secure when it is set over HTTPS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Check access to every endpoint, and set the security headers."""
    app.session_interface = SessionInterface()
    app.extensions["known_users"] = {}  # names by the hash of a session's or a token's text
    login_manager.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    app.before_request(_check_access)
    app.after_request(_set_headers)


@login_manager.user_loader
def _user_of_session(session_id: str) -> User | None:
    def find_user() -> User | None:
        user = db.session.get(User, int(session_id.split()[0]))
        return user if user is not None and user.get_id() == session_id else None

    return _known_user(session_id, find_user)


@login_manager.request_loader
def _user_of_token(_request) -> User | None:
    token = bearer_token()
    return _known_user(token, lambda: user_queries.user_of_token(token)) if token else None


def _known_user(credential: str, find_user: Callable[[], User | None]) -> User | None:
    """Whom the database finds. While it is away, whoever was signed in here can still pause and hide."""
    names = current_app.extensions["known_users"]
    key = hashlib.sha256(credential.encode()).digest()
    try:
        user = find_user()
    except SQLAlchemyError:
        db.session.rollback()
        if request.endpoint not in WITHOUT_DATABASE or key not in names:
            raise
        return User(name=names[key], administrator=False)
    if user is None:
        names.pop(key, None)
    else:
        names[key] = user.name
    return user


def bearer_token() -> str | None:
    """The token in the Authorization header; None if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _check_access() -> Response | None:
    """Turn away everyone who is not signed in, and forms that come from another site."""
    if bearer_token() is None:
        csrf.protect()
    if request.endpoint in FOR_ADMINISTRATORS and not getattr(current_user, "administrator", True):
        abort(403, Translatable("Only an administrator may change the settings."))
    if request.endpoint in OPEN_TO_ALL or (request.endpoint and current_user.is_authenticated):
        return None
    if request.endpoint is None and request.routing_exception is not None and current_user.is_authenticated:
        return None
    if is_page():
        return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")))
    return abort(401)


def is_page() -> bool:
    """Whether a browser asks for a page; a program asks for JSON or a picture."""
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def safe_next(target: str | None) -> str:
    """`target` if it is a path on this server, else the live page: no redirect leads to another site."""
    parts = urlsplit(target or "")
    if (
        not target
        or parts.scheme
        or parts.netloc
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
    ):
        return url_for("live.live")
    return target


def _set_headers(response: Response) -> Response:
    if request.endpoint in FOR_CAPTURE:
        response.headers["Permissions-Policy"] = CAPTURE_PERMISSIONS
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
