"""Users and their tokens."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import func, select
from werkzeug.security import check_password_hash, generate_password_hash

from app.store.tables import Token, User, db


def has_users() -> bool:
    """Whether anybody can sign in yet."""
    return db.session.scalar(select(func.count()).select_from(User)) > 0


def find_user(name: str) -> User | None:
    """The user of this name."""
    return db.session.scalar(select(User).where(User.name == name))


def set_password(name: str, password: str, administrator: bool = False) -> User:
    """Set the password of the user of this name, who is created if new.

    The first user becomes an administrator; so does any user with `administrator`.
    """
    user = find_user(name)
    if user is None:
        user = User(name=name, password_hash="", administrator=not has_users())
        db.session.add(user)
    user.administrator = user.administrator or administrator
    # a new hash would end every session of the user, so an unchanged password keeps its own
    if not (user.password_hash and check_password_hash(user.password_hash, password)):
        user.password_hash = generate_password_hash(password)
    db.session.commit()
    return user


def create_token(user: User, at: datetime) -> str:
    """Create an access token. Only its hash is stored, so this is the only time that it can be read."""
    token = secrets.token_urlsafe(32)
    db.session.add(Token(user=user, sha256=_sha256(token), created_at=at))
    db.session.commit()
    return token


def user_of_token(token: str) -> User | None:
    """The user whom an access token belongs to."""
    return db.session.scalar(select(User).join(Token).where(Token.sha256 == _sha256(token)))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
