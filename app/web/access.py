"""Access control: every endpoint needs a session or a token, except the few named here."""

import hashlib
import re
from collections.abc import Callable

from flask import Flask, Response, abort, current_app, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

from app.language import Translatable
from app.store import user_queries
from app.store.tables import Role, User, db
from app.web.extensions import current_time

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
    "room_settings.notify",
    "areas.areas",
    "timetable.save_line",
    "timetable.remove_line",
    "timetable.save_calendar",
    "timetable.remove_calendar",
    "timetable.save_switch",
    "rooms.add",
    "rooms.archive",
    "rooms.restore",
    "rooms.delete",
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

CHANGES = ("POST", "PUT", "PATCH", "DELETE")

NO_COOKIE = Translatable(
    "Your browser sent no cookie. Allow cookies for this site. "
    "If they are allowed, the proxy in front of the server may say HTTPS where the address is HTTP."
)

LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f\\]*")
"""A path on this server. `//` and `/\\` begin another host, and browsers drop control characters."""

login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)  # counts in RATELIMIT_STORAGE_URI

SIGN_IN_KEY = "sign_in"


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


def start_session(user: User) -> None:
    """Sign somebody in."""
    login_user(user)
    session[SIGN_IN_KEY] = user_queries.start_sign_in(user, current_time())


def end_session() -> None:
    """Sign somebody out. No copy of the cookie works any more."""
    sign_in = session.pop(SIGN_IN_KEY, "")
    user_queries.end_sign_in(sign_in)
    current_app.extensions["known_users"].pop(_digest(sign_in), None)
    logout_user()


@login_manager.user_loader
def _user_of_session(session_id: str) -> User | None:
    sign_in = session.get(SIGN_IN_KEY, "")

    def find_user() -> User | None:
        user = user_queries.user_of_sign_in(sign_in, current_time())
        return user if user is not None and user.get_id() == session_id else None

    return _known_user(sign_in, find_user)


@login_manager.request_loader
def _user_of_token(_request) -> User | None:
    token = bearer_token()
    return _known_user(token, lambda: user_queries.user_of_token(token)) if token else None


def _known_user(credential: str, find_user: Callable[[], User | None]) -> User | None:
    """Whom the database finds. While it is away, whoever was signed in here can still pause and hide."""
    names = current_app.extensions["known_users"]
    key = _digest(credential)
    try:
        user = find_user()
    except SQLAlchemyError:
        db.session.rollback()
        if request.endpoint not in WITHOUT_DATABASE or key not in names:
            raise
        return User(name=names[key], role=Role.TEACHER)
    if user is None:
        names.pop(key, None)
    else:
        names[key] = user.name
    return user


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()


def bearer_token() -> str | None:
    """The token in the Authorization header; None if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _check_access() -> Response | None:
    """Turn away everyone who is not signed in, before their body is read, and forms of another site."""
    if request.endpoint not in OPEN_TO_ALL and not current_user.is_authenticated:
        if is_page() and request.method in ("GET", "HEAD"):
            return redirect(
                url_for("account.sign_in", next=request.script_root + request.full_path.rstrip("?"))
            )
        abort(401)
    if request.endpoint in FOR_ADMINISTRATORS and not current_user.is_administrator:
        abort(403, Translatable("Only an administrator may change the settings."))
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        _refuse_unknown_length()
    if bearer_token() is None and request.method in CHANGES:
        _check_form()
    return None


def _check_form() -> None:
    """Turn away a form of another site, or without the token of its session."""
    # only browsers send this header, over HTTPS and on localhost, and no page can change it
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(400, Translatable("The form came from another site."))
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
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def safe_next(target: str | None) -> str:
    """`target` if it is a path on this server, else the live page: no redirect leads to another site."""
    return target if target and LOCAL_PATH.fullmatch(target) else url_for("live.live")


def _set_headers(response: Response) -> Response:
    if request.endpoint in FOR_CAPTURE:
        response.headers["Permissions-Policy"] = CAPTURE_PERMISSIONS
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
