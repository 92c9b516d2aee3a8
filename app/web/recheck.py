"""The recheck of endless streams: whether whoever opened one may still see its room."""

import time

from flask import current_app, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.store import room_queries, user_queries
from app.store.scope import scope_of
from app.store.tables import Token, User
from app.web.authentication import SIGN_IN_KEY, bearer_token
from app.web.extensions import current_time
from app.web.request_scope import current_scope

RECHECK_SECONDS = 10.0  # a stream ends at most this long after its viewer was signed out


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
