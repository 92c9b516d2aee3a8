"""The first account, one-time links, and signing in and out."""

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer

from app.language import Translatable, translate
from app.store import link_queries, user_queries
from app.store.audit_queries import AuditAction
from app.store.tables import AccountLink
from app.web.access import safe_next
from app.web.audit import record
from app.web.authentication import end_session, start_session
from app.web.extensions import current_time
from app.web.forms import AccountForm, NewPasswordForm, SignInForm
from app.web.password_check import TOO_MANY, check_password
from app.web.problems import problem
from app.web.rate_limiter import limiter
from app.web.sign_in_limit import TooManyFailures
from app.web.sign_in_words import ROLE_NAMES

pages = Blueprint("account", __name__)

SETUP = "first account"
WRONG = Translatable("Name or password is wrong.")
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
        record(AuditAction.ACCOUNT_CREATED, user.name)
        return redirect(url_for("room_settings.first_run"))
    return render_template("setup.html", form=form), 400 if form.is_submitted() else 200


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in():
    """Sign somebody in and lead them to the page they asked for."""
    form, settings = SignInForm(), current_app.config["SETTINGS"]
    refusal, status, headers = None, 400 if form.is_submitted() else 200, {}
    if form.is_submitted() and not settings.passwords:
        return problem(403, Translatable("Passwords are switched off here."))
    if form.validate_on_submit():
        try:
            user = check_password(form.name.data, form.password.data)
        except TooManyFailures as error:
            refusal, status, headers = TOO_MANY, 429, {"Retry-After": str(error.retry_seconds)}
        else:
            if user is not None:
                start_session(user)
                record(AuditAction.SIGNED_IN)
                return redirect(safe_next(request.args.get("next")))
            refusal = WRONG
    page = render_template(
        "sign_in.html",
        form=form,
        refusal=translate(refusal or ""),
        needs_setup=not user_queries.has_users() and settings.oidc_issuer is None,
        next=request.args.get("next"),
    )
    return page, status, headers


@pages.route("/link", methods=["GET", "POST"])
@limiter.limit("20/minute")
def link():
    """Make the account of an invitation, or set a new password, for whoever has the one-time link."""
    try:
        found = link_queries.usable_link(request.args.get("key", ""), current_time())
        if found.user is None:
            return _accept_invitation(found)
        return _set_password(found)
    except link_queries.LinkError as error:
        return problem(403, error)


def _accept_invitation(invitation: AccountLink):
    form = AccountForm()
    if form.validate_on_submit():
        try:
            user = link_queries.accept_invitation(
                invitation, form.name.data, form.password.data, current_time()
            )
        except link_queries.NameTaken:
            form.name.errors = [gettext("somebody else has this name. Choose another one.")]
        else:
            start_session(user)
            record(AuditAction.ACCOUNT_CREATED, user.name)
            return redirect(url_for("live.live"))
    page = render_template("join.html", form=form, user=None, role=translate(ROLE_NAMES[invitation.role]))
    return page, 400 if form.is_submitted() else 200


def _set_password(found: AccountLink):
    form, user = NewPasswordForm(), found.user
    if form.validate_on_submit():
        link_queries.accept_password_link(found, form.password.data, current_time())
        start_session(user)
        record(AuditAction.PASSWORD_CHANGED, user.name)
        if request.form.get("revoke_keys"):
            user_queries.revoke_tokens(user)
            record(AuditAction.KEY_REVOKED, "all")
        return redirect(url_for("live.live"))
    page = render_template("join.html", form=form, user=user, has_keys=bool(user_queries.tokens_of(user)))
    return page, 400 if form.is_submitted() else 200


@pages.post("/sign-out")
def sign_out():
    """End the session."""
    end_session()
    return redirect(url_for("account.sign_in"))
