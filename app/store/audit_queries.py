"""The audit: who did what, when, from where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.store.tables import AuditEntry, db


class AuditAction(StrEnum):
    """The actions that the audit records."""

    LECTURE_STARTED = "lecture-started"
    LECTURE_ENDED = "lecture-ended"
    LECTURE_RESUMED = "lecture-resumed"
    LECTURE_RENAMED = "lecture-renamed"
    LECTURE_SHARED = "lecture-shared"
    LECTURE_DELETED = "lecture-deleted"
    LECTURE_RESTORED = "lecture-restored"
    LECTURE_EXPORTED = "lecture-exported"
    RECORDING_ADDED = "recording-added"
    RECORDING_REMOVED = "recording-removed"
    SETTINGS_CHANGED = "settings-changed"
    PURPOSE_CHOSEN = "purpose-chosen"
    AREAS_CHANGED = "areas-changed"
    ROOM_ADDED = "room-added"
    ROOM_ARCHIVED = "room-archived"
    ROOM_RESTORED = "room-restored"
    ROOM_DELETED = "room-deleted"
    ROOM_PAUSED = "room-paused"
    ROOM_RESUMED = "room-resumed"
    FACES_HIDDEN = "faces-hidden"
    FACES_SHOWN = "faces-shown"
    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    PASSWORD_CHANGED = "password-changed"
    SIGN_INS_ENDED = "sign-ins-ended"
    KEY_CREATED = "key-created"
    KEY_REVOKED = "key-revoked"
    PERSON_INVITED = "person-invited"
    INVITATION_WITHDRAWN = "invitation-withdrawn"
    ACCOUNT_CREATED = "account-created"
    PASSWORD_LINK_MADE = "password-link-made"
    ROLE_CHANGED = "role-changed"
    ROOMS_CHANGED = "rooms-changed"
    ACCOUNT_REMOVED = "account-removed"
    BACKUP_RESTORED = "backup-restored"
    DETECTOR_CHANGED = "detector-changed"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Restricts entries to a name or an action; an empty text restricts nothing."""

    who: str = ""
    action: str = ""


def add_entries(entries: Sequence[AuditEntry]) -> None:
    """Store and commit entries."""
    db.session.add_all(entries)
    db.session.commit()


def newest_entries(
    wanted: AuditFilter, limit: int | None = None, after: int | None = None
) -> Sequence[AuditEntry]:
    """Entries, newest first, starting behind the entry with id `after`."""
    query = select(AuditEntry).options(joinedload(AuditEntry.room)).order_by(AuditEntry.id.desc())
    if limit is not None:
        query = query.limit(limit)
    if after is not None:
        query = query.where(AuditEntry.id < after)
    if wanted.who:
        query = query.where(AuditEntry.who == wanted.who)
    if wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    return db.session.scalars(query).all()


def names() -> Sequence[str]:
    """The names of everybody who did something that is recorded, sorted."""
    return db.session.scalars(
        select(AuditEntry.who).where(AuditEntry.who != "").distinct().order_by(AuditEntry.who)
    ).all()


def entry(
    action: AuditAction, subject: str, who: str, address: str | None, room_id: int | None, at: datetime
) -> AuditEntry:
    """An entry that is not stored yet."""
    return AuditEntry(
        at=at,
        who=who,
        address=address and address[:45],
        action=action,
        subject=subject[:200],
        room_id=room_id,
    )
