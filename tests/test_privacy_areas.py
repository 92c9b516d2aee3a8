"""Privacy areas: what lies in one is neither read nor shown."""

import base64
import re
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.camera.capture import Capture
from app.camera.sources import open_source
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.demo import Classroom
from app.monitor.shutter import Shutter
from app.store import room_queries, user_queries
from app.store.effective_settings import EffectiveSettings
from app.vision.annotate import HATCH, annotate
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Frame
from app.vision.privacy_area import FILL, MAX_AREAS, PrivacyArea, blank
from tests.forms import csrf_of, signed_in_client
from tests.rooms import first_hub, first_settings
from tests.test_hub import ONLINE, hub  # noqa: F401  a fixture

MORNING = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SIZE = 640, 480
DOOR = PrivacyArea(0.5, 0.25, 0.25, 0.5)


def around(box) -> PrivacyArea:
    """The area of a face and the room that its head moves in."""
    (width, height), margin = SIZE, 0.5 * box.width
    left, top = max(0, box.x - margin), max(0, box.y - margin)
    side = 2 * box.width
    return PrivacyArea(
        left / width, top / height, min(side, width - left) / width, min(side, height - top) / height
    )


def is_in(face, area: PrivacyArea) -> bool:
    x = (face.box.x + face.box.width / 2) / SIZE[0] - area.left
    y = (face.box.y + face.box.height / 2) / SIZE[1] - area.top
    return 0 <= x <= area.width and 0 <= y <= area.height


def frame_at(room: Classroom, second: float, *areas: PrivacyArea) -> Frame:
    at = MORNING + timedelta(seconds=second)
    image = room.draw(at)
    blank(image, areas)
    return Frame(image, 1 + round(1000 * second), at, second, areas)


def test_a_student_in_an_area_is_never_found_and_the_others_are():
    room = Classroom(8, SIZE)
    hidden = next(student for student in room.truth(MORNING) if student.is_facing)
    area = around(hidden.box)
    assert sum(is_in(student, area) for student in room.truth(MORNING)) == 1
    with_area, without = FaceAnalyser(), FaceAnalyser()
    for index in range(12):
        all_faces = without.analyse(frame_at(room, index / 5))
        faces = with_area.analyse(frame_at(room, index / 5, area))
        assert not any(is_in(face, area) for face in faces)
    assert any(is_in(face, area) for face in all_faces)
    assert len(faces) == len(all_faces) - 1


def test_a_face_that_is_known_is_forgotten_with_the_frame_that_first_leaves_it_out():
    room, analyser = Classroom(3, SIZE), FaceAnalyser()
    for index in range(3):
        known = analyser.analyse(frame_at(room, index / 5))
    area = around(known[0].box)
    for index in range(3, 6):
        faces = analyser.analyse(frame_at(room, index / 5, area))
        assert not any(is_in(face, area) for face in faces)
    assert len(faces) == len(known) - 1


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (641, 479), (3, 2)])
def test_an_area_holds_at_every_size_and_covers_what_it_touches(width, height):
    image = np.full((height, width, 3), 200, np.uint8)
    blank(image, [DOOR])
    rows, columns = np.nonzero((image == FILL).all(axis=2))
    assert rows.min() <= 0.25 * height < rows.min() + 1
    assert columns.min() <= 0.5 * width < columns.min() + 1
    assert rows.max() < 0.75 * height <= rows.max() + 1
    assert columns.max() < 0.75 * width <= columns.max() + 1


def test_areas_at_the_far_edges_fill_the_picture_to_its_last_pixel():
    image = np.full((100, 100, 3), 200, np.uint8)
    blank(image, [PrivacyArea(0.29, 0.71, 0.71, 0.29)])
    assert (image[71:, 29:] == FILL).all()
    assert (image[:71] == 200).all()
    assert (image[:, :29] == 200).all()


class Wall:
    """A camera that films a white wall."""

    is_live = False
    lag_seconds = 0.0

    def next_frame(self, is_wanted):
        SYSTEM_CLOCK.wait(0.01)
        return np.full((72, 128, 3), 255, np.uint8)

    def release(self):
        pass


def blanked_share(image) -> float:
    return float((image == FILL).all(axis=2).mean())


def test_from_the_first_on_no_frame_shows_an_area_and_each_says_which_it_leaves_out():
    with Capture(Wall, stall_seconds=5, privacy_areas=(DOOR,)) as capture:
        frame = capture.newest_frame(0, timeout_seconds=5)
        assert (frame.sequence, frame.blanked_areas, blanked_share(frame.image)) == (1, (DOOR,), 0.125)
        capture.privacy_areas = ()
        while (frame := capture.newest_frame(frame.sequence, timeout_seconds=5)).blanked_areas:
            pass
        assert blanked_share(frame.image) == 0


def test_a_picture_file_shows_again_what_was_left_out_of_it(tmp_path):
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((72, 128, 3), 255, np.uint8))
    source = open_source(str(path))
    blank(source.next_frame(), [DOOR])
    assert blanked_share(source.next_frame()) == 0
    source.release()


def with_areas(*areas: PrivacyArea) -> EffectiveSettings:
    return EffectiveSettings("demo", False, 5, 365, None, None, areas)


def test_areas_are_followed_without_closing_the_camera():
    shutter = Shutter(stall_seconds=5, clock=SYSTEM_CLOCK)
    assert shutter.apply(with_areas())
    seen = next(captured for captured in shutter.frames(lambda: True) if captured)
    assert shutter.apply(with_areas(DOOR))
    assert not shutter.is_current(seen), "what is still being read of it is forgotten"
    later = next(each for each in shutter.frames(lambda: True) if each and each.frame.blanked_areas)
    assert later.capture is seen.capture
    assert shutter.is_current(later)
    assert not shutter.apply(with_areas(DOOR)), "nothing changed"
    shutter.release_camera()


def test_from_the_click_on_only_pictures_without_the_area_are_shown(hub):  # noqa: F811
    hub.receive(AnnotatedPicture(b"all", 1000, (640, 360)))
    hub.apply_settings(with_areas(DOOR))
    assert hub.newest_frame().is_card
    hub.receive(AnnotatedPicture(b"late", 1001, (640, 360)))
    assert hub.newest_frame().is_card
    hub.receive(
        AnnotatedPicture(b"more than that", 1002, (640, 360), areas=(PrivacyArea(0, 0, 1, 0.1), DOOR))
    )
    assert hub.newest_frame().jpeg == b"more than that"


@pytest.mark.parametrize("hide_faces", [False, True])
def test_people_see_that_an_area_is_left_out_on_purpose(hide_faces):
    image = np.full((720, 1280, 3), 200, np.uint8)
    blank(image, [DOOR])
    drawn = annotate(image, [], hide_faces, areas=[DOOR])
    place = DOOR.slices(720, 1280)
    assert set(np.unique(drawn[place])) == {FILL, HATCH}
    assert 0.2 < (drawn[place] == HATCH).mean() < 0.3
    drawn[place] = 200
    assert (drawn[:100] == 200).all()


@pytest.fixture
def administrator(app):
    return signed_in_client(app, "anna")


def save(client, *areas: tuple):
    """Send the page's form with these areas, four numbers each, as a person would write them."""
    form = {side: [area[index] for area in areas] for index, side in enumerate(PrivacyArea._fields)}
    return client.post(
        "/settings/areas", data=form | {"csrf_token": csrf_of(client.get("/settings/areas").text)}
    )


def areas_of(app) -> tuple[PrivacyArea, ...]:
    return first_settings(app).areas


def test_areas_are_stored_as_fractions_and_shown_as_they_were_written(app, administrator):
    assert (
        save(
            administrator, ("10", "20.5", "30", "40"), ("", "", "", ""), ("90", "0", " 10,0 ", "100")
        ).status_code
        == 302
    )
    assert areas_of(app) == (PrivacyArea(0.1, 0.205, 0.3, 0.4), PrivacyArea(0.9, 0, 0.1, 1))
    page = administrator.get("/settings/areas").text
    assert 'value="20.5"' in page
    assert "Privacy areas: 2" in administrator.get("/settings").text
    assert "2 parts of the picture are blanked" in administrator.get("/notice").text
    assert save(administrator).status_code == 302
    assert areas_of(app) == ()
    assert "blanked" not in administrator.get("/notice").text


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (("a", "0", "10", "10"), "must be between 0 and 100"),
        (("", "0", "10", "10"), "must be between 0 and 100"),
        (("nan", "0", "10", "10"), "must be between 0 and 100"),
        (("-1", "0", "10", "10"), "must be between 0 and 100"),
        (("0", "0", "1e9", "10"), "must be between 0 and 100"),
        (("0", "0", "0", "10"), "at least 1."),
        (("95", "0", "10", "10"), "past the right edge"),
        (("0", "95", "10", "10"), "past the bottom edge"),
    ],
)
def test_an_area_that_can_t_be_is_refused_and_nothing_that_was_typed_is_lost(app, administrator, area, said):
    answer = save(administrator, ("1", "2", "3", "4"), area)
    assert answer.status_code == 400
    assert "Area 2: " in answer.text
    assert said in answer.text
    assert f'value="{area[2]}"' in answer.text
    assert areas_of(app) == ()


def test_there_are_twenty_areas_at_most(app, administrator):
    assert save(administrator, *[("0", "0", "10", "10")] * MAX_AREAS).status_code == 302
    answer = save(administrator, *[("0", "0", "10", "10")] * (MAX_AREAS + 1))
    assert answer.status_code == 400
    assert "At most 20 areas are allowed; there are 21." in answer.text
    assert len(areas_of(app)) == MAX_AREAS


def test_a_part_of_the_picture_is_left(app, administrator):
    answer = save(administrator, ("0", "0", "100", "60"), ("0", "50", "100", "50"))
    assert answer.status_code == 400
    assert "Leave at least a tenth" in answer.text
    assert save(administrator, ("0", "0", "100", "50"), ("0", "30", "100", "60")).status_code == 302


def test_a_form_with_missing_numbers_is_refused(administrator):
    token = csrf_of(administrator.get("/settings/areas").text)
    answer = administrator.post("/settings/areas", data={"left": "1", "csrf_token": token})
    assert answer.status_code == 400
    assert "four numbers" in answer.text


def test_pictures_of_faces_are_covered_with_one_click(app, administrator):
    save(administrator, ("1", "2", "3", "4"))
    assert 'id="pictures"' not in administrator.get("/settings/areas").text
    poster = PrivacyArea(0.5, 0.25, 0.1, 0.125)
    camera = CameraState(True, None, None, MORNING, 25.0)
    first_hub(app).receive(MonitorStatus(camera, None, 5, 0, pictures=(poster,)))
    page = administrator.get("/settings/areas").text
    assert "1 face keeps still while others move." in page
    form = page.partition('id="pictures"')[2].partition("</form>")[0]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    sent = {name: [value for other, value in fields if other == name] for name, _ in fields}
    assert administrator.post("/settings/areas", data=sent).status_code == 302
    assert areas_of(app) == (PrivacyArea(0.01, 0.02, 0.03, 0.04), poster)
    assert 'id="pictures"' not in administrator.get("/settings/areas").text


def test_areas_stay_when_the_camera_changes_and_the_page_says_so(app, administrator):
    with app.app_context():
        room_queries.change_room(
            room_queries.get_or_create_room("Room 7"), camera="rtsp://user:pa55word@door/"
        )
    save(administrator, ("1", "2", "3", "4"))
    assert "were drawn for" not in administrator.get("/settings/areas").text
    with app.app_context():
        room_queries.change_room(room_queries.get_or_create_room("Room 7"), camera="0")
    page = administrator.get("/settings/areas").text
    assert "were drawn for the camera <code>rtsp://door/</code>" in page
    assert len(areas_of(app)) == 1
    save(administrator, ("1", "2", "3", "4"))
    assert "were drawn for" not in administrator.get("/settings/areas").text


def test_only_administrators_draw_areas(app, administrator):
    with app.app_context():
        token = user_queries.create_token(user_queries.set_password("ben", "a long password"), MORNING)
    ben = app.test_client()
    ben.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert ben.get("/settings/areas").status_code == 403
    assert ben.post("/settings/areas", data={}).status_code == 403


def test_an_area_is_left_out_of_the_picture_of_a_tried_camera_too(administrator):
    save(administrator, ("50", "25", "25", "50"))
    form = {"kind": "demo", "csrf_token": csrf_of(administrator.get("/settings").text)}
    tried = administrator.post("/settings/camera", data=form).json
    picture = base64.b64decode(tried["picture"].partition(",")[2])
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert abs(int(np.median(image[DOOR.slices(*image.shape[:2])])) - FILL) <= 2
