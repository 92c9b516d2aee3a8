"""An error stands on its form, at its field, in words; what was typed is still there."""

import re

import pytest

from app.store import lecture_queries, room_queries, user_queries
from app.store.effective_settings import first_room
from app.web.sign_in_limit import PER_ACCOUNT
from tests.forms import csrf_of, signed_in_client
from tests.test_settings_page import FILLED, NOON


@pytest.fixture
def administrator(app):
    return browser(signed_in_client(app, "anna"))


def browser(client):
    """The client, asking for pages as a browser does."""
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def send(client, path: str, page: str | None = None, **form):
    """Send the form at `path`, which stands on `page`."""
    return client.post(path, data=form | {"csrf_token": csrf_of(client.get(page or path).text)})


def heading(answer) -> str:
    return re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)[1].strip()


def tag_of(answer, name: str) -> str:
    """The opening tag of the form field `name`."""
    return re.search(rf'<(input|select|textarea)[^>]*name="{name}"[^>]*>', answer.text)[0]


def test_a_wrong_password_keeps_the_name_and_too_many_do_not_lead_away(app):
    signed_in_client(app, "anna")
    client = browser(app.test_client())
    for _ in range(PER_ACCOUNT.amount):
        wrong = send(client, "/sign-in", name="anna", password="a wrong password")
        assert (wrong.status_code, heading(wrong)) == (400, "Sign in")
        assert "Name or password is wrong." in wrong.text
    refused = send(client, "/sign-in", name="anna", password="a wrong password")
    assert (refused.status_code, heading(refused)) == (429, "Sign in")
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many wrong passwords" in refused.text
    assert 'value="anna"' in tag_of(refused, "name")
    assert "autofocus" in tag_of(refused, "password")


def test_too_many_wrong_old_passwords_are_said_at_the_field(administrator):
    form = {"old": "a wrong password", "password": "another password", "again": "another password"}
    for _ in range(PER_ACCOUNT.amount):
        assert (
            "This is not your password." in send(administrator, "/account/password", "/account", **form).text
        )
    refused = send(administrator, "/account/password", "/account", **form)
    assert (refused.status_code, heading(refused).split()[0]) == (429, "anna")
    assert "Too many wrong passwords" in refused.text
    assert 'aria-describedby="old-error"' in tag_of(refused, "old")


def test_the_last_administrator_reads_why_on_the_form_and_the_choice_stays(app, administrator):
    with app.app_context():
        path = f"/people/{user_queries.find_user('anna').id}"
    refused = send(administrator, path, role="teacher")
    assert (refused.status_code, heading(refused)) == (409, "anna")
    assert "This is the only administrator." in refused.text
    assert re.search(r'value="teacher" checked', refused.text)
    removed = send(administrator, f"{path}/remove", lectures="delete")
    assert (removed.status_code, heading(removed)) == (409, "Remove anna?")
    assert "This is the only administrator." in removed.text


def test_who_removes_somebody_with_lectures_is_asked_again_what_becomes_of_them(app, administrator):
    with app.app_context():
        ben = user_queries.set_password("ben", "a long password")
        lecture_queries.start_lecture(first_room(), "Algebra", "", NOON, ben)
        path = f"/people/{ben.id}/remove"
    refused = send(administrator, path, lectures="")
    assert (refused.status_code, heading(refused)) == (400, "Remove ben?")
    assert "Choose what becomes of the lectures." in refused.text


def test_settings_say_what_was_not_saved_and_keep_what_was_typed(administrator):
    typed = FILLED | {"minimum_group": "many", "timezone": "Europe/Berlinn", "contact": "Anna Berg"}
    refused = send(administrator, "/settings", **typed | {"kind": "network", "address": "ftp://camera/"})
    assert refused.status_code == 400
    assert "Nothing was saved." in refused.text
    for name, value in (
        ("minimum_group", "many"),
        ("timezone", "Europe/Berlinn"),
        ("address", "ftp://camera/"),
    ):
        field = tag_of(refused, name)
        assert f'value="{value}"' in field
        assert 'aria-invalid="true"' in field
        assert f"{name}-error" in field
        assert f'href="#{name}"' in refused.text, "the list at the top leads there"
    assert 'value="Anna Berg"' in tag_of(refused, "contact")
    assert "aria-invalid" not in tag_of(refused, "contact")


def test_a_lecture_without_a_title_is_not_renamed_and_its_form_is_open(app, administrator):
    with app.app_context():
        lecture = lecture_queries.start_lecture(
            first_room(), "Algebra", "7b", NOON, user_queries.find_user("anna")
        )
        path = f"/lectures/{lecture.id}"
    refused = send(administrator, f"{path}/rename", path, title="", course="7c")
    assert (refused.status_code, heading(refused)) == (400, "Algebra")
    assert "Give the lecture a title." in refused.text
    assert 'value="7c"' in tag_of(refused, "course")


def test_a_recording_that_is_refused_names_each_field(administrator):
    refused = send(
        administrator, "/recordings", "/lectures", title="", began="soon", file_name="a.avi", file_bytes="0"
    )
    assert refused.status_code == 400
    errors = refused.json["errors"]
    assert errors["title"] == "Give the lecture a title."
    assert errors["began"] == "Enter a day and a time."
    assert errors["file_bytes"] == "The file is empty."


def test_a_room_that_can_t_be_archived_or_restored_says_so_beforehand(app, administrator):
    with app.app_context():
        lab = room_queries.create_room("Lab 2", camera="0")
        room_queries.create_room("Old", camera="0", archived_at=NOON)
        lecture_queries.start_lecture(lab, "Algebra", "", NOON)
    page = administrator.get("/rooms/lab-2/settings").text
    assert "A lecture is running in this room. End it first." in page
    assert re.search(r'<button type="submit" class="plain" disabled>', page)
    wall = administrator.get("/rooms").text
    assert "Lab 2 uses this room&#39;s camera now." in wall
