"""Records who does what. No request fails because its entry can't be stored; it is stored with the next."""

import logging
from collections import deque
from collections.abc import Mapping

from flask import Flask, current_app, g, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.store import audit_queries
from app.store.audit_queries import AuditAction
from app.store.tables import Lecture, Room, db
from app.web.extensions import current_time

log = logging.getLogger(__name__)

MAX_WAITING = 1000


def init_app(app: Flask) -> None:
    """Keep what can't be stored yet."""
    app.extensions["audit"] = deque(maxlen=MAX_WAITING)


def record(
    action: AuditAction,
    subject: object = "",
    room: Room | None = None,
    *,
    who: str | None = None,
    is_storable: bool = True,
) -> None:
    """Record that this request did something; `who` by default is the user who is signed in.

    Unless `is_storable`, the entry waits until another one is stored.
    """
    if who is None:
        who = current_user.name if current_user.is_authenticated else ""
    room_id = room.id if room is not None else None
    values = action, _with_key(str(subject)), who, request.remote_addr, room_id, current_time()
    current_app.extensions["audit"].append(values)
    if is_storable:
        _store()


def record_sharing(lecture: Lecture) -> None:
    """Record with whom a lecture is shared from now on."""
    names = ", ".join(user.name for user in lecture.shared_with) or "nobody"
    record(AuditAction.LECTURE_SHARED, f"{lecture.id}: {names}", lecture.room)


def record_purpose(room: Room, values: Mapping[str, str | None]) -> None:
    """Record what a room's camera was said to be for, and on what ground, if that was asked."""
    if "purpose" in values:
        words = (values["purpose"], values["ground"])
        record(AuditAction.PURPOSE_CHOSEN, ": ".join(word for word in words if word), room)


def _with_key(subject: str) -> str:
    """The subject, and which key was used, if one was."""
    token = g.get("token")
    return f"{subject} (key {token.id})".strip() if token is not None else subject


def _store() -> None:
    waiting: deque = current_app.extensions["audit"]
    taken = []
    while waiting:
        taken.append(waiting.popleft())
    try:
        audit_queries.add_entries([audit_queries.entry(*values) for values in taken])
    except SQLAlchemyError as error:
        db.session.rollback()
        waiting.extendleft(reversed(taken))
        log.error("%s entries of the audit can't be stored yet: %s", len(waiting), type(error).__name__)
