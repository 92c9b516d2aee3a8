"""The first account, and signing in and out."""

import logging
from functools import cache

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.security import check_password_hash, generate_password_hash

from app.language import Translatable
from app.store import user_queries
from app.store.tables import User
from app.web.access import end_session, limiter, safe_next, start_session
from app.web.forms import AccountForm, SignInForm
from app.web.problems import problem
from app.web.sign_in_limit import SignInAttempt, TooManyFailures

pages = Blueprint("account", __name__)
log = logging.getLogger(__name__)

SETUP = "first account"
SET_UP_ALREADY = Translatable("Set-up is already done. Sign in with the account created then.")


def setup_path(app: Flask) -> str:
    """The path of the set-up link. It works until the first account exists."""
    return f"/setup?key={_signer(app).dumps(SETUP)}"


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(app.config["SECRET_KEY"], salt="setup")


def _is_setup_key(key: str) -> bool:
    try:
        return _signer(current_app).loads(key) == SETUP
    except BadSignature:
        return False


@pages.route("/setup", methods=["GET", "POST"])
@limiter.limit("20/minute")
def setup():
    """Create the first account, for the person who has the link from the server's log."""
    if user_queries.has_users():
        return problem(403, SET_UP_ALREADY)
    if not _is_setup_key(request.args.get("key", "")):
        return problem(403, Translatable("Open the set-up link that the server printed when it started."))
    form = AccountForm()
    if form.validate_on_submit():
        user = user_queries.create_first_user(form.name.data, form.password.data)
        if user is None:
            return problem(403, SET_UP_ALREADY)
        start_session(user)
        return redirect(url_for("room_settings.first_run"))
    return render_template("setup.html", form=form), 400 if form.is_submitted() else 200


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in():
    """Sign somebody in and lead them to the page they asked for."""
    form = SignInForm()
    if form.validate_on_submit():
        try:
            user = _checked_user(form.name.data, form.password.data)
        except TooManyFailures as error:
            retry_after = {"Retry-After": str(error.retry_seconds)}
            return problem(429, Translatable("Too many wrong passwords. Try again later."), retry_after)
        if user is not None:
            start_session(user)
            return redirect(safe_next(request.args.get("next")))
        form.password.errors = [gettext("name or password is wrong.")]
    page = render_template("sign_in.html", form=form, needs_setup=not user_queries.has_users())
    return page, 400 if form.is_submitted() else 200


@pages.post("/sign-out")
def sign_out():
    """End the session."""
    end_session()
    return redirect(url_for("account.sign_in"))


def _checked_user(name: str, password: str) -> User | None:
    """The user of this name and password; raises TooManyFailures when they are not checked now.

    The log gets no unknown name: it may be a password, typed into the wrong field.
    """
    user = user_queries.find_user(name)
    attempt = SignInAttempt(name, request.remote_addr or "")
    known_name = repr(user.name) if user else "an unknown name"
    try:
        attempt.begin()
    except TooManyFailures:
        log.warning("too many wrong passwords for %s; not checked, from %s", known_name, attempt.address)
        raise
    if check_password_hash(user.password_hash if user else _hash_for_unknown_names(), password) and user:
        attempt.succeed()
        return user
    attempt.fail()
    log.warning("wrong password for %s from %s", known_name, attempt.address)
    return None


@cache
def _hash_for_unknown_names() -> str:
    """Checked for unknown names, so that they take as long as known ones. Making it takes 0.1 s."""
    return generate_password_hash("nobody")
