"""What a request may see and change, by its session or its key."""

from flask import g, request
from flask_login import current_user

from app.store.scope import NOTHING, Scope, scope_of
from app.store.tables import Lecture, Room
from app.web.permissions import WHO_MAY, Who


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


def may_change(lecture: Lecture) -> bool:
    """Whether this user may rename, share and delete a lecture that they can see, and write its notes."""
    return current_user.is_administrator or lecture.owner_id == current_user.id
