"""Access control: who may use which endpoint, and what a session or a key may see."""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf import CSRFProtect
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from app.clock import EPOCH
from app.language import Translatable
from app.role import Role
from app.store import room_queries, user_queries
from app.store.scope import NOTHING, Scope, scope_of
from app.store.tables import Lecture, Room, SignIn, Token, User, db
from app.web import upload_slot
from app.web.extensions import current_time
from app.web.language_cookie import remember_language
from app.web.upload_slot import take_slot


class Who(IntEnum):
    """Who may use an endpoint: they, and everybody below them in this list."""

    ANYBODY = 0
    VIEWER = 1
    TEACHER = 2
    ADMINISTRATOR = 3


WHO_MAY = {
    "account.link": Who.ANYBODY,  # checks the link's key
    "account.setup": Who.ANYBODY,  # checks the key of the set-up link
    "account.sign_in": Who.ANYBODY,
    "account.sign_out": Who.VIEWER,
    "api.add_note": Who.TEACHER,
    "api.analyse": Who.TEACHER,
    "api.change_lecture": Who.TEACHER,
    "api.delete_lecture": Who.TEACHER,
    "api.delete_note": Who.TEACHER,
    "api.delete_question": Who.TEACHER,
    "api.lecture": Who.TEACHER,
    "api.lecture_minutes": Who.TEACHER,
    "api.lecture_notes": Who.TEACHER,
    "api.lecture_report": Who.TEACHER,
    "api.lecture_unusual": Who.TEACHER,
    "api.lectures": Who.TEACHER,
    "api.minutes": Who.TEACHER,
    "api.now": Who.VIEWER,
    "api.pulse": Who.VIEWER,
    "api.questions": Who.TEACHER,
    "api.rooms": Who.VIEWER,
    "api.start_lecture": Who.TEACHER,
    "api.state": Who.VIEWER,
    "api.timetable": Who.TEACHER,
    "api_docs.docs": Who.VIEWER,
    "areas.areas": Who.ADMINISTRATOR,
    "audit.audit": Who.ADMINISTRATOR,
    "audit.download": Who.ADMINISTRATOR,
    "control.hide_advice": Who.TEACHER,
    "control.hide_faces": Who.TEACHER,
    "control.pause": Who.TEACHER,
    "control.resume": Who.TEACHER,
    "course.course": Who.TEACHER,
    "course.named": Who.TEACHER,
    "detector.install": Who.ADMINISTRATOR,
    "detector.page": Who.ADMINISTRATOR,
    "detector.remove": Who.ADMINISTRATOR,
    "events.events": Who.VIEWER,
    "frames.post_frame": Who.TEACHER,
    "health.healthz": Who.ANYBODY,
    "health.readyz": Who.ANYBODY,
    "language.choose": Who.ANYBODY,
    "lectures.listing": Who.TEACHER,
    "live.live": Who.VIEWER,
    "live.screen": Who.VIEWER,
    "live.start_lecture": Who.TEACHER,
    "media.snapshot": Who.VIEWER,
    "media.stream": Who.VIEWER,
    "metrics.metrics": Who.ANYBODY,  # checks METRICS_TOKEN
    "model.model": Who.ANYBODY,
    "my_account.account": Who.VIEWER,
    "my_account.choose_language": Who.VIEWER,
    "my_account.choose_note_tags": Who.TEACHER,
    "my_account.create_key": Who.VIEWER,
    "my_account.end_other_sessions": Who.VIEWER,
    "my_account.end_session": Who.VIEWER,
    "my_account.password": Who.VIEWER,
    "my_account.revoke_key": Who.VIEWER,
    "notice.notice": Who.ANYBODY,
    "notice.qr_code": Who.ANYBODY,
    "openapi": Who.VIEWER,
    "people.invite": Who.ADMINISTRATOR,
    "people.make_link": Who.ADMINISTRATOR,
    "people.people": Who.ADMINISTRATOR,
    "people.person": Who.ADMINISTRATOR,
    "people.remove": Who.ADMINISTRATOR,
    "people.withdraw": Who.ADMINISTRATOR,
    "pulse.answer": Who.ANYBODY,  # the pages of students check the lecture's code
    "pulse.ask": Who.ANYBODY,
    "pulse.enter": Who.ANYBODY,
    "pulse.page": Who.ANYBODY,
    "pulse.state": Who.ANYBODY,
    "pulse.vote": Who.ANYBODY,
    "pulse_panel.ask_poll": Who.TEACHER,
    "pulse_panel.delete_question": Who.TEACHER,
    "pulse_panel.end_poll": Who.TEACHER,
    "recordings.add": Who.TEACHER,
    "recordings.listing": Who.TEACHER,
    "recordings.offset": Who.TEACHER,
    "recordings.receive": Who.TEACHER,
    "recordings.remove": Who.TEACHER,
    "recordings.set_beginning": Who.TEACHER,
    "report.add_note": Who.TEACHER,
    "report.compare": Who.TEACHER,
    "report.delete": Who.TEACHER,
    "report.delete_note": Who.TEACHER,
    "report.download": Who.TEACHER,
    "report.end": Who.TEACHER,
    "report.rename": Who.TEACHER,
    "report.report": Who.TEACHER,
    "report.restore": Who.TEACHER,
    "report.restore_note": Who.TEACHER,
    "report.resume": Who.TEACHER,
    "report.share": Who.TEACHER,
    "room_settings.camera": Who.ADMINISTRATOR,
    "room_settings.first_run": Who.ADMINISTRATOR,
    "room_settings.notify": Who.ADMINISTRATOR,
    "room_settings.settings": Who.ADMINISTRATOR,
    "rooms.add": Who.ADMINISTRATOR,
    "rooms.archive": Who.ADMINISTRATOR,
    "rooms.delete": Who.ADMINISTRATOR,
    "rooms.restore": Who.ADMINISTRATOR,
    "rooms.wall": Who.VIEWER,
    "send.frames": Who.TEACHER,
    "send.page": Who.TEACHER,
    "single_sign_on.begin": Who.ANYBODY,
    "single_sign_on.complete": Who.ANYBODY,  # Authlib checks what the provider answers
    "static": Who.ANYBODY,
    "style.palette": Who.ANYBODY,
    "timetable.remove_calendar": Who.ADMINISTRATOR,
    "timetable.remove_line": Who.ADMINISTRATOR,
    "timetable.save_calendar": Who.ADMINISTRATOR,
    "timetable.save_line": Who.ADMINISTRATOR,
    "timetable.save_switch": Who.ADMINISTRATOR,
    "timetable.timetable": Who.TEACHER,
    "try.analyse": Who.TEACHER,
    "try.explain": Who.TEACHER,
    "try.page": Who.TEACHER,
}
"""Who may use each endpoint. One that is missing here is for administrators only."""

ROLES = {Role.VIEWER: Who.VIEWER, Role.TEACHER: Who.TEACHER, Role.ADMINISTRATOR: Who.ADMINISTRATOR}

WITHOUT_KEYS = {"people", "my_account", "audit"}
"""Blueprints for people who are signed in: a key makes no keys and no accounts."""

NO_SUCH_ENDPOINT = Who.VIEWER  # only people who are signed in learn that an address does not exist

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

WITHOUT_DATABASE = {"control.pause", "control.hide_faces"}
"""What a person who was signed in before can do while the database is away."""

TRYING = {"api.analyse", "try.analyse", "try.explain"}
"""They take a picture, whole in memory, and store nothing: a key that may only read can use them."""

IN_MEMORY = TRYING | {"detector.install"}
"""Each may take a file that is larger than a form: so many at once, so large, for so long."""

FOR_CAPTURE = {"send.page", "try.page", "try.analyse", "room_settings.settings", "room_settings.first_run"}
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
USE_PRECISION = timedelta(minutes=1)
RECHECK_SECONDS = 10.0  # a stream ends at most this long after its viewer was signed out


class SessionInterface(SecureCookieSessionInterface):
    """Marks a session cookie Secure when it is set over HTTPS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Check access to every endpoint, and set the security headers."""
    app.session_interface = SessionInterface()
    app.extensions["noted_uses"] = {}  # when each session and key was last noted, by table and id
    app.extensions["known_users"] = {}  # a KnownUser by the hash of a session's or a key's text
    login_manager.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    upload_slot.init_app(app)
    app.before_request(_check_access)
    app.after_request(_set_headers)
    app.after_request(_note_use)


def start_session(user: User) -> None:
    """Sign somebody in."""
    browser, address = request.user_agent.string, request.remote_addr
    login_user(user)
    session[SIGN_IN_KEY] = user_queries.start_sign_in(user, current_time(), browser, address)
    if user.language:
        remember_language(user.language)


def end_session() -> None:
    """Sign somebody out. No copy of the cookie works any more."""
    sign_in = session.pop(SIGN_IN_KEY, "")
    user_queries.end_sign_in(sign_in)
    current_app.extensions["known_users"].pop(_digest(sign_in), None)
    logout_user()


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What is remembered of a user while the database is away."""

    name: str
    role: str
    scope: Scope
    is_read_only: bool


@login_manager.user_loader
def _user_of_session(session_id: str) -> User | None:
    sign_in = session.get(SIGN_IN_KEY, "")

    def find_user() -> tuple[User, None] | None:
        idle_minutes = current_app.config["SETTINGS"].idle_minutes
        found = user_queries.find_sign_in(sign_in, current_time(), idle_minutes)
        if found is None or found[0].get_id() != session_id:
            return None
        g.sign_in = found[1]
        return found[0], None

    return _known_user(sign_in, find_user)


@login_manager.request_loader
def _user_of_token(_request) -> User | None:
    text = bearer_token()

    def find_user() -> tuple[User, Token] | None:
        token = user_queries.find_token(text, current_time())
        return (token.user, token) if token is not None else None

    return _known_user(text, find_user) if text else None


def _known_user(credential: str, find_user: Callable[[], tuple[User, Token | None] | None]) -> User | None:
    """Whom the database finds. While it is away, whoever was signed in here can still pause and hide."""
    known = current_app.extensions["known_users"]
    key = _digest(credential)
    try:
        found = find_user()
        scope = scope_of(*found) if found else NOTHING
    except SQLAlchemyError:
        db.session.rollback()
        if request.endpoint not in WITHOUT_DATABASE or key not in known:
            raise
        g.scope, g.is_read_only = known[key].scope, known[key].is_read_only
        return User(name=known[key].name, role=known[key].role)
    g.scope = scope
    if found is None:
        known.pop(key, None)
        return None
    user, g.token = found
    known[key] = KnownUser(user.name, user.role, scope, g.token is not None and g.token.is_read_only)
    return user


def current_scope() -> Scope:
    """What this request may see."""
    if not current_user.is_authenticated:
        return NOTHING
    if "scope" not in g:  # they have just signed in
        g.scope = scope_of(current_user)
    return g.scope


def may_see_room(room: Room) -> bool:
    """Whether this request may see the room; pages that are open to everybody show every room."""
    return WHO_MAY.get(request.endpoint) == Who.ANYBODY or current_scope().has_room(room)


class Recheck:
    """Checks during a long stream whether the person or program that opened it may still see its room."""

    def __init__(self, room_id: int) -> None:
        """Remember who makes the current request, and by which session or key."""
        self._app = current_app._get_current_object()
        self._room_id = room_id
        self._token = bearer_token()
        self._sign_in, self._session_id = session.get(SIGN_IN_KEY, ""), session.get("_user_id")
        self._role, self._scope = current_user.role, current_scope()
        self._checked_at = time.monotonic()

    def __call__(self) -> bool:
        """False once they may not. It asks the database every RECHECK_SECONDS; while that is away, True."""
        if time.monotonic() - self._checked_at < RECHECK_SECONDS:
            return True
        self._checked_at = time.monotonic()
        with self._app.app_context():
            try:
                return self._may_see()
            except SQLAlchemyError:
                return True

    def _may_see(self) -> bool:
        if self._token is not None:
            token = user_queries.find_token(self._token, current_time())
            found = token and (token.user, token)
        else:
            idle_minutes = current_app.config["SETTINGS"].idle_minutes
            found = user_queries.find_sign_in(self._sign_in, current_time(), idle_minutes)
            found = (found[0], None) if found and found[0].get_id() == self._session_id else None
        room = room_queries.room_by_id(self._room_id)
        is_in_use = room is not None and room.archived_at is None
        # where rights have changed, the client opens the stream again under the new ones
        return is_in_use and found is not None and self._is_as_before(*found)

    def _is_as_before(self, user: User, token: Token | None) -> bool:
        return (user.role, scope_of(user, token)) == (self._role, self._scope)


def may_change(lecture: Lecture) -> bool:
    """Whether this user may rename, share and delete a lecture that they can see, and write its notes."""
    return current_user.is_administrator or lecture.owner_id == current_user.id


def _is_read_only_key() -> bool:
    token: Token | None = g.get("token")
    return token.is_read_only if token is not None else g.get("is_read_only", False)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()


def bearer_token() -> str | None:
    """The token in the Authorization header; None if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


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


def _note_use(response: Response) -> Response:
    """Store when this session or key was used, once a minute at most, after the response has been sent.

    What a page asks for by itself is no use of a session: a page that was left open is idle.
    """
    row = g.get("token") or (g.get("sign_in") if is_page() or request.method in CHANGES else None)
    if row is None or inspect(row).expired or not inspect(row).persistent:
        return response
    now, noted = current_time(), current_app.extensions["noted_uses"]
    key = type(row), row.id
    if now - max(row.used_at or EPOCH, noted.get(key, EPOCH)) >= USE_PRECISION:
        noted[key] = now
        app = current_app._get_current_object()
        response.call_on_close(partial(_store_use, app, *key, now))
    return response


def _store_use(app: Flask, table: type[SignIn] | type[Token], row_id: int, at: datetime) -> None:
    with app.app_context():
        try:
            user_queries.note_use(table, row_id, at)
        except SQLAlchemyError:
            app.logger.warning("could not store when a session or a key was last used")


def _set_headers(response: Response) -> Response:
    if request.endpoint in FOR_CAPTURE:
        response.headers["Permissions-Policy"] = CAPTURE_PERMISSIONS
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
