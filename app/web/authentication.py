"""Who makes a request: somebody who has signed in, by their session, or a program, by its key."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from app.store import user_queries
from app.store.scope import NOTHING, Scope, scope_of
from app.store.tables import Token, User, db
from app.web.extensions import current_time
from app.web.language_cookie import remember_language

login_manager = LoginManager()

SIGN_IN_KEY = "sign_in"

WITHOUT_DATABASE = {"control.pause", "control.hide_faces"}
"""What a person who was signed in before can do while the database is away."""


class SessionInterface(SecureCookieSessionInterface):
    """Marks a session cookie Secure when it is set over HTTPS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Find out who makes each request, and keep sessions in cookies."""
    app.session_interface = SessionInterface()
    app.extensions["known_users"] = {}  # a KnownUser by the hash of a session's or a key's text
    login_manager.init_app(app)


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


def bearer_token() -> str | None:
    """The token in the Authorization header; None if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


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


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
