"""People are invited, teach and are helped, each in a browser of their own."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.browser import close, sign_in
from tests.server import PASSWORD, Server

NEW_PASSWORD = "another password"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("people"), {"ROOM": "Room 7", "DETECT_FPS": "1"})
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def browsers(chromium):
    """Open browsers that share no cookies."""
    contexts = []

    def open_browser():
        contexts.append(chromium.new_context(locale="en"))
        return contexts[-1].new_page()

    yield open_browser
    for context in contexts:
        close(context)


def invite(admin, server, role: str) -> str:
    """Make an invitation and give its link."""
    admin.goto(f"{server.url}/people")
    admin.get_by_label(role, exact=True).check()
    admin.get_by_role("button", name="Make an invitation link").click()
    expect(admin.get_by_alt_text("QR code of the link")).to_be_visible()
    return admin.get_by_label("Link").input_value()


def join(page, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat the password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()


def test_a_teacher_and_a_wall_screen_are_invited_and_each_sees_what_is_theirs(server, browsers):
    admin, anna, bert, hall = (browsers() for _ in range(4))
    sign_in(admin, server)
    for page, role, name in ((anna, "Teacher", "Anna"), (bert, "Teacher", "Bert"), (hall, "Viewer", "Hall")):
        join(page, invite(admin, server, role), name)
    anna.get_by_label("Title").fill("Fractions")
    anna.get_by_role("button", name="Start lecture").first.click()
    expect(anna.get_by_role("button", name="End lecture and open its report")).to_be_visible()
    for page in (bert, hall):
        with suppress(Error):  # the live page may be opening itself again, since the lecture began
            page.goto(server.url)
        lecture = page.locator(".lecture")
        expect(lecture).to_contain_text("Anna")
        expect(lecture).not_to_contain_text("Fractions")
    expect(hall.get_by_role("button", name="Pause for everyone")).to_have_count(0)
    expect(hall.get_by_role("link", name="Lectures")).to_have_count(0)
    expect(hall.locator("#faces")).not_to_have_text("–")
    bert.get_by_role("button", name="End this lecture").click()
    bert.get_by_label("Title").fill("Percentages")
    bert.get_by_role("button", name="Start lecture").first.click()
    expect(bert.get_by_text("Percentages")).to_be_visible()
    bert.goto(f"{server.url}/lectures")
    expect(bert.get_by_role("rowheader")).to_have_text(["Percentages"])
    admin.goto(f"{server.url}/lectures")
    expect(admin.get_by_role("rowheader")).to_have_text(["Percentages", "Fractions"])
    anna.goto(f"{server.url}/lectures/1")
    anna.get_by_label("More").click()
    anna.get_by_text("Share", exact=True).click()
    anna.get_by_label("Bert").check()
    anna.locator("details[name=menu]", has_text="Share").get_by_role("button", name="Save").click()
    bert.goto(f"{server.url}/lectures")
    expect(bert.get_by_role("rowheader")).to_have_text(["Percentages", "Fractions"])


def test_a_forgotten_password_is_set_anew_with_a_link_and_a_removed_account_is_out(server, browsers):
    admin, clara, elsewhere = (browsers() for _ in range(3))
    sign_in(admin, server)
    join(elsewhere, invite(admin, server, "Teacher"), "Clara")
    admin.goto(f"{server.url}/people")
    admin.get_by_role("link", name="Clara").click()
    admin.get_by_role("button", name="Make a link for a new password").click()
    clara.goto(admin.get_by_label("Link").input_value())
    clara.get_by_label("New password").fill(NEW_PASSWORD)
    clara.get_by_label("Repeat the password").fill(NEW_PASSWORD)
    clara.get_by_role("button", name="Set the password").click()
    expect(clara.get_by_role("link", name="Clara")).to_be_visible()
    elsewhere.goto(server.url)
    expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()
    admin.goto(f"{server.url}/people")
    admin.get_by_role("link", name="Clara").click()
    admin.get_by_role("link", name="Remove this account …").click()
    admin.get_by_role("button", name="Remove for good").click()
    expect(admin.get_by_role("link", name="Clara")).to_have_count(0)
    clara.goto(server.url)
    expect(clara.get_by_role("heading", name="Sign in")).to_be_visible()
    admin.goto(f"{server.url}/audit")
    expect(admin.locator("tbody tr").first).to_contain_text("Account removed")
