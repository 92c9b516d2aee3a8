"""Twelve telephones and a teacher, in a real browser on a real server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app import create_app
from app.purpose import Purpose
from app.store.effective_settings import first_room
from tests.browser import close, cookies_of
from tests.pulse_telephones import Telephone
from tests.screenshots import LAPTOP, PHONE
from tests.server import Server, wait_for
from tests.test_accessible import serious
from tests.test_pulse_report import make_up

SECOND = 1000  # milliseconds
PROMPT = 5 * SECOND  # a step is due within one; the machine may be busy


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose room has no camera."""
    with Server(tmp_path_factory.mktemp("pulse"), {"PURPOSE": "pulse", "ROOM": "Room 7"}) as server:
        yield server


@pytest.fixture(scope="module")
def cookies(chromium, server):
    """The cookies of the teacher."""
    return cookies_of(chromium, server)


@pytest.fixture
def open_context(chromium):
    """Open browsers of different people; a script's error and a blocked part of a page fail the test."""
    contexts, errors = [], []

    def open_context(path: str, cookies=(), **options):
        contexts.append(chromium.new_context(**options))
        contexts[-1].add_cookies(cookies)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
        page.goto(path)
        return page

    yield open_context
    for context in contexts:
        close(context)
    assert errors == []


@pytest.fixture
def teacher(server, cookies, open_context):
    """The live page of a lecture that has just begun."""
    page = open_context(server.url, cookies, viewport=LAPTOP, locale="en")
    page.get_by_label("Title").fill("Algebra")
    page.get_by_role("button", name="Start lecture").first.click()
    expect(page.locator("#pulse-code")).to_have_text(re.compile("[A-Z0-9]{6}"))
    yield page
    page.goto(server.url)
    page.get_by_role("button", name="End lecture").click()
    page.wait_for_url("**/lectures/*")


def address(server: Server, teacher) -> str:
    return f"{server.url}/p/{teacher.locator('#pulse-code').inner_text()}"


def tap(telephone, name: str) -> None:
    telephone.get_by_role("button", name=name, exact=True).click()
    expect(telephone.get_by_role("status")).to_contain_text("Stored")
    expect(telephone.locator("#pulse [aria-pressed=true]")).to_have_text(name)


def count(teacher, choice: str):
    return teacher.locator(f"#pulse-bars [data-choice={choice}] .pulse-count")


def test_twelve_telephones_and_a_teacher(server, teacher, open_context):
    place = address(server, teacher)
    telephones = [open_context(place, viewport=PHONE, locale="en") for _ in range(12)]
    for telephone in telephones[:4]:
        tap(telephone, "clear")
    expect(teacher.locator("#pulse-remark")).to_have_text("Counts are shown from 5 answers on.")
    expect(count(teacher, "clear")).to_have_text("–")
    tap(telephones[4], "clear")
    expect(count(teacher, "clear")).to_have_text("5", timeout=PROMPT)
    for shown, three in (("3", telephones[5:8]), ("6", telephones[8:11])):  # each three are a step
        for telephone in three:
            tap(telephone, "lost")
        expect(count(teacher, "lost")).to_have_text(shown, timeout=PROMPT)
    expect(teacher.locator("#pulse-rise")).to_be_visible()
    expect(teacher.locator("#pulse-answered")).to_have_text("11")
    tap(telephones[0], "too slow")  # one changes its mind
    tap(telephones[1], "clear")  # one votes twice
    teacher.wait_for_timeout(2 * SECOND)
    expect(count(teacher, "clear")).to_have_text("5")
    expect(count(teacher, "too_slow")).to_have_text("0")
    tap(telephones[2], "too slow")
    tap(telephones[11], "too fast")
    expect(count(teacher, "too_slow")).to_have_text("2", timeout=PROMPT)
    expect(count(teacher, "clear")).to_have_text("3")
    expect(count(teacher, "too_fast")).to_have_text("1")
    expect(teacher.locator("#pulse-answered")).to_have_text("12")

    telephones[3].get_by_label("Ask a question").fill("What is <b>x</b>?")
    telephones[3].get_by_role("button", name="Send").click()
    expect(telephones[3].get_by_role("status")).to_have_text("Your question is with the teacher.")
    expect(teacher.locator("#question-list")).to_contain_text("What is <b>x</b>?")
    teacher.get_by_role("button", name="Answered: What is <b>x</b>?").click()
    expect(teacher.locator("#pulse-questions")).to_be_hidden()

    teacher.get_by_text("Ask the class").click()
    teacher.get_by_label("Question (may").fill("A, B or C?")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    for number, telephone in enumerate(telephones[:5]):
        telephone.reload()
        telephone.get_by_role("button", name="AB"[number % 2], exact=True).click()
        expect(telephone.locator("#poll [aria-pressed=true]")).to_have_text("AB"[number % 2])
    expect(teacher.locator("#poll-remark")).to_have_text("5 answers", timeout=PROMPT)
    teacher.get_by_role("button", name="End the poll").click()
    expect(teacher.locator("#poll-remark")).to_contain_text("the poll has ended")
    assert serious(teacher) == []
    assert serious(telephones[0]) == []
    notes = server.get(f"/api/v1/lectures/{server.get('/api/v1/state').json['lecture']['id']}/notes")
    assert notes.json["notes"][0]["text"] == "A, B or C? – A 3, B 2, C 0"


def test_the_page_works_without_a_script_and_with_the_keyboard(server, teacher, open_context):
    place = address(server, teacher)
    plain = open_context(place, viewport=PHONE, locale="en", java_script_enabled=False)
    plain.get_by_role("button", name="lost").click()
    expect(plain.locator("#pulse [aria-pressed=true]")).to_have_text("lost")
    expect(plain.get_by_role("status")).to_contain_text("Stored")
    keyboard = open_context(place, viewport=PHONE, locale="en")
    keyboard.keyboard.press("Tab")
    keyboard.keyboard.press("Tab")
    keyboard.keyboard.press("Enter")
    expect(keyboard.locator("#pulse [aria-pressed=true]")).to_have_text("lost")


def test_the_page_is_german_for_german_telephones_and_dark_in_the_dark(server, teacher, open_context):
    page = open_context(address(server, teacher), viewport=PHONE, locale="de-DE", color_scheme="dark")
    page.get_by_role("button", name="abgehängt").click()
    expect(page.get_by_role("status")).to_contain_text("Gespeichert")
    assert serious(page) == []


def test_the_screen_shows_code_and_qr_code_and_a_stranger_gets_nothing(
    server, cookies, teacher, open_context
):
    screen = open_context(f"{server.url}/rooms/room-7/screen", cookies, viewport=LAPTOP, locale="en")
    code = teacher.locator("#pulse-code").inner_text()
    expect(screen.locator(".code")).to_have_text(code)
    expect(screen.locator(".pulse-screen svg")).to_be_visible()
    expect(screen.locator("#pulse-bars")).to_have_count(0)
    assert serious(screen) == []
    stranger = open_context(f"{server.url}/p/BCDFGH", viewport=PHONE, locale="en")
    expect(stranger.get_by_role("alert")).to_contain_text("the code is wrong")
    assert serious(stranger) == []
    stranger.get_by_label("The code on the screen").fill(code.lower())
    stranger.get_by_role("button", name="Open").click()
    expect(stranger.get_by_role("button", name="lost")).to_be_visible()


def test_the_code_of_the_last_lecture_says_nothing(server, teacher, open_context):
    place = address(server, teacher)
    telephone = open_context(place, viewport=PHONE, locale="en")
    tap(telephone, "clear")
    lecture = server.get("/api/v1/state").json["lecture"]["id"]
    server.get(f"/api/v1/lectures/{lecture}", method="PATCH", send={"ended_at": "now"})
    telephone.get_by_role("button", name="lost").click()
    expect(telephone.get_by_role("status")).to_have_text("This lecture has ended.")
    expect(telephone.get_by_role("button", name="lost")).to_be_disabled()
    assert server.get("/api/v1/lectures", method="POST", send={"title": "Next"}).status == 201
    assert (
        wait_for(lambda: (found := server.get("/api/v1/pulse")).status == 200 and found.json["code"])
        not in place
    )
    telephone.goto(place)
    expect(telephone.get_by_role("alert")).to_contain_text("This lecture has ended")
    assert telephone.context.cookies() == []


def test_the_pulse_beside_a_camera(chromium, tmp_path, open_context):
    """The live page has bars beside the expressions, and the screen the code beside the picture."""
    with Server(tmp_path, {"ROOM": "Room 7"}) as server:
        server.change_database("UPDATE room SET pulse = 1, pulse_on_screen = 1")
        assert server.get("/api/v1/lectures", method="POST", send={"title": "Algebra"}).status == 201
        code = wait_for(lambda: (found := server.get("/api/v1/pulse")).status == 200 and found.json["code"])
        cookies = cookies_of(chromium, server)
        teacher = open_context(server.url, cookies, viewport=LAPTOP, locale="en")
        screen = open_context(f"{server.url}/screen", cookies, viewport=LAPTOP, locale="en")
        expect(screen.locator(".code")).to_have_text(code)
        expect(screen.locator("#pulse-bars")).to_be_hidden()
        for telephone in [Telephone(server.url, code) for _ in range(5)]:
            assert telephone.say("lost") == 200
        expect(count(teacher, "lost")).to_have_text("5")
        expect(screen.locator("[data-choice=lost] .pulse-count")).to_have_text("5")
        expect(teacher.locator("#stream")).to_be_visible()
        lecture = server.get("/api/v1/state").json["lecture"]["id"]
        server.get(f"/api/v1/lectures/{lecture}", method="PATCH", send={"ended_at": "now"})
        expect(screen.locator("#pulse-screen")).to_be_hidden()
        teacher.goto(f"{server.url}/lectures/{lecture}")
        expect(teacher.get_by_role("heading", name="What students said")).to_be_visible()
        expect(teacher.locator("meta[http-equiv=refresh]")).to_have_count(0)  # the last seconds are written
        assert serious(teacher) == []
        teacher.goto(f"{server.url}/settings")
        camera = teacher.get_by_text("A camera plugged into the server")
        teacher.get_by_label("Read expressions: the room is outside").check()
        expect(camera).to_be_visible()
        teacher.get_by_label("No camera: students say").check()
        expect(camera).to_be_hidden()
        for page in (teacher, screen):  # their streams would delay the server's end
            page.goto("about:blank")


@pytest.fixture(scope="module")
def course_ids(server) -> list[int]:
    """Three lectures of the course 7b, with faces and a pulse."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    with app.app_context():
        room = first_room()
        lectures = [make_up(room, Purpose.EXPRESSIONS, sad=lambda number: 0.1) for _ in range(3)]
        return [lecture.id for lecture in lectures]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_course_can_be_read_on_a_telephone(server, cookies, open_context, course_ids, scheme):
    page = open_context(
        f"{server.url}/courses?name=7b", cookies, viewport=PHONE, color_scheme=scheme, locale="de-DE"
    )
    boxes = page.locator("section[aria-labelledby=said] .ticks text:visible")
    first, last = (boxes.nth(number).bounding_box() for number in (0, -1))
    assert first["x"] + first["width"] < last["x"], "its dates were printed over each other"
    assert serious(page) == []


def test_two_lectures_with_faces_and_a_pulse_fit_side_by_side(server, cookies, open_context, course_ids):
    """The eighth part of a side had no row of its own and was printed over the seventh."""
    one, two, *_ = course_ids
    page = open_context(f"{server.url}/lectures/compare?a={one}&b={two}", cookies, viewport=LAPTOP)
    table = page.locator(".even summary", has_text="Table of all minutes").first.bounding_box()
    moments = page.get_by_role("heading", name="Biggest moments").first.bounding_box()
    assert table["y"] + table["height"] <= moments["y"]
    assert serious(page) == []
