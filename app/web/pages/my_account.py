"""One's own account: password, language, where one is signed in, keys for programs."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user

from app.language import LANGUAGES, Translatable, translate
from app.role import Role
from app.store import user_queries
from app.store.audit_queries import AuditAction
from app.store.tables import Room, SignIn, User
from app.web.audit import record
from app.web.authentication import SIGN_IN_KEY, start_session
from app.web.extensions import current_time
from app.web.forms import ChangePasswordForm, KeyForm, NoteTagsForm
from app.web.language_cookie import remember_language
from app.web.pages.live_page import note_tags
from app.web.password_check import TOO_MANY, check_password
from app.web.requested_room import visible_rooms
from app.web.room_choice import chosen_rooms
from app.web.sign_in_limit import TooManyFailures
from app.web.sign_in_words import ROLE_NAMES, browser_name

pages = Blueprint("my_account", __name__)


@pages.get("/account")
def account():
    """Show the account."""
    return _page(ChangePasswordForm(formdata=None), KeyForm(formdata=None))


@pages.post("/account/password")
def password():
    """Set a new password. It ends all other sessions, and revokes the keys if that is ticked."""
    user, form, status, headers = _user(), ChangePasswordForm(), 400, {}
    if form.validate():
        try:
            if check_password(user.name, form.old.data) is None:
                form.old.errors = [gettext("this is not your password.")]
        except TooManyFailures as error:
            form.old.errors = [translate(TOO_MANY)]
            status, headers = 429, {"Retry-After": str(error.retry_seconds)}
    if form.errors or form.old.errors:
        return _page(form, KeyForm(formdata=None)), status, headers
    user_queries.change_password(user, form.password.data)
    start_session(user)
    record(AuditAction.PASSWORD_CHANGED, user.name)
    if request.form.get("revoke_keys"):
        user_queries.revoke_tokens(user)
        record(AuditAction.KEY_REVOKED, "all")
    flash(gettext("Your new password holds. You are signed in here only."))
    return redirect(url_for("my_account.account"))


@pages.post("/account/language")
def choose_language():
    """Choose the language of the pages, in every browser; empty for the browser's own."""
    chosen = request.form.get("language") or None
    if chosen is not None and chosen not in LANGUAGES:
        abort(400, Translatable("language must be one of %(known)s.", known=", ".join(LANGUAGES)))
    user_queries.set_language(_user(), chosen)
    remember_language(chosen)
    return redirect(url_for("my_account.account"))


@pages.post("/account/tags")
def choose_note_tags():
    """Choose the notes that one tap takes; no line brings back the usual ones."""
    form = NoteTagsForm()
    if not form.validate():
        return _page(ChangePasswordForm(formdata=None), KeyForm(formdata=None), form), 400
    lines = (line.strip() for line in form.tags.data.splitlines())
    user_queries.set_note_tags(_user(), list(dict.fromkeys(filter(None, lines))) or None)
    flash(gettext("Your notes with one tap were saved."))
    return redirect(url_for("my_account.account", _anchor="tags"))


@pages.post("/account/sessions/<int:sign_in_id>/end")
def end_session(sign_in_id: int):
    """Sign out somewhere else."""
    user_queries.end_sign_ins(_user(), only=sign_in_id)
    record(AuditAction.SIGN_INS_ENDED)
    return redirect(url_for("my_account.account", _anchor="sessions"))


@pages.post("/account/sessions/end-others")
def end_other_sessions():
    """Sign out everywhere but here."""
    user_queries.end_sign_ins(_user(), but=session.get(SIGN_IN_KEY, ""))
    record(AuditAction.SIGN_INS_ENDED)
    return redirect(url_for("my_account.account", _anchor="sessions"))


@pages.post("/account/keys")
def create_key():
    """Make a key for programs, and show it this once."""
    form = KeyForm()
    if not form.validate():
        return _page(ChangePasswordForm(formdata=None), form), 400
    days, now, rooms = int(form.days.data), current_time(), _own_rooms()
    has_all_rooms = current_user.is_administrator or current_user.has_all_rooms
    is_viewer = current_user.role == Role.VIEWER
    key = user_queries.create_token(
        _user(),
        now,
        form.name.data,
        is_read_only=is_viewer or form.access.data == "read",
        rooms=chosen_rooms(rooms, unasked=None if has_all_rooms else rooms),
        expires_at=now + timedelta(days=days) if days else None,
    )
    record(AuditAction.KEY_CREATED, form.name.data)
    return render_template("key.html", name=form.name.data, key=key)


@pages.post("/account/keys/<int:token_id>/revoke")
def revoke_key(token_id: int):
    """Revoke a key."""
    token = user_queries.token_by_id(token_id)
    if token is None or token.user_id != current_user.id:
        abort(404, Translatable("You have no key %(number)s.", number=token_id))
    name = token.name
    user_queries.revoke_token(token)
    record(AuditAction.KEY_REVOKED, name)
    return redirect(url_for("my_account.account", _anchor="keys"))


def _page(password_form: ChangePasswordForm, key_form: KeyForm, tags_form: NoteTagsForm | None = None) -> str:
    user = _user()
    return render_template(
        "account.html",
        user=user,
        role=translate(ROLE_NAMES[user.role]),
        rooms=_own_rooms(),
        password_form=password_form,
        key_form=key_form,
        tags_form=tags_form or NoteTagsForm(formdata=None, tags="\n".join(note_tags(user))),
        sessions=[_described(each) for each in user_queries.sign_ins_of(user, current_time())],
        keys=user_queries.tokens_of(user),
        now=current_time(),
    )


def _described(sign_in: SignIn) -> dict:
    return {
        "id": sign_in.id,
        "browser": translate(browser_name(sign_in.browser)),
        "address": sign_in.address,
        "used_at": sign_in.used_at or sign_in.created_at,
        "is_this": sign_in.key == session.get(SIGN_IN_KEY),
    }


def _own_rooms() -> list[Room]:
    return list(visible_rooms())


def _user() -> User:
    return current_user._get_current_object()
