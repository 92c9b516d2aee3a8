"""One-time links: an invitation, or a new password."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.security import generate_password_hash

from app.language import Translatable
from app.store import user_queries
from app.store.tables import AccountLink, Room, User, db

LINK_LIFE = timedelta(days=7)

UNKNOWN = Translatable("This link is not valid. Ask an administrator for a new one.")
USED = Translatable("This link has been used. Ask an administrator for a new one.")
EXPIRED = Translatable("This link is older than seven days. Ask an administrator for a new one.")


class LinkError(Exception):
    """A link can't be used; its argument, `Translatable`, says why."""


class NameTaken(Exception):
    """Somebody else has this name."""


def create_invitation(role: str, rooms: Sequence[Room] | None, by: User, at: datetime) -> str:
    """Create a link that invites somebody; gives its key, stored only as a hash. None: all rooms."""
    return _create(AccountLink(role=role, has_all_rooms=rooms is None, rooms=list(rooms or ())), by.name, at)


def create_password_link(user: User, by: str, at: datetime) -> str:
    """Create a link that sets a new password; gives its key. The user's earlier link stops working."""
    db.session.execute(delete(AccountLink).where(AccountLink.user_id == user.id))
    return _create(AccountLink(user_id=user.id), by, at)


def _create(link: AccountLink, by: str, at: datetime) -> str:
    key = secrets.token_urlsafe(32)
    link.sha256, link.created_by = user_queries.sha256(key), by
    link.created_at, link.expires_at = at, at + LINK_LIFE
    db.session.add(link)
    db.session.commit()
    return key


def open_invitations(at: datetime) -> Sequence[AccountLink]:
    """The invitations that can still be used, newest first."""
    return db.session.scalars(
        select(AccountLink)
        .where(AccountLink.user_id.is_(None), AccountLink.used_at.is_(None), AccountLink.expires_at > at)
        .order_by(AccountLink.id.desc())
    ).all()


def withdraw(link_id: int) -> None:
    """Delete an invitation, so that nobody can use it any more."""
    db.session.execute(delete(AccountLink).where(AccountLink.id == link_id, AccountLink.user_id.is_(None)))
    db.session.commit()


def usable_link(key: str, at: datetime) -> AccountLink:
    """The link with this key; raises LinkError if it can't be used."""
    link = db.session.scalar(select(AccountLink).where(AccountLink.sha256 == user_queries.sha256(key)))
    if link is None:
        raise LinkError(UNKNOWN)
    if link.used_at is not None:
        raise LinkError(USED)
    if link.expires_at <= at:
        raise LinkError(EXPIRED)
    return link


def accept_invitation(link: AccountLink, name: str, password: str, at: datetime) -> User:
    """Create an invitation's account. Raises NameTaken, and LinkError if the link was used meanwhile."""
    user = User(
        name=name,
        password_hash=generate_password_hash(password),
        role=link.role,
        has_all_rooms=link.has_all_rooms,
        rooms=list(link.rooms),
    )
    _claim(link, at)
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # the link stays unused
        raise NameTaken from None
    return user


def accept_password_link(link: AccountLink, password: str, at: datetime) -> User:
    """Use a password link: set its user's password. Raises LinkError if the link was used meanwhile."""
    _claim(link, at)
    user_queries.change_password(link.user, password)
    return link.user


def _claim(link: AccountLink, at: datetime) -> None:
    """Mark a link as used; of several simultaneous requests only one can. Others raise LinkError."""
    claim = (
        update(AccountLink).where(AccountLink.id == link.id, AccountLink.used_at.is_(None)).values(used_at=at)
    )
    if db.session.execute(claim).rowcount == 0:
        db.session.rollback()
        raise LinkError(USED)
