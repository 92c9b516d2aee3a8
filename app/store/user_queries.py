"""Users, their sessions and their keys."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, false, func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from app.store.tables import Lecture, Role, Room, SignIn, Token, User, db

MAX_SIGN_IN = timedelta(days=31)  # how long a session lasts at most


def has_users() -> bool:
    """Whether anybody can sign in yet."""
    return db.session.scalar(select(func.count()).select_from(User)) > 0


def find_user(name: str) -> User | None:
    """The user of this name."""
    return db.session.scalar(select(User).where(User.name == name))


def all_users() -> Sequence[User]:
    """Everybody who has an account, by name."""
    return db.session.scalars(select(User).order_by(User.name)).all()


def colleagues(lecture: Lecture) -> Sequence[User]:
    """Whom a lecture can be shared with: the teachers, without its owner. Administrators read each anyway."""
    is_owner = User.id == lecture.owner_id if lecture.owner_id else false()
    return db.session.scalars(
        select(User).where(User.role == Role.TEACHER, ~is_owner).order_by(User.name)
    ).all()


def set_rooms(user: User, rooms: Sequence[Room] | None) -> None:
    """Give somebody these rooms; None gives all rooms, later ones too."""
    user.has_all_rooms = rooms is None
    user.rooms = list(rooms or ())
    db.session.commit()


def create_first_user(name: str, password: str) -> User | None:
    """Create the administrator of the set-up link; None if there is an account already."""
    if has_users():
        return None
    user = User(
        name=name,
        password_hash=generate_password_hash(password),
        role=Role.ADMINISTRATOR,
        from_set_up_link=True,
    )
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:  # another request was faster
        db.session.rollback()
        return None
    return user


def set_password(name: str, password: str, administrator: bool = False) -> User:
    """Set the password of the user of this name, who is created if new.

    The first user becomes an administrator; so does any user with `administrator`.
    """
    user = find_user(name)
    if user is None:
        role = Role.TEACHER if has_users() else Role.ADMINISTRATOR
        user = User(name=name, password_hash="", role=role)
        db.session.add(user)
    if administrator:
        user.role = Role.ADMINISTRATOR
    # a new hash would end every session of the user, so an unchanged password keeps its own
    if not (user.password_hash and check_password_hash(user.password_hash, password)):
        user.password_hash = generate_password_hash(password)
    db.session.commit()
    return user


def start_sign_in(user: User, at: datetime) -> str:
    """Record that a user signed in, forget sessions that have expired, and give the new session's key."""
    db.session.execute(delete(SignIn).where(SignIn.created_at < at - MAX_SIGN_IN))
    sign_in = SignIn(user_id=user.id, key=secrets.token_urlsafe(32), created_at=at)
    db.session.add(sign_in)
    db.session.commit()
    return sign_in.key


def end_sign_in(key: str) -> None:
    """End the session with this key, for every copy of its cookie."""
    db.session.execute(delete(SignIn).where(SignIn.key == key))
    db.session.commit()


def user_of_sign_in(key: str, at: datetime) -> User | None:
    """The user of a session that has not ended."""
    query = select(User).join(SignIn).where(SignIn.key == key, SignIn.created_at >= at - MAX_SIGN_IN)
    return db.session.scalar(query)


def create_token(
    user: User,
    at: datetime,
    name: str = "",
    *,
    is_read_only: bool = False,
    rooms: Sequence[Room] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Create a key for programs, good for `rooms`, or for all rooms of its owner.

    Only its hash is stored, so this is the only time that it can be read.
    """
    text = secrets.token_urlsafe(32)
    token = Token(
        user=user,
        sha256=sha256(text),
        created_at=at,
        name=name,
        is_read_only=is_read_only,
        has_all_rooms=rooms is None,
        rooms=list(rooms or ()),
        expires_at=expires_at,
    )
    db.session.add(token)
    db.session.commit()
    return text


def find_token(text: str, at: datetime) -> Token | None:
    """The key that a program sent, unless it has expired."""
    is_valid = Token.expires_at.is_(None) | (Token.expires_at > at)
    return db.session.scalar(select(Token).where(Token.sha256 == sha256(text), is_valid))


def sha256(text: str) -> str:
    """What is stored of a long random text."""
    return hashlib.sha256(text.encode()).hexdigest()
