"""Every page can be read and used by everybody: axe-core finds nothing serious, a browser blocks nothing."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import close, cookies_of
from tests.screenshots import LAPTOP, PHONE, make_up_lectures, make_up_people
from tests.server import PASSWORD, Server, wait_for

PAGES = (
    "/sign-in",
    "/",
    "/?view=picture",
    "/?view=screen",
    "/lectures",
    "/lectures?q=nothing like this",
    "/lectures/3",
    "/lectures/compare?a=2&b=3",
    "/courses/Mathematics 6a",
    "/lectures/3/delete",
    "/lectures/999",
    "/settings",
    "/settings/areas",
    "/timetable",
    "/timetable?line=1",
    "/send",
    "/try",
    "/people",
    "/people/2",
    "/people/2/remove",
    "/account",
    "/api/docs",
    "/audit",
    "/notice",
    "/model",
)

ONCE_COLOURS_STAND_STILL = """Promise.allSettled(
    document.getAnimations().filter(each => /color/.test(each.transitionProperty)).map(each => each.finished)
).then(() => null)"""
"""On the way from one colour to another, a button's text has a contrast that nobody chose."""

LOOKS = {
    "light": {"viewport": LAPTOP, "color_scheme": "light"},
    "dark": {"viewport": LAPTOP, "color_scheme": "dark"},
    "German, on a telephone": {"viewport": PHONE, "locale": "de-DE"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with lectures, whose camera is on."""
    server = Server(tmp_path_factory.mktemp("accessible"), {"ROOM": "Room 7"})
    make_up_lectures(server)
    make_up_people(server)
    with server:
        wait_for(server.is_online)
        yield server


@pytest.fixture(scope="module")
def cookies(chromium, server):
    """The cookies of somebody signed in."""
    return cookies_of(chromium, server)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(chromium, server, cookies, look):
    context = chromium.new_context(**LOOKS[look])
    page = context.new_page()
    blocked = []
    page.on("console", lambda said: blocked.append(said.text) if "Security Policy" in said.text else None)
    found = {}
    for path in PAGES:
        page.goto(server.url + path)
        found[path] = serious(page)
        if path == "/sign-in":
            context.add_cookies(cookies)
    page.goto(server.url)
    page.keyboard.press("?")
    found["the help"] = serious(page)
    page.keyboard.press("Escape")
    page.locator("#title").fill("Algebra")
    page.get_by_role("button", name=re.compile("Start lecture|[Ss]tarten$")).click()
    page.locator("#note").wait_for()
    found["/ with a lecture"] = serious(page)
    page.locator(".tags button").first.click()
    page.locator("#note-undo").wait_for()
    found["/ with a note to undo"] = serious(page)
    page.locator("button[data-pause]:visible").click()
    page.locator("#cover-title").wait_for()
    found["/ paused"] = serious(page)
    page.locator("button[data-pause]:visible").click()
    page.get_by_role("button", name=re.compile("End lecture|[Bb]eenden")).click()
    page.wait_for_url("**/lectures/*")
    close(context)
    assert {path: violations for path, violations in found.items() if violations} == {}
    assert blocked == []


def test_axe_finds_nothing_serious_at_the_first_start(chromium, tmp_path):
    server = Server(tmp_path, {})
    del server.environment["ADMIN_PASSWORD"]  # so that the server prints a link
    server.migrate()
    server.launch()
    try:
        wait_for(server.answers)
        link = wait_for(lambda: re.search(r"\S+/setup\?key=\S+", server.log))
        page = chromium.new_page()
        page.goto(link[0])
        found = serious(page)
        page.locator("#name").fill("anna")
        for field in ("#password", "#again"):
            page.locator(field).fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/setup/room")
        assert found + serious(page) == []
    finally:
        server.stop()


def serious(page) -> list[str]:
    """What axe-core calls serious or critical: the rule and the element that breaks it."""
    page.wait_for_load_state()
    page.evaluate(ONCE_COLOURS_STAND_STILL)
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:3]
    ]
