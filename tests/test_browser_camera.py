"""A browser as camera: a real Chromium with a webcam of drawn students or a shared tab, a real server."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from app.demo import Classroom
from app.vision.palette import COLOURS, UNCERTAIN, rgb
from tests.browser import CHROMIUM, LAUNCH, close, cookies_of
from tests.line import Line
from tests.server import Server, wait_for
from tests.test_accessible import serious

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium: apt install chromium")

BEGIN = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
FILM_SECONDS, FILM_FPS = 4, 10
CALL = "The call"
SMALL_SCREEN = {"width": 1280, "height": 760}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with CAMERA=browser."""
    settings = {"CAMERA": "browser", "DETECT_FPS": "10", "PURPOSE": "expressions"}
    with Server(tmp_path_factory.mktemp("browser"), settings) as server:
        yield server


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """What the webcam sees: four seconds of the drawn classroom."""
    path = tmp_path_factory.mktemp("film") / "class.mjpeg"
    room = Classroom(12)
    with path.open("wb") as file:
        for index in range(FILM_SECONDS * FILM_FPS):
            picture = room.draw(BEGIN + timedelta(seconds=index / FILM_FPS))
            file.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def with_webcam(playwright, film):
    """A browser whose webcam any page may use."""
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    return launch(playwright, *flags, f"--use-file-for-fake-video-capture={film}")


def launch(playwright, *flags: str):
    return playwright.chromium.launch(**{**LAUNCH, "args": [*LAUNCH["args"], *flags]})


@pytest.fixture(scope="module")
def cookies(server, with_webcam) -> list:
    """The cookies of one sign-in: the server allows only ten a minute."""
    return cookies_of(with_webcam, server)


@pytest.fixture
def open_page(server, with_webcam, cookies):
    """Open the page that sends, signed in; an error in a script fails the test."""
    contexts, errors = [], []

    def open_page(address: str = "", browser=with_webcam, script: str = ""):
        contexts.append(browser.new_context(viewport=SMALL_SCREEN))
        contexts[-1].add_cookies(cookies)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{address or server.url}/send")
        return page

    yield open_page
    for context in contexts:
        close(context)
    assert errors == []


def camera(server: Server) -> dict:
    return server.get("/api/v1/state").json["camera"]


def said(page):
    return page.locator("#said")


def wait_until_said(page, words: str) -> None:
    expect(said(page)).to_contain_text(words)


def send_webcam(page) -> None:
    page.get_by_role("button", name="Webcam").click()
    page.get_by_role("button", name="Start sending").click()


def faces_with_a_box(server: Server) -> int:
    """How many drawn students have the colours of a box and its label around them in the newest picture."""
    snapshot = cv2.imdecode(np.frombuffer(server.get("/snapshot.jpg").body, np.uint8), cv2.IMREAD_COLOR)
    colours = [rgb(colour)[::-1] for colour in (*COLOURS.values(), UNCERTAIN)]
    near = [np.abs(snapshot.astype(int) - colour).max(axis=2) < 30 for colour in colours]
    marked = np.logical_or.reduce(near)
    students = [student for student in Classroom(12).truth(BEGIN) if student.is_facing]
    return sum(_around(marked, student.box).mean() > 0.05 for student in students)


def _around(marked: np.ndarray, box) -> np.ndarray:
    """The strip above a face, a third of its height, where its label is."""
    above = box.height // 3
    return marked[max(0, box.y - above) : box.y, box.x : box.x + box.width]


def test_a_webcam_is_previewed_sent_analysed_recorded_and_stopped(server, open_page):
    page = open_page()
    page.get_by_role("button", name="Webcam").click()
    wait_until_said(page, "Nothing is being sent yet")
    wait_for(lambda: page.evaluate("document.getElementById('video').videoWidth === 1280"))
    assert camera(server)["sender"] is None
    page.get_by_role("button", name="Start sending").click()
    wait_until_said(page, "Sending")
    assert page.title().startswith("● Sending")
    wait_for(lambda: camera(server)["online"] and camera(server)["sender"]["name"] == "admin")
    wait_for(lambda: faces_with_a_box(server) >= 8)
    wait_for(lambda: any(row["faces_mean"] >= 8 for row in server.get("/api/v1/minutes").json["minutes"]))
    page.get_by_role("button", name="Stop").click()
    wait_until_said(page, "Nothing is being sent")
    wait_for(lambda: "admin stopped sending at" in (camera(server)["detail"] or ""))
    assert server.get("/snapshot.jpg").status == 503


def test_axe_finds_nothing_serious_on_the_page_that_sends(open_page):
    page = open_page()
    page.get_by_role("button", name="Webcam").click()
    wait_until_said(page, "Nothing is being sent yet")
    assert serious(page) == []


def test_the_live_page_opens_the_page_that_sends_and_names_the_sender(server, open_page):
    page = open_page()
    page.goto(server.url)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Use this computer").click()
    send_webcam(opened.value)
    expect(page.get_by_role("link", name="Sent by admin")).to_be_visible()
    opened.value.close()
    expect(page.locator("#badge")).to_contain_text("admin closed the page at")


LATE_WORKER = """
window.Worker = class extends Worker {
  addEventListener(type, listener) {
    super.addEventListener(type, (event) => setTimeout(() => listener(event), 700));
  }
};
"""


def test_a_late_message_of_the_worker_does_not_look_like_sending(open_page):
    """The page used to say for ever that it was sending if such a message came after the click on Stop."""
    page = open_page(script=LATE_WORKER)
    send_webcam(page)
    wait_until_said(page, "Sending")
    page.get_by_role("button", name="Stop").click()
    wait_until_said(page, "Nothing is being sent")
    page.wait_for_timeout(1500)
    wait_until_said(page, "Nothing is being sent")


def test_a_second_browser_hears_who_is_sending_and_takes_over(server, open_page):
    first, second = open_page(), open_page()
    send_webcam(first)
    wait_until_said(first, "Sending")
    send_webcam(second)
    wait_until_said(second, "admin has been sending since")
    second.get_by_role("button", name="Take over").click()
    wait_until_said(first, "admin has taken over")
    wait_until_said(second, "Sending")
    wait_for(server.is_online)


def test_a_browser_without_track_processor_sends_too(server, open_page):
    page = open_page(script="delete window.MediaStreamTrackProcessor")
    send_webcam(page)
    wait_until_said(page, "Sending")
    wait_for(lambda: faces_with_a_box(server) >= 8)


def test_a_pause_stops_sending_and_the_page_says_so(server, open_page):
    page = open_page()
    send_webcam(page)
    wait_until_said(page, "Sending")
    server.get("/pause", method="POST")
    try:
        wait_until_said(page, "Paused by admin")
    finally:
        server.get("/resume", method="POST")
    wait_until_said(page, "Sending")


def test_a_page_reconnects_by_itself_after_its_connection_was_cut(server, open_page):
    with Line(server.port) as line:
        page = open_page(f"http://127.0.0.1:{line.port}")
        send_webcam(page)
        wait_until_said(page, "Sending")
        line.cut()
        wait_until_said(page, "Connection lost")
        wait_for(lambda: not server.is_online())
        line.mend()
        wait_until_said(page, "Sending")
        wait_for(server.is_online)


def test_a_page_reconnects_after_a_restart_of_the_server(server, open_page):
    page = open_page()
    send_webcam(page)
    wait_until_said(page, "Sending")
    server.stop()
    wait_until_said(page, "Connection lost")
    server.launch()
    wait_for(server.answers)
    wait_until_said(page, "Sending")
    wait_for(server.is_online)


def test_without_https_the_page_says_what_to_do(playwright, server, open_page, cookies):
    browser = launch(playwright, "--host-resolver-rules=MAP school.test 127.0.0.1")
    context = browser.new_context()
    context.add_cookies([{**cookie, "domain": "school.test"} for cookie in cookies])
    page = context.new_page()
    page.goto(f"http://school.test:{server.port}/send")
    expect(page.locator("#insecure")).to_contain_text("only over HTTPS")
    expect(page.get_by_role("button", name="Webcam")).not_to_be_visible()
    browser.close()


def test_the_gallery_of_a_call_in_another_tab_is_analysed(playwright, server, open_page, scenes):
    clip = scenes / "videos" / "element-call_gallery.gif"
    if not clip.exists():
        pytest.skip("needs the clip of a call's gallery")
    browser = launch(playwright, f"--auto-select-tab-capture-source-by-title={CALL}")
    page = open_page(browser=browser)
    call = page.context.new_page()
    call.route("**/call", lambda route: route.fulfill(body=CALL_PAGE, content_type="text/html"))
    call.route("**/clip.gif", lambda route: route.fulfill(path=clip))
    call.goto(f"{server.url}/call")
    page.bring_to_front()
    page.get_by_role("button", name="A window, tab or screen").click()
    page.get_by_role("button", name="Start sending").click()
    wait_until_said(page, "Sending")
    counts = []

    def has_seen_enough() -> bool:
        now = server.get("/api/v1/now")
        if now.status == 200 and now.json["faces"]:
            counts.append(now.json["faces"])
        return len(counts) >= 30

    wait_for(has_seen_enough)
    assert np.mean(counts) >= 3
    browser.close()


CALL_PAGE = f"""<!doctype html><title>{CALL}</title>
<body style="margin:0;background:#111"><img src="clip.gif" style="display:block;width:100vw"></body>"""
