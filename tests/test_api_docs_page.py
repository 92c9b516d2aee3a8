"""/api/docs in a real browser: the description, to read and to try."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import close, cookies_of
from tests.screenshots import LAPTOP, PHONE
from tests.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose room has no camera."""
    with Server(tmp_path_factory.mktemp("docs"), {"PURPOSE": "pulse"}) as server:
        yield server


@pytest.fixture(scope="module")
def cookies(chromium, server):
    """The cookies of somebody signed in."""
    return cookies_of(chromium, server)


@pytest.fixture
def docs(chromium, server, cookies):
    """The page, as somebody signed in opens it; a browser may block nothing of it."""
    context = chromium.new_context(viewport=LAPTOP, locale="en")
    context.add_cookies(cookies)
    page = context.new_page()
    errors = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.url}/api/docs")
    page.locator(".opblock").first.wait_for()
    yield page
    close(context)
    assert [error for error in errors if "status of 40" not in error] == []  # what a test provokes


def operation(page, method: str, path: str):
    """An operation of the page, opened."""
    block = page.locator(f".opblock-{method}").filter(has=page.locator(f'[data-path="{path}"]'))
    block.locator(".opblock-summary-control").click()
    block.locator(".opblock-body").wait_for()
    return block


def answer_of(block) -> tuple[str, str]:
    """Send the request; the status and the body that the page shows."""
    block.locator("button.execute").click()
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    return answer.locator(".response-col_status").inner_text().split()[0], answer.inner_text()


def test_my_account_leads_to_it(chromium, server, cookies):
    context = chromium.new_context(locale="de-DE")
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{server.url}/account")
    page.get_by_role("link", name="Was Programme abfragen können").click()
    expect(page.get_by_role("heading", name="Für Programme")).to_be_visible()
    expect(page.locator(".opblock").first).to_be_visible()
    close(context)


def test_a_request_is_tried_as_the_person_who_is_signed_in(docs, server):
    status, body = answer_of(operation(docs, "get", "/api/v1/rooms"))
    assert status == "200"
    assert f'"name": "{server.environment["ROOM"]}"' in body


def test_a_request_that_changes_something_carries_the_token_of_the_page(docs, server):
    block = operation(docs, "post", "/api/v1/lectures")
    block.locator("textarea").fill('{"title": "Tried"}')
    assert answer_of(block)[0] == "201"
    lecture = server.get("/api/v1/lectures").json["lectures"][0]
    assert lecture["title"] == "Tried"
    server.get(f"/api/v1/lectures/{lecture['id']}", method="PATCH", send={"ended_at": "now"})


def test_a_pasted_key_signs_in_the_place_of_the_session(docs, server):
    docs.locator("button.authorize").first.click()
    docs.locator(".dialog-ux input").fill("no such key")
    docs.locator(".dialog-ux button.authorize").click()
    docs.locator(".dialog-ux button.btn-done").click()
    block = operation(docs, "get", "/api/v1/rooms")
    assert answer_of(block)[0] == "401"
    assert "Bearer no such key" in block.locator(".curl-command").inner_text()


def test_no_field_is_filled_so_that_one_click_deletes_nothing(docs):
    block = operation(docs, "delete", "/api/v1/lectures/{lecture_id}")
    assert block.locator(".parameters input").input_value() == ""
    assert "For example 12." in block.inner_text()


def test_events_which_never_end_can_not_be_tried(docs):
    block = operation(docs, "get", "/api/v1/rooms/{room_id}/events")
    assert block.locator("button.execute").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_follows_the_look(chromium, server, cookies, scheme):
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{server.url}/api/docs")
    page.locator(".opblock").first.wait_for()
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    operation(page, "get", "/api/v1/lectures")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    dark = page.locator("html.dark-mode")
    expect(dark).to_have_count(int(scheme == "dark"))
    page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    expect(dark).to_have_count(int(scheme == "light"))
    close(context)
