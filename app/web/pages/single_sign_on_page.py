"""Signing in with OpenID Connect: to the provider, and back from it."""

import contextlib

from flask import Blueprint, abort, current_app, redirect, request, session, url_for

from app.role import Role
from app.store import user_queries
from app.store.audit_queries import AuditAction
from app.store.tables import User
from app.web import single_sign_on
from app.web.access import safe_next
from app.web.audit import record
from app.web.authentication import start_session
from app.web.problems import problem
from app.web.rate_limiter import limiter

pages = Blueprint("single_sign_on", __name__)

NEXT = "next_after_sign_on"


@pages.get("/sign-in/provider")
@limiter.limit("30/minute")
def begin():
    """Go to the provider."""
    if current_app.config["SETTINGS"].oidc_issuer is None:
        abort(404)
    session[NEXT] = safe_next(request.args.get("next"))
    try:
        return single_sign_on.begin(url_for("single_sign_on.complete", _external=True))
    except single_sign_on.SignOnError as error:
        return problem(503, error)


@pages.get("/sign-in/complete")
@limiter.limit("30/minute")
def complete():
    """Come back from the provider: sign in, with a new account at the first time."""
    if current_app.config["SETTINGS"].oidc_issuer is None:
        abort(404)
    try:
        claims = single_sign_on.complete()
        user, is_new = _user_of(claims)
    except single_sign_on.SignOnError as error:
        return problem(403, error)
    start_session(user)
    record(AuditAction.ACCOUNT_CREATED if is_new else AuditAction.SIGNED_IN, user.name if is_new else "")
    return redirect(safe_next(session.pop(NEXT, None)))


def _user_of(claims) -> tuple[User, bool]:
    """The account, with the role that the provider gives now, and whether it is new. Raises SignOnError."""
    role, identity = single_sign_on.role_of(claims), single_sign_on.identity_of(claims)
    user = user_queries.find_by_identity(identity)
    if user is None:
        default = Role(current_app.config["SETTINGS"].oidc_default_role)
        name = single_sign_on.name_of(claims)
        return user_queries.create_from_identity(identity, name, role or default), True
    if role is not None and role != user.role:
        with contextlib.suppress(user_queries.LastAdministrator):  # stays administrator
            user_queries.set_role(user, role)
            record(AuditAction.ROLE_CHANGED, f"{user.name}: {role}", who="")
    return user, False
