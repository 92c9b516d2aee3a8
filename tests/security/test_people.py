"""People are invited, change their own account, and lose what is taken from them; it is all recorded."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from app.role import Role
from app.store import audit_queries, lecture_queries, link_queries, retention, room_queries, user_queries
from app.store.audit_queries import AuditFilter
from app.store.effective_settings import first_room
from app.store.tables import AuditEntry, Lecture, SignIn, User, db
from app.web.sign_in_words import browser_name
from tests.forms import csrf_of, signed_in_client
from tests.server import PASSWORD

NOW = datetime.now(UTC)
NEW_PASSWORD = "another password"


@pytest.fixture
def admin(app):
    """A browser in which the administrator is signed in."""
    return signed_in_client(app)


def post(client, path: str, page: str | None = None, **form):
    """Send a form of a page."""
    form["csrf_token"] = csrf_of(client.get(page or path).text)
    return client.post(path, data=form)


def link_on(page: str) -> str:
    return re.search(r'value="http://localhost(/link\?key=[^"]+)"', page).group(1)


def invite(admin, **form) -> str:
    answer = post(admin, "/people/invitations", "/people", **form)
    assert "data:image/svg" in answer.text
    return link_on(answer.text)


def join(app, link: str, name: str):
    client = app.test_client()
    return client, post(client, link, name=name, password=PASSWORD, again=PASSWORD)


def actions(app, who: str = "") -> list[tuple[str, str]]:
    with app.app_context():
        return [(each.action, each.subject) for each in audit_queries.newest_entries(AuditFilter(who=who))]


def user_id(app, name: str) -> int:
    with app.app_context():
        return user_queries.find_user(name).id


def test_an_invitation_works_once_and_gives_its_role(app, admin):
    link = invite(admin, role="viewer")
    client, joined = join(app, link, "walt")
    assert joined.location == "/"
    assert client.get("/").status_code == 200
    assert client.get("/lectures").status_code == 403
    for late in (app.test_client().get(link), app.test_client().get(link, headers={"Accept": "text/html"})):
        assert late.status_code == 403
        assert "This link has been used." in late.text


def test_an_invitation_for_one_room_opens_this_room_only(app, admin):
    with app.app_context():
        room_queries.get_or_create_room("Room 8")
        room_id = str(room_queries.find_room("Room 8").id)
    client, _ = join(app, invite(admin, role="teacher", room=room_id), "anna")
    assert [room["name"] for room in client.get("/api/v1/rooms").json["rooms"]] == ["Room 8"]


def test_a_name_that_is_taken_leaves_the_invitation_usable(app, admin):
    link = invite(admin, role="teacher")
    _, refused = join(app, link, "admin")
    assert refused.status_code == 400
    assert "Somebody else has this name." in refused.text
    _, joined = join(app, link, "anna")
    assert joined.status_code == 302


def test_an_invitation_ends_after_seven_days_or_when_it_is_withdrawn(app, admin):
    with app.app_context():
        by = user_queries.find_user("admin")
        old = link_queries.create_invitation(Role.TEACHER, None, by, NOW - timedelta(days=7))
    assert "older than seven days" in app.test_client().get(f"/link?key={old}").text
    link = invite(admin, role="teacher")
    with app.app_context():
        (invitation,) = link_queries.open_invitations(NOW)
    post(admin, f"/people/invitations/{invitation.id}/withdraw", "/people")
    assert "not valid" in app.test_client().get(link).text
    assert app.test_client().get("/link?key=guessed").status_code == 403


def test_somebody_who_may_not_invite_any_more_leaves_no_open_invitation(app, admin):
    ben = signed_in_client(app, "ben")
    post(admin, f"/people/{user_id(app, 'ben')}", role="administrator")
    link = invite(ben, role="administrator")
    post(admin, f"/people/{user_id(app, 'ben')}", role="teacher")
    assert app.test_client().get(link).status_code == 403


def test_a_link_sets_a_new_password_once_and_ends_all_sessions(app, admin):
    anna = signed_in_client(app, "anna")
    page = post(admin, f"/people/{user_id(app, 'anna')}/link", f"/people/{user_id(app, 'anna')}").text
    link, client = link_on(page), app.test_client()
    assert post(client, link, password=NEW_PASSWORD, again=NEW_PASSWORD).location == "/"
    assert client.get("/").status_code == 200
    assert anna.get("/").status_code == 401
    assert app.test_client().get(link).status_code == 403
    with app.app_context():
        assert db.session.query(SignIn).join(User).filter(User.name == "anna").count() == 1


def test_a_changed_role_holds_at_the_next_request(app, admin):
    ben = signed_in_client(app, "ben")
    assert ben.get("/people").status_code == 403
    post(admin, f"/people/{user_id(app, 'ben')}", role="administrator")
    assert ben.get("/people").status_code == 200
    post(admin, f"/people/{user_id(app, 'ben')}", role="viewer")
    assert ben.get("/people").status_code == 403
    assert ben.get("/lectures").status_code == 403


def test_the_last_administrator_is_neither_removed_nor_demoted(app, admin):
    number = user_id(app, "admin")
    for refused in (
        post(admin, f"/people/{number}", role="teacher"),
        post(admin, f"/people/{number}/remove", lectures="delete"),
    ):
        assert refused.status_code == 409
        assert "the only administrator" in refused.text
    assert admin.get("/people").status_code == 200


def test_two_administrators_who_remove_each_other_at_the_same_moment_leave_one(make_app, database_url):
    app = make_app(DATABASE_URL=database_url)
    names = ("anna", "bert")
    clients = {name: signed_in_client(app, name) for name in names}
    with app.app_context():
        user_queries.set_role(user_queries.find_user("bert"), Role.ADMINISTRATOR)
    paths = {
        "anna": f"/people/{user_id(app, 'bert')}/remove",
        "bert": f"/people/{user_id(app, 'anna')}/remove",
    }
    tokens = {name: csrf_of(clients[name].get(paths[name]).text) for name in names}

    def remove(name: str) -> int:
        return clients[name].post(paths[name], data={"csrf_token": tokens[name]}).status_code

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, names))
    with app.app_context():
        assert [user.role for user in user_queries.all_users()] == [Role.ADMINISTRATOR]


def test_eight_people_with_one_invitation_make_one_account(make_app, database_url):
    app = make_app(DATABASE_URL=database_url)
    link = invite(signed_in_client(app), role="teacher")
    clients = [app.test_client() for _ in range(8)]
    tokens = [csrf_of(client.get(link).text) for client in clients]

    def accept(number: int) -> int:
        form = {"name": f"person {number}", "password": PASSWORD, "again": PASSWORD}
        return clients[number].post(link, data=form | {"csrf_token": tokens[number]}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(accept, range(8)))
    assert statuses == [302, *[403] * 7]
    with app.app_context():
        assert len(user_queries.all_users()) == 2


@pytest.mark.parametrize("heir", [True, False])
def test_the_lectures_of_somebody_who_is_removed_go_to_somebody_or_with_them(app, admin, heir):
    ben = signed_in_client(app, "ben")
    with app.app_context():
        owner = user_queries.find_user("ben")
        lecture_queries.start_lecture(first_room(), "Algebra", "", NOW, owner)
    path = f"/people/{user_id(app, 'ben')}/remove"
    assert post(admin, path).status_code == 400, "what becomes of them is asked"
    assert post(admin, path, lectures=str(user_id(app, "admin")) if heir else "delete").status_code == 302
    assert ben.get("/").status_code == 401
    with app.app_context():
        lectures = db.session.query(Lecture).all()
        assert [lecture.owner.name for lecture in lectures] == (["admin"] if heir else [])
        assert user_queries.find_user("ben") is None


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions_and_keys(app):
    anna, elsewhere = signed_in_client(app, "anna"), signed_in_client(app, "anna")
    post(anna, "/account/keys", "/account", name="script", access="read", days="30")
    form = {"password": NEW_PASSWORD, "again": NEW_PASSWORD, "revoke_keys": "y"}
    wrong = post(anna, "/account/password", "/account", old="wrong", **form)
    assert wrong.status_code == 400
    assert "This is not your password." in wrong.text
    assert post(anna, "/account/password", "/account", old=PASSWORD, **form).status_code == 302
    assert anna.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 401
    with app.app_context():
        assert user_queries.tokens_of(user_queries.find_user("anna")) == []


def test_guessing_the_old_password_is_slowed_down(app):
    anna = signed_in_client(app, "anna")
    form = {"old": "wrong", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    statuses = [post(anna, "/account/password", "/account", **form).status_code for _ in range(9)]
    assert statuses == [400] * 8 + [429]


def test_a_key_is_shown_once_does_what_it_may_and_is_revoked(app):
    anna = signed_in_client(app, "anna")
    page = post(anna, "/account/keys", "/account", name="script", access="read", days="30").text
    key = re.search(r'id="key"[^>]*value="([^"]+)"', page).group(1)
    headers = {"Authorization": f"Bearer {key}"}
    with app.test_client().get("/api/v1/lectures", headers=headers) as answer:
        assert answer.status_code == 200
    assert app.test_client().post("/api/v1/lectures", headers=headers, json={"title": "A"}).status_code == 403
    account = anna.get("/account").text
    assert key not in account
    assert "never used" not in account
    with app.app_context():
        (token,) = user_queries.tokens_of(user_queries.find_user("anna"))
    assert post(anna, f"/account/keys/{token.id}/revoke", "/account").status_code == 302
    assert app.test_client().get("/api/v1/lectures", headers=headers).status_code == 401


def test_a_key_makes_no_keys_and_no_accounts_and_nobody_revokes_another_s(app, admin):
    with app.app_context():
        key = user_queries.create_token(user_queries.find_user("admin"), NOW)
    headers = {"Authorization": f"Bearer {key}"}
    for path in ("/account", "/people", "/audit.csv"):
        assert app.test_client().get(path, headers=headers).status_code == 403, path
    assert app.test_client().post("/account/keys", headers=headers).status_code == 403
    anna = signed_in_client(app, "anna")
    assert post(anna, "/account/keys/1/revoke", "/account").status_code == 404


def test_one_signs_out_elsewhere(app):
    anna, library, home = (signed_in_client(app, "anna") for _ in range(3))
    with app.app_context():
        first = db.session.query(SignIn).order_by(SignIn.id)[1].id
    post(anna, f"/account/sessions/{first}/end", "/account")
    assert (library.get("/account").status_code, home.get("/account").status_code) == (401, 200)
    post(anna, "/account/sessions/end-others", "/account")
    assert home.get("/account").status_code == 401
    assert anna.get("/account").status_code == 200
    bert = signed_in_client(app, "bert")
    with app.app_context():
        anna_s = db.session.query(SignIn).filter(SignIn.user_id == user_id(app, "anna")).one().id
    post(bert, f"/account/sessions/{anna_s}/end", "/account")
    assert anna.get("/account").status_code == 200


def test_a_browser_is_named_as_people_know_it():
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 "
    assert str(browser_name(f"{windows}Safari/537.36 Edg/130")) == "Edge on Windows"
    assert (
        str(browser_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18) AppleWebKit Safari")) == "Safari on iPhone"
    )
    assert str(browser_name("curl/8")) == "Unknown browser"


def test_the_language_follows_somebody_to_another_browser(app):
    anna = signed_in_client(app, "anna")
    post(anna, "/account/language", "/account", language="de")
    assert "Mein Konto" in anna.get("/account").text
    assert "Mein Konto" in signed_in_client(app, "anna").get("/account").text
    post(anna, "/account/language", "/account", language="")
    assert "My account" in anna.get("/account").text


def test_who_opens_no_page_is_signed_out_where_that_is_set_and_a_wall_screen_is_not(make_app):
    app = make_app(IDLE_MINUTES="60")
    anna, walt = signed_in_client(app, "anna"), signed_in_client(app, "walt")
    with app.app_context():
        user_queries.find_user("walt").role = Role.VIEWER
        db.session.commit()

    def last_used(minutes_ago: int) -> datetime:
        with app.app_context():
            at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
            db.session.query(SignIn).update({"used_at": at})
            db.session.commit()
            return at

    def stored() -> datetime:
        with app.app_context():
            return db.session.query(SignIn).order_by(SignIn.id).first().used_at

    earlier = last_used(minutes_ago=30)
    with anna.get("/api/v1/state") as answer:
        assert answer.status_code == 200
    assert stored() == earlier, "what a page asks for by itself is no use"
    with anna.get("/", headers={"Accept": "text/html"}) as page:
        assert page.status_code == 200
    assert stored() > earlier
    last_used(minutes_ago=61)
    assert anna.get("/api/v1/state").status_code == 401
    assert walt.get("/api/v1/state").status_code == 200


def test_the_audit_says_who_did_what_from_where_and_no_title(app, admin):
    post(admin, "/lectures", "/", title="Secret title", course="")
    post(admin, "/lectures/1/rename", "/lectures/1", title="Another secret")
    admin.get("/lectures/1/report.csv")
    post(admin, "/lectures/1/end", "/lectures/1")
    post(admin, "/lectures/1/delete")
    post(admin, "/pause", "/")
    post(admin, "/resume", "/")
    post(admin, "/hide-faces", "/", hide="on")
    found = actions(app, "admin")
    assert found[:8] == [
        ("faces-hidden", ""),
        ("room-resumed", ""),
        ("room-paused", ""),
        ("lecture-deleted", "1"),
        ("lecture-ended", "1"),
        ("lecture-exported", "1 csv"),
        ("lecture-renamed", "1"),
        ("lecture-started", "1"),
    ]
    page = admin.get("/audit").text
    assert "Lecture deleted" in page
    assert "127.0.0.1" in page
    assert "secret" not in page.lower()
    assert "Lecture deleted" not in re.sub(
        "<option.*?</option>", "", admin.get("/audit?action=room-paused").text
    )


def test_the_audit_records_wrong_passwords_and_no_unknown_name(app, admin):
    client = app.test_client()
    for name in ("admin", "my secret"):
        post(client, "/sign-in", name=name, password="wrong")
    assert ("sign-in-failed", "") in actions(app, "admin")
    assert "my secret" not in admin.get("/audit").text


def test_the_audit_of_changed_settings_names_them(app, admin):
    form = {"minimum_group": "6", "retention_days": "365", "contact": "", "kind": "demo", "told": "y"}
    form |= {"purpose": "research", "pulse_questions": "y"}
    assert post(admin, "/settings", **form).status_code == 302
    assert ("settings-changed", "minimum_group") in actions(app)


def test_the_audit_is_paged_and_its_file_is_harmless_in_a_spreadsheet(app, admin):
    with app.app_context():
        entries = [audit_queries.entry("role-changed", f"=cmd{n}", "@x", None, None, NOW) for n in range(60)]
        audit_queries.add_entries(entries)
    older = re.search(r'href="(/audit\?after=\d+)"', admin.get("/audit").text).group(1)
    assert "=cmd0<" in admin.get(older).text
    file = admin.get("/audit.csv")
    rows = list(csv.DictReader(StringIO(file.data.decode("utf-8-sig"))))
    assert len(rows) == 61
    assert (rows[0]["who"], rows[0]["subject"]) == ("'@x", "'=cmd59")


def test_the_audit_is_kept_as_long_as_the_minutes_of_its_room_or_of_any(app, admin):
    with app.app_context():
        short, long = first_room(), room_queries.get_or_create_room("Room 8")
        room_queries.change_room(short, retention_days=10)
        room_queries.change_room(long, retention_days=20)
        db.session.query(AuditEntry).delete()
        for age, room in ((11, short), (9, short), (21, long), (19, long), (21, None), (19, None)):
            at, number = NOW - timedelta(days=age), room and room.id
            audit_queries.add_entries(
                [audit_queries.entry("lecture-deleted", str(age), "a", None, number, at)]
            )
        retention.purge(NOW)
        kept = [each.subject for each in audit_queries.newest_entries(AuditFilter())]
    assert kept == ["19", "19", "9"]


@pytest.mark.parametrize("path", ["/stream.mjpg", "/api/v1/rooms/1/events"])
def test_what_somebody_watches_ends_once_they_may_not_see_it_any_more(app, admin, monkeypatch, path):
    """A stream is one request: whoever opened it is looked at again while it lasts."""
    monkeypatch.setattr("app.web.recheck.RECHECK_SECONDS", 0)
    anna = signed_in_client(app, "anna")
    anna.get("/")
    stream = anna.get(path).response
    next(stream)
    next(stream)
    with app.app_context():
        user_queries.set_rooms(user_queries.find_user("anna"), [])
    assert len(list(zip(range(9), stream, strict=False))) < 9
    assert anna.get("/stream.mjpg").status_code == 404


def test_saving_somebody_while_one_room_is_in_use_gives_them_no_other(app, admin):
    with app.app_context():
        first_room()
        archived = room_queries.create_room("Archived", archived_at=NOW)
        user_queries.set_rooms(user_queries.set_password("anna", PASSWORD), [archived])
    person = f"/people/{user_id(app, 'anna')}"
    post(admin, person, role="viewer")
    with app.app_context():
        anna = user_queries.find_user("anna")
        assert (anna.role, anna.has_all_rooms) == (Role.VIEWER, False)
        assert [room.name for room in anna.rooms] == ["Archived"]


def test_events_end_when_their_reader_may_see_less(app, admin, monkeypatch):
    monkeypatch.setattr("app.web.recheck.RECHECK_SECONDS", 0)
    with app.app_context():
        user_queries.set_password("anna", PASSWORD, administrator=True)
    anna = signed_in_client(app, "anna")
    anna.get("/")
    events = anna.get("/api/v1/rooms/1/events").response
    next(events)
    with app.app_context():
        user_queries.set_role(user_queries.find_user("anna"), Role.VIEWER)
    assert len(list(zip(range(9), events, strict=False))) < 9
