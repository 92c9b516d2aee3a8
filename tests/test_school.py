"""A school is set up from nothing and teaches: three rooms, two teachers, a wall screen, on each database."""

import pytest
from playwright.sync_api import expect

from tests.browser import sign_in
from tests.mjpeg_camera import MjpegCamera
from tests.server import Server
from tests.test_people_page import browsers, invite, join  # noqa: F401


@pytest.fixture
def server(database_url, tmp_path):
    with Server(tmp_path / "school", {"DATABASE_URL": database_url, "ROOM": "Room 7"}) as server:
        yield server


def add_room(admin, server: Server, name: str, camera: str) -> None:
    admin.goto(f"{server.url}/rooms/new")
    admin.get_by_label("Name of the room").fill(name)
    if camera == "demo":
        admin.get_by_label("The drawn classroom").check()
    else:
        admin.get_by_label("Camera address").fill(camera)
    admin.get_by_label("the room is outside the European Union").check()
    admin.get_by_label("This is allowed here").check()
    admin.get_by_role("button", name="Add a room").click()
    expect(admin.get_by_role("navigation", name="Rooms")).to_contain_text(name)


def invite_to(admin, server: Server, role: str, *rooms: str) -> str:
    """Make an invitation for some rooms and give its link."""
    admin.goto(f"{server.url}/people")
    admin.get_by_label(role, exact=True).check()
    admin.get_by_label("All rooms, later ones too").uncheck()
    for room in rooms:
        admin.get_by_label(room, exact=True).check()
    admin.get_by_role("button", name="Make an invitation link").click()
    return admin.get_by_label("Link").input_value()


def start_lecture(page, server: Server, room: str, title: str) -> None:
    page.goto(f"{server.url}/rooms/{room}")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Start lecture").first.click()
    expect(page.get_by_role("button", name="End lecture and open its report")).to_be_visible()


def test_a_school_is_set_up_and_two_teachers_teach_at_once(server, browsers):  # noqa: F811
    admin, anna, bert, hall = (browsers() for _ in range(4))
    sign_in(admin, server)
    admin.get_by_role("link", name="confirm that this is allowed here").click()
    admin.get_by_label("the room is outside the European Union").check()
    admin.get_by_label("This is allowed here").check()
    admin.get_by_role("button", name="Finish set-up").click()
    with MjpegCamera() as camera:
        add_room(admin, server, "Lab 2", camera.url)
        add_room(admin, server, "Gym", "rtsp://127.0.0.1:9/nobody")
        join(anna, invite_to(admin, server, "Teacher", "Room 7", "Gym"), "Anna")
        join(bert, invite(admin, server, "Teacher"), "Bert")
        join(hall, invite_to(admin, server, "Viewer", "Lab 2"), "Hall")

        start_lecture(anna, server, "room-7", "Algebra")
        start_lecture(bert, server, "lab-2", "Acids")
        anna.goto(f"{server.url}/rooms")
        tiles = anna.locator("#wall li")
        expect(tiles).to_have_count(2)
        expect(tiles.filter(has_text="Room 7")).to_contain_text("Algebra")
        expect(tiles.filter(has_text="Gym")).to_have_class("is-dark")
        assert anna.goto(f"{server.url}/rooms/lab-2").status == 404

        hall.goto(server.url)
        expect(hall.locator("#badge")).to_contain_text("live")
        assert hall.goto(f"{server.url}/rooms/room-7").status == 404
        bert.goto(f"{server.url}/rooms/lab-2")
        bert.get_by_role("button", name="End lecture and open its report").click()
        expect(bert.get_by_role("heading", name="Acids")).to_be_visible()
        assert anna.goto(bert.url).status == 404
        anna.goto(f"{server.url}/lectures")
        expect(anna.get_by_role("rowheader")).to_have_text(["Algebra"])
        admin.goto(f"{server.url}/lectures")
        expect(admin.get_by_role("rowheader")).to_have_text(["Acids", "Algebra"])
        admin.goto(f"{server.url}/audit")
        expect(admin.locator("tbody")).to_contain_text("Room added")
        expect(admin.locator("tbody tr").filter(has_text="Bert").first).to_contain_text("Lecture ended")
