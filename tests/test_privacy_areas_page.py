"""Privacy areas drawn in a real browser, on a real server."""

from itertools import islice

import numpy as np
import pytest
from playwright.sync_api import expect

from app.demo import Classroom
from app.vision.annotate import HATCH
from app.vision.privacy_area import FILL, PrivacyArea
from tests.browser import close, sign_in
from tests.server import Server, wait_for
from tests.test_pause import change_room
from tests.test_privacy_areas import MORNING
from tests.test_server import faces_now, looks_like_a_card, picture_of

JPEG_ERROR = 45  # of 255, at the edge of a stripe
SIDES = PrivacyArea._fields
LEFT_HALF = PrivacyArea(0, 0, 0.5, 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("areas"), {"CAMERA": "demo?students=12"})
    server.migrate()
    change_room(server, areas=[LEFT_HALF], areas_camera="demo?students=12")
    with server:
        yield server


@pytest.fixture
def page(chromium, server):
    errors = []
    page = chromium.new_page(viewport={"width": 1366, "height": 1000}, has_touch=True)
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, server)
    page.goto(f"{server.url}/settings/areas")
    wait_for(lambda: page.evaluate("document.getElementById('snapshot').naturalWidth > 0"))
    yield page
    close(page.context)
    assert errors == []


def is_blanked(picture: np.ndarray, area: PrivacyArea) -> bool:
    """Whether the area shows nothing but the hatching."""
    inside = picture[area.slices(*picture.shape[:2])]
    return bool((inside.max(axis=2) < HATCH + JPEG_ERROR).all() and np.median(inside) < FILL + JPEG_ERROR)


def pictures(server):
    return (picture_of(part) for part in server.stream() if not looks_like_a_card(part))


def students_beside(area: PrivacyArea) -> int:
    """Students whose faces don't lie wholly between the sides of the area."""
    left, right = area.left * 1280, (area.left + area.width) * 1280
    boxes = [student.box for student in Classroom(12).truth(MORNING)]
    return sum(box.x < left or box.x + box.width > right for box in boxes)


def values(page) -> list[list[str]]:
    rows = page.locator("#rows .row").all()
    return [[row.locator("input").nth(index).input_value() for index in range(4)] for row in rows]


def test_the_very_first_picture_after_a_start_leaves_the_area_out(server):
    """First in the file: the server has just started, with an area in its database."""
    clear = PrivacyArea(0, 0, 0.4, 1)  # of the boxes and labels of the students whom the edge cuts through
    for picture in islice(pictures(server), 15):
        assert is_blanked(picture, clear)
    assert 0 < students_beside(LEFT_HALF) < 10
    wait_for(lambda: 0 < faces_now(server) <= students_beside(LEFT_HALF))


def drag(page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw over the picture, from and to places in fractions of it."""
    edge = page.locator("#canvas").bounding_box()
    for index, (x, y) in enumerate((begin, end)):
        page.mouse.move(edge["x"] + x * edge["width"], edge["y"] + y * edge["height"], steps=1 + 4 * index)
        if index == 0:
            page.mouse.down()
    page.mouse.up()


def test_an_area_is_drawn_and_saved_and_the_stream_leaves_it_out(server, page):
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#none")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    wait_for(lambda: faces_now(server) >= 10)
    area = PrivacyArea(0.5, 0.1, 0.5, 0.9)
    drag(page, (0.98, 0.97), (area.left, area.top))
    [[left, top, _, _]] = values(page)
    assert float(left) == pytest.approx(50, abs=0.3)
    assert float(top) == pytest.approx(10, abs=0.3)
    for side, value in zip(SIDES, area, strict=True):  # to the edge itself
        page.locator(f"[name={side}]").fill(f"{100 * value:g}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    clear = PrivacyArea(0.6, 0.1, 0.4, 0.9)  # of the box and label of the student whom the edge cuts through
    for picture in islice(pictures(server), 15):
        assert is_blanked(picture, clear)
        assert not is_blanked(picture, LEFT_HALF)
    wait_for(lambda: 0 < faces_now(server) <= students_beside(area))
    assert server.get("/api/v1/state").json["monitor"]["restarts"] == 0


def test_areas_are_moved_sized_and_removed_without_a_mouse(page):
    count = len(values(page))
    page.get_by_role("button", name="Add an area").click()
    name = f"Area {count + 1}"
    box = page.get_by_role("button", name=name)
    expect(box).to_be_focused()
    assert values(page)[-1] == ["40", "40", "20", "20"]
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert values(page)[-1] == ["39", "38", "21", "20"]
    for _ in range(45):
        page.keyboard.press("ArrowLeft")
    assert values(page)[-1] == ["0", "38", "21", "20"], "it stays within the picture"
    page.keyboard.press("Delete")
    assert len(values(page)) == count


def test_an_area_is_moved_and_sized_by_dragging_and_follows_its_numbers(page):
    drag(page, (0.1, 0.2), (0.3, 0.5))
    drag(page, (0.2, 0.3), (0.25, 0.4))
    row = [float(value) for value in values(page)[-1]]
    assert row == pytest.approx([15, 30, 20, 30], abs=0.3)
    drag(page, (0.348, 0.596), (0.448, 0.696))
    row = [float(value) for value in values(page)[-1]]
    assert row == pytest.approx([15, 30, 30, 40], abs=0.5)
    page.locator("[name=left]").last.fill("50")
    edge, box = page.locator("#canvas").bounding_box(), page.locator(".canvas .area").last.bounding_box()
    assert box["x"] == pytest.approx(edge["x"] + edge["width"] / 2, abs=2)
    for begin in (0.9, 0.9002, 0.9004, 0.9006, 0.9008):
        drag(page, (begin, 0.05), (1.05, 0.1))
        left, _, width, _ = (float(value) for value in values(page)[-1])
        assert left + width == pytest.approx(100, abs=1e-6), "at the edge and not over it"
        page.get_by_role("button", name="Remove").last.click()
    count = len(values(page))
    drag(page, (0.05, 0.9), (0.05, 0.9))
    assert len(values(page)) == count, "a tap draws nothing"


def test_an_area_is_drawn_with_a_finger(page, chromium):
    edge = page.locator("#canvas").bounding_box()
    count = len(values(page))
    touch = page.context.new_cdp_session(page)

    def send(kind: str, x: float, y: float) -> None:
        points = [{"x": edge["x"] + x * edge["width"], "y": edge["y"] + y * edge["height"]}]
        touch.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []}
        )

    for kind, x, y in (
        ("touchStart", 0.1, 0.1),
        ("touchMove", 0.2, 0.3),
        ("touchMove", 0.3, 0.4),
        ("touchEnd", 0, 0),
    ):
        send(kind, x, y)
    expect(page.locator("#rows .row")).to_have_count(count + 1)
    assert [float(value) for value in values(page)[-1]] == pytest.approx([10, 10, 20, 30], abs=0.5)


def test_without_scripts_there_is_a_row_to_fill_in(chromium, server):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/settings/areas")
    count = page.locator("#rows .row").count()
    for side, value in zip(SIDES, ("1", "2", "3", "4"), strict=True):
        page.locator(f"[name={side}]").last.fill(value)
    page.get_by_role("button", name="Save").click()
    assert "Saved." in page.content()
    assert page.locator("#rows .row").count() == count + 1
    close(context)
