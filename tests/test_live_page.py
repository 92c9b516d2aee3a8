"""The live page in a real browser, on a real server."""

import io
import json
import os
import re
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat
from playwright.sync_api import expect

from app import create_app
from app.store import lecture_queries, minute_queries, room_queries
from app.store.counted_minute import CountedMinute
from app.vision.emotion import EMOTIONS
from tests.browser import close, sign_in
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server, wait_for

LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
MOVING = 0.2  # mean difference of two pictures, of 255; two of the same picture have 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A server that shows the drawn classroom."""
    with Server(tmp_path_factory.mktemp("live"), {"DETECT_FPS": "2"}) as server:
        wait_for(server.is_online)
        yield server


@pytest.fixture(scope="module")
def cookies() -> dict[str, list]:
    """The cookies of the first sign-in at each server, which allows only ten sign-ins a minute."""
    return {}


@pytest.fixture
def open_page(chromium, cookies):
    """Open browsers for people who are signed in; a script's error fails the test."""
    contexts, errors = [], []

    def open_page(server: Server, **options):
        contexts.append(chromium.new_context(**{"viewport": LAPTOP, **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if server.url in cookies:
            page.context.add_cookies(cookies[server.url])
            page.goto(server.url)
        else:
            sign_in(page, server)
            cookies[server.url] = page.context.cookies()
        return page

    yield open_page
    for context in contexts:
        close(context)
    assert errors == []


def badge(page):
    return page.locator("#badge")


def wait_for_badge(page, words: str) -> None:
    expect(badge(page)).to_contain_text(words)


def screenshot_of(page) -> Image.Image:
    return Image.open(io.BytesIO(page.locator("#stream").screenshot())).convert("RGB")


def is_moving(page) -> bool:
    before = screenshot_of(page)
    page.wait_for_timeout(700)
    return max(ImageStat.Stat(ImageChops.difference(before, screenshot_of(page))).mean) > MOVING


def viewers(server: Server) -> list[dict]:
    return server.get("/api/v1/state").json["viewers"]


def test_a_teacher_watches_starts_a_lecture_ends_it_and_gets_its_report(demo, open_page):
    page = open_page(demo)
    wait_for_badge(page, "s old")
    wait_for(lambda: is_moving(page))
    expect(page.locator("#faces")).not_to_have_text("–")
    page.get_by_label("Title").fill("Fractions <b>")
    page.get_by_label("Course").fill("6a")
    page.get_by_role("button", name="Start lecture").first.click()
    expect(page.get_by_role("timer")).to_have_text(re.compile("0:00:(0[2-9]|[1-5])"))
    page.get_by_role("button", name="End lecture").click()
    expect(page.get_by_role("heading", name="Fractions <b>")).to_be_visible()
    page.goto(demo.url)
    expect(page.get_by_label("Course")).to_have_value("6a")  # at this hour of this weekday
    expect(page.get_by_label("Title")).to_have_attribute("placeholder", re.compile(r"^6a, \d+ \w+$"))


def test_the_end_of_a_lecture_leads_to_its_report_though_the_server_is_slow(demo, open_page):
    """The page used to notice that the lecture had ended, and reloaded itself instead."""

    def answer_late(route) -> None:
        answer = route.fetch(max_redirects=0)
        time.sleep(3)
        route.fulfill(response=answer)

    page = open_page(demo)
    page.get_by_label("Title").fill("Slow")
    page.get_by_role("button", name="Start lecture").first.click()
    page.route("**/end", answer_late)
    page.get_by_role("button", name="End lecture").click()
    expect(page.get_by_role("heading", name="Slow")).to_be_visible()


def test_the_last_minutes_are_drawn(demo, open_page):
    page = open_page(demo)
    # a minute is drawn once it is complete
    expect(page.locator("#history polygon").first).to_be_attached(timeout=120_000)
    assert "Last 15 minutes: " in page.locator("#history").get_attribute("aria-label")


def test_a_chart_in_which_nothing_could_be_named_says_so(demo, open_page):
    """Guards against an empty white box: uncertain faces are not drawn."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    row = {
        "minute": minute.isoformat(),
        "counted_seconds": 60,
        "suppressed": False,
        "shares": dict.fromkeys(EMOTIONS, 0),
        "uncertain_share": 1,
    }
    answer = {"minutes": [row], "pauses": [], "lectures_of_others": []}
    page = open_page(demo)
    page.route("**/minutes?*", lambda route: route.fulfill(json=answer))
    page.reload()
    expect(page.locator("#history-remark")).to_have_text("No expression could be read yet.")


def test_a_pause_is_no_dark_camera_in_the_last_minutes(demo, open_page):
    app = create_app(demo.environment, demo.log_path.parent / "instance")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with app.app_context():
        room = room_queries.get_or_create_room(demo.environment["ROOM"])
        seen = CountedMinute(now - timedelta(minutes=11), None, 60, 300, 10, 600, (0,) * 6 + (600, 0))
        minute_queries.save_minute(room, seen, minimum_group=5)
        room_queries.pause_room(room, "admin", now - timedelta(minutes=8))
        room_queries.resume_room(room, now - timedelta(minutes=6))
    page = open_page(demo)
    expect(page.locator("#history rect.paused")).to_have_count(2)
    expect(page.locator("#history rect.gap")).not_to_have_count(0)
    expect(page.locator("#history-legend")).to_contain_text("paused")
    expect(page.locator("#history-legend [data-kind=few]")).to_be_hidden()


def test_a_second_viewer_sees_the_class_too(demo, open_page):
    first, second = open_page(demo), open_page(demo)
    for page in (first, second):
        wait_for_badge(page, "s old")
    wait_for(lambda: len(viewers(demo)) == 2)
    for page in (first, second):
        wait_for(lambda page=page: is_moving(page))


def test_a_hidden_page_closes_the_stream_and_opens_it_again(demo, open_page):
    page = open_page(demo)
    wait_for(lambda: len(viewers(demo)) == 1)
    hide(page, True)
    wait_for(lambda: not viewers(demo))
    hide(page, False)
    wait_for(lambda: len(viewers(demo)) == 1)
    wait_for(lambda: is_moving(page))


def hide(page, hidden: bool) -> None:
    """Tell the page that it is hidden or visible: a headless browser shows every tab it has."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_page_survives_a_restart_of_the_server(demo, open_page):
    page = open_page(demo)
    wait_for_badge(page, "s old")
    page.evaluate("window.sameDocument = true")
    demo.stop()
    try:
        wait_for_badge(page, "does not answer")
    finally:
        demo.launch()
        wait_for(demo.answers)
    wait_for_badge(page, "s old")
    wait_for(lambda: is_moving(page))
    assert page.evaluate("window.sameDocument"), "the page was not reloaded"


def test_a_camera_goes_dark_and_comes_back(start_server, open_page):
    with MjpegCamera() as camera:
        server = start_server(CAMERA=camera.url, STALL_SECONDS="1")
        page = open_page(server)
        wait_for_badge(page, "s old")
        camera.hang()
        wait_for_badge(page, "dark")
        expect(page.locator("#cover-title")).to_have_text("No picture from the camera")
        expect(page.locator("#count")).to_be_hidden()
        camera.resume()
        wait_for_badge(page, "s old")
        wait_for(lambda: is_moving(page))


def test_a_pause_is_for_everybody_and_ends_in_one_click(demo, open_page):
    first, second = open_page(demo), open_page(demo)
    wait_for_badge(second, "s old")
    first.get_by_role("button", name="Pause for everyone").click()
    for page in (first, second):
        wait_for_badge(page, "by admin")
        wait_for(lambda page=page: is_card(page))
    second.get_by_role("button", name="Resume").click()
    wait_for_badge(first, "s old")
    wait_for(lambda: is_moving(first))


def test_a_small_still_comes_before_the_stream(demo, open_page):
    """On a slow line the class is seen at once; the stream is endless, and never counts as loaded."""
    page = open_page(demo)
    asked = []
    page.on("request", lambda request: asked.append(request.url.partition(demo.url)[2]))
    page.reload()
    wait_for_badge(page, "s old")
    wait_for(lambda: is_moving(page))
    pictures = [url for url in asked if ".jpg" in url or ".mjpg" in url]
    assert [url.partition("?")[0].rpartition("/")[2] for url in pictures] == ["snapshot.jpg", "stream.mjpg"]
    assert pictures[0].endswith("?width=480")


def test_news_that_change_nothing_write_nothing(demo, open_page):
    """Guards against a page that the browser lays out twice a second: more than half of what it cost."""
    page = open_page(demo)
    wait_for_badge(page, "s old")
    page.get_by_role("button", name="Pause for everyone").click()
    wait_for_badge(page, "by admin")
    try:
        page.wait_for_timeout(1000)
        page.evaluate(COUNT_CHANGES)
        wait_for(lambda: page.evaluate("window.newsSeen") > 3)
        assert page.evaluate("window.changed") == []
    finally:
        page.get_by_role("button", name="Resume").click()
        wait_for_badge(page, "s old")


COUNT_CHANGES = """() => {
    window.changed = [];
    window.newsSeen = 0;
    const news = new EventSource(document.getElementById("live").dataset.events);
    news.addEventListener("state", () => (window.newsSeen += 1));
    new MutationObserver((changes) => {
        for (const { target, attributeName } of changes) {
            const isOfChart = target.parentElement?.closest(".history");
            if (!isOfChart) window.changed.push(`${target.nodeName} ${attributeName}`);
        }
    }).observe(document.body, { subtree: true, attributes: true, childList: true, characterData: true });
}"""


def is_card(page) -> bool:
    """A card is nearly all of one dark colour; no picture of the class is."""
    return ImageStat.Stat(screenshot_of(page).convert("L")).median[0] < 40


def test_faces_are_hidden_and_shown_again_in_one_click(demo, open_page):
    page = open_page(demo)
    wait_for_badge(page, "s old")
    button = page.get_by_role("button", name="Hide faces")
    # the stream has followed the small still, which is blurred already
    wait_for(lambda: page.locator("#stream").evaluate("image => image.naturalWidth") > 480)
    seen = sharpness(page)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    wait_for(lambda: not is_card(page) and sharpness(page) < 0.8 * seen)
    button.click()
    wait_for(lambda: not is_card(page) and sharpness(page) > 0.9 * seen)


def sharpness(page) -> float:
    """How strong the edges are in the upper part of the picture, where no label is."""
    grey = screenshot_of(page).convert("L")
    return ImageStat.Stat(
        grey.crop((0, 0, grey.width, grey.height // 6)).filter(ImageFilter.FIND_EDGES)
    ).mean[0]


def told_by(page) -> list[str]:
    """What the page says from now on: state of the picture and sentence, each once."""
    told: list[str] = []
    page.expose_function("tell", lambda said: told.append(said))
    page.evaluate(
        """() => {
            let last = "";
            setInterval(() => {
                const state = document.getElementById("picture").dataset.state;
                const said = `${state}: ${document.getElementById("sentence").textContent}`;
                if (said !== last) tell((last = said));
            }, 20);
        }"""
    )
    return told


def test_after_a_pause_the_camera_starts_and_is_never_dark(demo, open_page):
    """For 2.7 s the page used to say that the camera is dark, beside a moving picture."""
    page = open_page(demo)
    wait_for_badge(page, "s old")
    told = told_by(page)
    page.get_by_role("button", name="Pause for everyone").click()
    expect(page.locator("#cover-title")).to_contain_text("by admin")
    page.get_by_role("button", name="Resume").click()
    wait_for_badge(page, "s old")
    expect(page.locator("#count")).to_be_visible()
    assert "paused" in {said.split(":")[0] for said in told}
    assert not [said for said in told if said.startswith("dark") or "Nobody" in said or "No picture" in said]


def test_a_room_that_starts_is_not_empty(start_server):
    server = start_server()
    told = set()

    def is_read() -> bool:
        told.add(server.get("/api/v1/state").json["sentence"])
        return server.get("/api/v1/now").status == 200

    wait_for(is_read)
    told.add(server.get("/api/v1/state").json["sentence"])
    assert "No face in view" not in told
    assert told & {"The camera is starting", "Looking for faces …"}


def test_a_picture_that_does_not_move_is_dimmed_and_stamped_with_its_age(demo, open_page):
    page = open_page(demo)
    wait_for_badge(page, "s old")
    (monitor,) = demo.monitor_pids()
    os.kill(monitor, signal.SIGSTOP)
    try:
        expect(page.locator("#stamp")).to_have_text(re.compile("^[2-9] s old$"))
        assert "grayscale" in page.locator("#stream").evaluate("image => getComputedStyle(image).filter")
    finally:
        with suppress(ProcessLookupError):  # a monitor without a heartbeat is replaced
            os.kill(monitor, signal.SIGCONT)
    expect(page.locator("#stamp")).to_be_hidden()


def test_a_wall_screen_shows_picture_and_figures_and_no_controls(demo, open_page):
    page = open_page(demo)
    page.goto(f"{demo.url}/?view=screen")
    wait_for_badge(page, "s old")
    expect(page.locator("#shares .value").first).to_contain_text("%")
    expect(page.locator("#sentence")).not_to_be_empty()
    assert page.locator("button:visible, a:visible, input:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight") <= LAPTOP["height"]
    edge = Image.open(io.BytesIO(page.screenshot())).convert("L").crop((1340, 0, 1366, 40))
    assert ImageStat.Stat(edge).mean[0] < 40


@pytest.mark.parametrize("width", [1024, 1366, 1920, 2560])
def test_the_figures_have_room_on_every_desktop(demo, open_page, width):
    page = open_page(demo, viewport={"width": width, "height": 768 if width < 1500 else 1080})
    wait_for_badge(page, "s old")
    assert page.locator(".now").bounding_box()["width"] >= 420


def test_the_picture_alone_fills_a_second_monitor(demo, open_page):
    page = open_page(demo)
    page.goto(f"{demo.url}/?view=picture")
    wait_for_badge(page, "s old")
    assert page.locator("#stream").bounding_box() == {"x": 0, "y": 0, **LAPTOP}
    assert not page.get_by_role("navigation").is_visible()
    wait_for(lambda: is_moving(page))


def test_full_screen_with_one_key(demo, open_page):
    page = open_page(demo)
    page.keyboard.press("f")
    wait_for(lambda: page.evaluate("document.fullscreenElement?.id === 'picture'"))
    page.keyboard.press("f")
    wait_for(lambda: page.evaluate("document.fullscreenElement === null"))


def test_letters_typed_into_a_field_are_no_commands(demo, open_page):
    page = open_page(demo)
    page.get_by_label("Title").fill("")
    page.get_by_label("Title").press_sequentially("Functions")
    expect(page.get_by_label("Title")).to_have_value("Functions")
    assert page.evaluate("document.fullscreenElement === null")


def test_nothing_is_cut_off_on_a_phone(demo, open_page):
    page = open_page(demo, viewport=PHONE)
    wait_for_badge(page, "s old")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(page.get_by_role("button", name="Start lecture")).to_be_in_viewport(ratio=1)


@pytest.mark.usefixtures("running_lecture")
def test_on_a_phone_note_pause_and_end_are_at_the_thumb(demo, open_page):
    page = open_page(demo, viewport=PHONE, has_touch=True, is_mobile=True)
    wait_for_badge(page, "s old")
    bar = page.locator(".thumbs")
    for name in ("Note", "Pause", "End"):
        expect(bar.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    page.mouse.wheel(0, 3000)
    expect(bar).to_be_in_viewport(ratio=1)
    heights = page.locator(".thumbs button, .tools .tool:visible, .tags button").evaluate_all(
        "buttons => buttons.map(button => button.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    expect(page.locator("kbd:visible")).to_have_count(0)
    bar.get_by_role("button", name="Note").tap()
    expect(page.get_by_label("Note")).to_be_focused()


def test_what_is_typed_outlasts_a_lecture_that_somebody_else_starts(demo, open_page):
    page, other = open_page(demo), open_page(demo)
    page.get_by_label("Title").fill("Ratios")
    page.get_by_label("Title").blur()
    other.get_by_role("button", name="Start lecture").first.click()
    other.get_by_role("button", name="End lecture").click()
    other.wait_for_url("**/lectures/*")
    page.goto(demo.url)
    expect(page.get_by_label("Title")).to_have_value("Ratios")


def test_the_keys_are_one_key_away(demo, open_page):
    page = open_page(demo)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Note with one tap")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_page_is_dark_where_the_system_is(demo, open_page):
    page = open_page(demo, color_scheme="dark")
    wait_for_badge(page, "s old")
    edge = Image.open(io.BytesIO(page.screenshot())).convert("L").crop((0, 300, 20, 320))
    assert ImageStat.Stat(edge).mean[0] < 60


@pytest.fixture
def running_lecture(demo):
    """Run a lecture in which surprise has just risen from a tenth to 40 % of ten faces."""
    app = create_app(demo.environment, demo.log_path.parent / "instance")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with app.app_context():
        room = room_queries.get_or_create_room(demo.environment["ROOM"])
        lecture = lecture_queries.start_lecture(room, "Algebra", "7b", now - timedelta(minutes=12))
        for ago in range(12, 0, -1):
            surprise = 0.4 if ago <= 2 else 0.1
            spans = tuple(600 * share for share in (0, 0, 0, 0, 0, surprise, 1 - surprise, 0))
            counted = CountedMinute(now - timedelta(minutes=ago), lecture.id, 60, 300, 10, 600, spans)
            minute_queries.save_minute(room, counted, minimum_group=5)
    yield lecture
    with app.app_context():
        room = room_queries.get_or_create_room(demo.environment["ROOM"])
        lecture_queries.end_lecture(lecture_queries.running_lecture(room), datetime.now(UTC))


def test_unusual_moments_are_pointed_out_and_can_be_switched_off(running_lecture, demo, open_page):
    page = open_page(demo)
    said = page.locator("#unusual li")
    expect(said).to_contain_text("surprise 4× this lecture's average for")
    page.get_by_label("Point out unusual moments").uncheck()
    expect(said).to_have_count(0)
    asked = []
    page.route("**/unusual", lambda route: asked.append(route))
    with page.expect_request("**/unusual"):
        page.get_by_label("Point out unusual moments").check()
    page.get_by_label("Point out unusual moments").uncheck()
    for question in asked:
        question.continue_()
    page.wait_for_timeout(1000)
    expect(said).to_have_count(0)  # though the answer came after that
    page.unroute_all()
    page.reload()
    expect(page.get_by_label("Point out unusual moments")).not_to_be_checked()


def test_one_key_begins_a_note(running_lecture, demo, open_page):
    page = open_page(demo)
    page.keyboard.press("n")
    page.keyboard.type("began recursion")
    expect(page.get_by_label("Note")).to_have_value("began recursion")
    page.keyboard.press("Enter")
    expect(page.locator("#note-status")).to_contain_text("Saved: “began recursion”")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Note")).not_to_be_focused()


@pytest.mark.usefixtures("running_lecture")
def test_a_note_takes_one_key_or_one_tap_and_one_more_to_undo(demo, open_page):
    def notes() -> list[str]:
        number = demo.get("/api/v1/state").json["lecture"]["id"]
        return [note["text"] for note in demo.get(f"/api/v1/lectures/{number}/notes").json["notes"]]

    page = open_page(demo)
    page.keyboard.press("2")
    expect(page.locator("#note-status")).to_contain_text("Saved: “group work”")
    page.get_by_role("button", name="question").click()
    expect(page.locator("#note-status")).to_contain_text("Saved: “question”")
    assert notes() == ["group work", "question"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#note-status")).to_contain_text("removed")
    assert notes() == ["group work"]


def test_a_camera_is_tried_and_taken_on_the_settings_page(start_server, open_page):
    with MjpegCamera() as camera:
        server = start_server()
        page = open_page(server)
        page.get_by_role("link", name="confirm that this is allowed here").click()
        page.get_by_label("Camera address").fill(camera.url)
        expect(page.get_by_label("A network camera")).to_be_checked()
        page.get_by_role("button", name="Try this camera").click()
        expect(page.locator("#trial-result")).to_contain_text("It works: 320 × 240")
        assert page.locator("#trial-picture").evaluate("image => image.naturalWidth") == 320
        page.get_by_label("the room is outside the European Union").check()
        page.get_by_label("This is allowed here").check()
        page.get_by_role("button", name="Finish set-up").click()
        page.wait_for_url(re.compile(r"/rooms/[a-z0-9-]+$"))
        wait_for_badge(page, "s old")
        wait_for(lambda: server.get("/api/v1/state").json["camera"]["source"] == camera.url)
        wait_for(lambda: page.locator("#stream").evaluate("image => image.naturalWidth") == 320)


def test_trying_a_camera_can_be_cancelled_and_leaves_no_picture_behind(demo, open_page):
    with MjpegCamera() as works, MjpegCamera() as hangs:
        hangs.hang()
        page = open_page(demo)
        page.goto(f"{demo.url}/settings")
        page.get_by_label("Camera address").fill(works.url)
        page.get_by_role("button", name="Try this camera").click()
        expect(page.locator("#trial-result")).to_contain_text("It works")
        expect(page.locator("#trial-picture")).to_be_visible()
        page.get_by_label("Camera address").fill(hangs.url)
        expect(page.locator("#trial-picture")).to_be_hidden()
        expect(page.locator("#trial-result")).to_have_text("")
        page.get_by_role("button", name="Try this camera").click()
        expect(page.locator("#trial-result")).to_contain_text("Opening the camera")
        expect(page.locator("#trial-picture")).to_be_hidden()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#trial-result")).to_have_text("Cancelled.")
        page.wait_for_timeout(1000)  # the server notices within 0.2 s and ends the process
        page.get_by_label("Camera address").fill(works.url)
        page.get_by_role("button", name="Try this camera").click()
        expect(page.locator("#trial-result")).to_contain_text("It works")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("path", ["/settings", "/setup/room", "/notice"])
def test_no_page_is_wider_than_the_screen(demo, open_page, path, viewport):
    page = open_page(demo, viewport=viewport)
    page.goto(demo.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_advice_comes_and_goes_without_a_reload(open_page, demo):
    page = open_page(demo)
    state = demo.get("/api/v1/state").json
    advice = None

    def tell(route) -> None:
        data = json.dumps(state | {"advice": advice})
        route.fulfill(body=f"retry: 200\nevent: state\ndata: {data}\n\n", content_type="text/event-stream")

    page.route("**/events", tell)
    page.reload()
    small = page.get_by_text("Most faces here are too small to be read")
    for advice in ("larger_faces", "better_detector"):
        expect(small).to_be_visible(visible=advice == "larger_faces")
