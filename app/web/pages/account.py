"""The first account, and signing in and out."""

from functools import cache

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.security import check_password_hash, generate_password_hash

from app.language import Translatable
from app.store import user_queries
from app.web.access import limiter, safe_next
from app.web.forms import AccountForm, SignInForm
from app.web.problems import problem

pages = Blueprint("account", __name__)

SETUP = "first account"


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
        return problem(403, Translatable("Set-up is already done. Sign in with the account created then."))
    if not _is_setup_key(request.args.get("key", "")):
        return problem(403, Translatable("Open the set-up link that the server printed when it started."))
    form = AccountForm()
    if form.validate_on_submit():
        login_user(user_queries.set_password(form.name.data, form.password.data))
        return redirect(url_for("room_settings.first_run"))
    return render_template("setup.html", form=form), 400 if form.is_submitted() else 200


@pages.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"])
def sign_in():
    """Sign somebody in and lead them to the page they asked for."""
    form = SignInForm()
    if form.validate_on_submit():
        user = user_queries.find_user(form.name.data)
        password_hash = user.password_hash if user else _hash_for_unknown_names()
        if check_password_hash(password_hash, form.password.data) and user:
            login_user(user)
            return redirect(safe_next(request.args.get("next")))
        form.password.errors = [gettext("name or password is wrong.")]
    page = render_template("sign_in.html", form=form, needs_setup=not user_queries.has_users())
    return page, 400 if form.is_submitted() else 200


@pages.post("/sign-out")
def sign_out():
    """End the session."""
    logout_user()
    return redirect(url_for("account.sign_in"))


@cache
def _hash_for_unknown_names() -> str:
    """Checked for unknown names, so that they take as long as known ones. Making it takes 0.1 s."""
    return generate_password_hash("nobody")
