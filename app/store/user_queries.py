"""Users, their sessions and their keys."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import delete, false, func, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from app.language import Translatable
from app.role import Role
from app.store.tables import AccountLink, Lecture, Room, SignIn, Token, User, db

MAX_SIGN_IN = timedelta(days=31)  # how long a session lasts at most


def has_users() -> bool:
    """Whether anybody can sign in yet."""
    return db.session.scalar(select(func.count()).select_from(User)) > 0


def find_user(name: str) -> User | None:
    """The user of this name."""
    return db.session.scalar(select(User).where(User.name == name))


def user_by_id(user_id: int) -> User | None:
    """The user with this id."""
    return db.session.get(User, user_id)


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


def set_note_tags(user: User, tags: Sequence[str] | None) -> None:
    """Choose the notes that one tap takes; None for the usual ones."""
    user.note_tags = None if tags is None else list(tags)
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
        db.session.flush()
        change_password(user, password)
    db.session.commit()
    return user


def change_password(user: User, password: str) -> None:
    """Set a user's password and end all their sessions."""
    user.password_hash = generate_password_hash(password)
    db.session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    db.session.commit()


def find_by_identity(identity: str) -> User | None:
    """The user whom an OpenID Connect provider knows by this issuer and subject."""
    return db.session.scalar(select(User).where(User.single_sign_on_id == identity))


def create_from_identity(identity: str, name: str, role: Role) -> User:
    """Create the account of somebody whom the provider knows. A name that is taken gets a number."""
    for number in count(1):
        free_name = name if number == 1 else f"{name[:74]} {number}"
        db.session.add(User(name=free_name, password_hash="", role=role, single_sign_on_id=identity))
        try:
            db.session.commit()
        except IntegrityError:  # the name is taken; or they signed in twice at the same moment
            db.session.rollback()
        user = find_by_identity(identity)
        if user is not None:
            return user


class LastAdministrator(Exception):
    """Without this administrator there would be none; its argument, `Translatable`, says so."""

    def __init__(self) -> None:
        super().__init__(
            Translatable("This is the only administrator. Make somebody else an administrator first.")
        )


def set_role(user: User, role: Role) -> None:
    """Change what somebody may do, from their next request on. Raises LastAdministrator."""
    if role != Role.ADMINISTRATOR:
        _keep_an_administrator(user)
        _withdraw_invitations_of(user)
    user.role = role
    db.session.commit()


def set_language(user: User, language: str | None) -> None:
    """Store the language that somebody chose; None for the browser's."""
    user.language = language
    db.session.commit()


def remove_user(user: User, heir: User | None) -> None:
    """Remove an account. Its lectures become the heir's; without an heir they are deleted.

    Raises LastAdministrator.
    """
    _keep_an_administrator(user)
    _withdraw_invitations_of(user)
    lectures = Lecture.owner_id == user.id
    if heir is None:
        db.session.execute(delete(Lecture).where(lectures))
    else:
        db.session.execute(update(Lecture).where(lectures).values(owner_id=heir.id))
    db.session.delete(user)
    db.session.commit()


def _keep_an_administrator(user: User) -> None:
    """Raise LastAdministrator if this is the only one. It locks, so that no two can remove each other."""
    if not user.is_administrator:
        return
    if db.engine.dialect.name == "sqlite":
        db.session.execute(update(User).where(User.id == user.id).values(role=User.role))  # takes the lock
    administrators = select(User.id).where(User.role == Role.ADMINISTRATOR).with_for_update()
    if db.session.scalars(administrators).all() == [user.id]:
        db.session.rollback()
        raise LastAdministrator


def _withdraw_invitations_of(user: User) -> None:
    """Delete the open invitations of somebody who may not invite any more."""
    db.session.execute(
        delete(AccountLink).where(
            AccountLink.created_by == user.name, AccountLink.user_id.is_(None), AccountLink.used_at.is_(None)
        )
    )


def start_sign_in(user: User, at: datetime, browser: str = "", address: str | None = None) -> str:
    """Record that a user signed in, forget sessions that have expired, and give the new session's key."""
    db.session.execute(delete(SignIn).where(SignIn.created_at < at - MAX_SIGN_IN))
    sign_in = SignIn(
        user_id=user.id,
        key=secrets.token_urlsafe(32),
        created_at=at,
        used_at=at,
        browser=browser[:200],
        address=address and address[:45],
    )
    db.session.add(sign_in)
    db.session.commit()
    return sign_in.key


def end_sign_in(key: str) -> None:
    """End the session with this key, for every copy of its cookie."""
    db.session.execute(delete(SignIn).where(SignIn.key == key))
    db.session.commit()


def find_sign_in(key: str, at: datetime, idle_minutes: int = 0) -> tuple[User, SignIn] | None:
    """A session that has not ended, and its user.

    With `idle_minutes` it ends when nobody has used it for that long; a viewer's does not.
    """
    query = (
        select(User, SignIn)
        .join(SignIn, SignIn.user_id == User.id)
        .where(SignIn.key == key, SignIn.created_at >= at - MAX_SIGN_IN)
    )
    if idle_minutes:
        used_at = func.coalesce(SignIn.used_at, SignIn.created_at)
        is_fresh = used_at >= at - timedelta(minutes=idle_minutes)
        query = query.where(is_fresh | (User.role == Role.VIEWER))
    found = db.session.execute(query).first()
    return tuple(found) if found else None


def sign_ins_of(user: User, at: datetime) -> Sequence[SignIn]:
    """Where a user is signed in, the last used first."""
    return db.session.scalars(
        select(SignIn)
        .where(SignIn.user_id == user.id, SignIn.created_at >= at - MAX_SIGN_IN)
        .order_by(func.coalesce(SignIn.used_at, SignIn.created_at).desc())
    ).all()


def last_uses() -> dict[int, datetime]:
    """When each user last used a session, by user id."""
    query = select(SignIn.user_id, func.max(SignIn.used_at)).group_by(SignIn.user_id)
    return {user_id: used_at for user_id, used_at in db.session.execute(query) if used_at is not None}


def end_sign_ins(user: User, *, only: int | None = None, but: str | None = None) -> None:
    """End a user's sessions: the one with the id `only`, or all but the one with the key `but`."""
    query = delete(SignIn).where(SignIn.user_id == user.id)
    if only is not None:
        query = query.where(SignIn.id == only)
    if but is not None:
        query = query.where(SignIn.key != but)
    db.session.execute(query)
    db.session.commit()


def note_use(table: type[SignIn] | type[Token], row_id: int, at: datetime) -> None:
    """Store when a session or a key was last used."""
    db.session.execute(update(table).where(table.id == row_id).values(used_at=at))
    db.session.commit()


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


def token_by_id(token_id: int) -> Token | None:
    """The key with this id, even if it has expired."""
    return db.session.get(Token, token_id)


def tokens_of(user: User) -> Sequence[Token]:
    """The keys of a user, newest first."""
    return db.session.scalars(select(Token).where(Token.user_id == user.id).order_by(Token.id.desc())).all()


def all_tokens() -> Sequence[Token]:
    """Every key, oldest first."""
    return db.session.scalars(select(Token).order_by(Token.id)).all()


def revoke_token(token: Token) -> None:
    """Revoke a key."""
    db.session.delete(token)
    db.session.commit()


def revoke_tokens(user: User) -> None:
    """Revoke all keys of a user."""
    db.session.execute(delete(Token).where(Token.user_id == user.id))
    db.session.commit()


def sha256(text: str) -> str:
    """The SHA-256 of a long random secret, as hex: what is stored in its place."""
    return hashlib.sha256(text.encode()).hexdigest()
