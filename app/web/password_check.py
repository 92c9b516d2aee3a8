"""Checks a name and a password, with the limit on guesses."""

import logging
from functools import cache

from flask import request
from werkzeug.security import check_password_hash, generate_password_hash

from app.language import Translatable
from app.store import user_queries
from app.store.audit_queries import AuditAction
from app.store.tables import User
from app.web.audit import record
from app.web.sign_in_limit import SignInAttempt, TooManyFailures

log = logging.getLogger(__name__)

TOO_MANY = Translatable("Too many wrong passwords. Try again later.")


def check_password(name: str, password: str) -> User | None:
    """The user of this name and password; raises TooManyFailures when they are not checked now.

    The log and the audit get no unknown name: it may be a password, typed into the wrong field.
    """
    user = user_queries.find_user(name)
    attempt = SignInAttempt(name, request.remote_addr or "")
    known_name = repr(user.name) if user else "an unknown name"
    try:
        attempt.begin()
    except TooManyFailures:
        log.warning("too many wrong passwords for %s; not checked, from %s", known_name, attempt.address)
        raise
    has_password = user is not None and user.password_hash != ""
    if check_password_hash(user.password_hash if has_password else _other_hash(), password) and has_password:
        attempt.succeed()
        return user
    attempt.fail()
    log.warning("wrong password for %s from %s", known_name, attempt.address)
    if user is not None or not attempt.is_from_busy_address:  # nobody fills the database with made-up names
        record(AuditAction.SIGN_IN_FAILED, who=user.name if user else "")
    return None


@cache
def _other_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones. Making it takes 0.1 s."""
    return generate_password_hash("nobody")
