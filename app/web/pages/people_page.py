"""The people who have an account: invite, change what they may do, remove. For administrators."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from app.language import Translatable, translate
from app.role import Role
from app.store import lecture_queries, link_queries, room_queries, user_queries
from app.store.audit_queries import AuditAction
from app.store.tables import Room, User
from app.web.audit import record
from app.web.extensions import current_time
from app.web.one_time_link import link_page
from app.web.room_choice import chosen_rooms
from app.web.sign_in_words import ROLE_NAMES, ROLE_REMARKS

pages = Blueprint("people", __name__)

DELETE = "delete"
"""What the form for removing somebody sends in place of an heir."""


@pages.get("/people")
def people():
    """List everybody, and invite somebody."""
    return render_template(
        "people.html",
        users=user_queries.all_users(),
        last_uses=user_queries.last_uses(),
        invitations=link_queries.open_invitations(current_time()),
        rooms=room_queries.rooms_in_use(),
        roles=_translated(ROLE_NAMES),
        role_remarks=_translated(ROLE_REMARKS),
        now=current_time(),
    )


@pages.post("/people/invitations")
def invite():
    """Make a link that invites somebody, and show it this once."""
    role, rooms = _asked_role(), chosen_rooms(room_queries.rooms_in_use(), unasked=None)
    key = link_queries.create_invitation(role, rooms, current_user, current_time())
    record(AuditAction.PERSON_INVITED, role)
    explanation = gettext(
        "Send it to the person you invite, or let them scan it. It works once, for seven days. "
        "Whoever opens it chooses a name and a password."
    )
    return link_page(key, gettext("Invitation"), explanation, url_for("people.people"))


@pages.post("/people/invitations/<int:link_id>/withdraw")
def withdraw(link_id: int):
    """Withdraw an invitation."""
    link_queries.withdraw(link_id)
    record(AuditAction.INVITATION_WITHDRAWN)
    return redirect(url_for("people.people"))


@pages.route("/people/<int:user_id>", methods=["GET", "POST"])
def person(user_id: int):
    """Show somebody's account; change their role and rooms."""
    user = _user_or_404(user_id)
    if request.method == "POST":
        unasked = None if user.has_all_rooms else list(user.rooms)
        role, rooms = _asked_role(), chosen_rooms(room_queries.rooms_in_use(), unasked)
        try:
            _change(user, role, rooms)
        except user_queries.LastAdministrator as error:
            return _person_page(user, role, rooms, translate(error))
        flash(gettext("Saved. It takes effect at once."))
        return redirect(url_for("people.people") if current_user.is_administrator else url_for("live.live"))
    return _person_page(user, user.role, None if user.has_all_rooms else user.rooms)


def _person_page(user: User, role: Role, rooms: list[Room] | None, refusal: str = ""):
    """Somebody's account with a role and rooms, None for all, and why they can't be stored."""
    page = render_template(
        "person.html",
        user=user,
        role=role,
        ticked=rooms,
        refusal=refusal,
        rooms=room_queries.rooms_in_use(),
        roles=_translated(ROLE_NAMES),
        role_remarks=_translated(ROLE_REMARKS),
    )
    return page, 409 if refusal else 200


def _change(user: User, role: Role, rooms: list[Room] | None) -> None:
    """Store a role and rooms, and record what changed. Raises LastAdministrator."""
    if role != user.role:
        user_queries.set_role(user, role)
        record(AuditAction.ROLE_CHANGED, f"{user.name}: {role}")
    if rooms is not None:
        rooms = [*rooms, *(room for room in user.rooms if room.archived_at and room not in rooms)]
    before = None if user.has_all_rooms else set(user.rooms)
    if before != (None if rooms is None else set(rooms)):
        user_queries.set_rooms(user, rooms)
        names = "all" if rooms is None else ", ".join(room.name for room in rooms) or "none"
        record(AuditAction.ROOMS_CHANGED, f"{user.name}: {names}")


@pages.post("/people/<int:user_id>/link")
def make_link(user_id: int):
    """Make a link with which somebody sets a new password, and show it this once."""
    user = _user_or_404(user_id)
    key = link_queries.create_password_link(user, current_user.name, current_time())
    record(AuditAction.PASSWORD_LINK_MADE, user.name)
    explanation = gettext(
        "Send it to %(name)s, or let them scan it. It works once, for seven days. "
        "Whoever opens it sets a new password.",
        name=user.name,
    )
    title = gettext("New password for %(name)s", name=user.name)
    return link_page(key, title, explanation, url_for("people.people"))


@pages.route("/people/<int:user_id>/remove", methods=["GET", "POST"])
def remove(user_id: int):
    """Ask what becomes of somebody's lectures; remove the account once that is answered."""
    user = _user_or_404(user_id)
    others = [each for each in user_queries.all_users() if each.id != user.id and each.role != Role.VIEWER]
    lectures = lecture_queries.count_lectures_of(user)

    def ask(status: int, refusal: object = ""):
        page = {"user": user, "others": others, "lectures": lectures, "refusal": translate(refusal)}
        return render_template("remove_person.html", **page), status

    if request.method == "GET":
        return ask(200)
    answer = request.form.get("lectures")
    heir = next((each for each in others if str(each.id) == answer), None)
    if heir is None and answer != DELETE and lectures:
        return ask(400, Translatable("Choose what becomes of the lectures."))
    name, by = user.name, current_user.name
    is_self = user.id == current_user.id
    try:
        user_queries.remove_user(user, heir)
    except user_queries.LastAdministrator as error:
        return ask(409, error)
    record(AuditAction.ACCOUNT_REMOVED, name, who=by)
    return redirect(url_for("account.sign_in") if is_self else url_for("people.people"))


def _translated(words: dict[Role, Translatable]) -> dict[Role, str]:
    return {role: translate(word) for role, word in words.items()}


def _asked_role() -> Role:
    role = request.form.get("role")
    if role not in ROLE_NAMES:
        abort(400, Translatable("Choose a role."))
    return Role(role)


def _user_or_404(user_id: int) -> User:
    user = user_queries.user_by_id(user_id)
    if user is None:
        abort(404, Translatable("There is no account %(number)s.", number=user_id))
    return user
