"""A picture to try: on the page and through the API, by the real process, with nothing kept."""

import base64
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from app.demo import Classroom
from app.purpose import Purpose
from app.store import room_queries, user_queries
from app.store.effective_settings import first_room
from app.trial.pipe import Request
from app.trial.trial_process import TrialProcess, TrialRefused
from app.vision.detector_choice import CASCADES
from app.vision.emotion import EMOTIONS
from app.vision.model_card import read_model_card
from app.web import upload_slot
from app.web.upload_slot import MAX_TRIED_AT_ONCE
from tests.browser import close, sign_in
from tests.forms import csrf_of, signed_in_client
from tests.screenshots import LAPTOP
from tests.server import Server
from tests.test_accessible import serious
from tests.test_picture import EVERY_KIND, png_bomb, rotated_back, saved

SIZE = (960, 720)
MORNING = datetime(2026, 11, 21, 10, 6, 10, tzinfo=UTC)
"""A moment at which the seven who face the camera are found with ease; one looks away."""

FACING = [
    ((student.box.x + student.box.width / 2, student.box.y + student.box.height / 2), student.box.width)
    for student in Classroom(8, SIZE).truth(MORNING)
    if student.is_facing
]
"""Centre and width of each face that is turned to the camera."""


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    return Image.fromarray(Classroom(8, SIZE).draw(MORNING)[..., ::-1].copy())


@pytest.fixture(scope="module")
def process():
    trial = TrialProcess(lambda: CASCADES)
    yield trial
    trial.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("try") / "server", {"CAMERA": "demo", "DETECT_FPS": "1"}) as server:
        yield server


@pytest.fixture
def trying(api, app, process):
    """A program with a token; pictures go to the process of all tests here, which has loaded the network."""
    app.extensions["trial_process"] = process
    return api


def centres(answer: dict) -> np.ndarray:
    """The middle of each face, from left to right."""
    boxes = np.array([face["box"] for face in answer["faces"]], float)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    return middles[middles[:, 0].argsort()]


@pytest.fixture(scope="module")
def right_answer(process, drawn) -> dict:
    return process.ask(Request.ANALYSE, saved(drawn, "PNG"))


def centres_of_those_who_face(answer: dict) -> np.ndarray:
    """For each student who faces the camera, the centre of the face that is nearest."""
    found = centres(answer)
    return np.array([found[np.abs(found - middle).max(axis=1).argmin()] for middle, _ in FACING])


def test_the_faces_are_where_the_students_sit(right_answer):
    for found, (middle, width) in zip(centres_of_those_who_face(right_answer), FACING, strict=True):
        assert np.abs(found - middle).max() < width / 3
    assert len(right_answer["faces"]) in (7, 8)


def assert_same_faces(answer: dict, right_answer: dict) -> None:
    """The one who looks away may be missed."""
    away = np.abs(centres_of_those_who_face(answer) - centres_of_those_who_face(right_answer))
    assert away.max() < 12


KINDS = ["TIFF", "GIF", "TGA", "HEIC", "AVIF", "PNG with 16 bits", "JPEG in CMYK"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_faces_are_found_in_every_kind_of_picture(process, drawn, right_answer, kind):
    answer = process.ask(Request.ANALYSE, EVERY_KIND[kind](drawn))
    assert_same_faces(answer, right_answer)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_same_faces_are_found_however_the_camera_was_held(process, drawn, right_answer, orientation):
    turned, exif = rotated_back(drawn, orientation)
    answer = process.ask(Request.ANALYSE, saved(turned, "JPEG", exif=exif.tobytes(), quality=95))
    assert (answer["width"], answer["height"]) == SIZE
    assert_same_faces(answer, right_answer)


@pytest.mark.parametrize("picture", [png_bomb(60_000, 60_000), b"This is text.\n" * 99])
def test_what_can_not_be_read_is_refused_and_the_next_picture_is_read(process, drawn, picture):
    with pytest.raises(TrialRefused):
        process.ask(Request.ANALYSE, picture)
    assert process.ask(Request.ANALYSE, saved(drawn, "PNG"))["faces"]


def test_a_process_that_dies_is_started_again(process, drawn):
    process._process.kill()
    process._process.wait()
    assert process.ask(Request.ANALYSE, saved(drawn, "PNG"))["faces"]


def test_a_crowd_is_sent_away_before_its_pictures_are_read(app):
    client = signed_in_client(app)
    places = [upload_slot._slots.acquire(blocking=False) for _ in range(MAX_TRIED_AT_ONCE)]
    try:
        page = client.get("/try").text
        answer = client.post("/try", data={"csrf_token": csrf_of(page)})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "Try again in a few seconds" in answer.text
    finally:
        for _ in places:
            upload_slot._slots.release()
    for _ in range(MAX_TRIED_AT_ONCE + 1):  # each request gives its place back
        assert client.post("/try", data={"csrf_token": csrf_of(page)}).status_code == 422


def test_what_is_no_crop_is_refused(app):
    client = signed_in_client(app)
    for crop in ("é", "AA", "%%"):
        page = client.get("/try").text
        answer = client.post("/try/why", data={"csrf_token": csrf_of(page), "crop": crop})
        assert answer.status_code == 422


def test_the_process_can_open_no_file(process, drawn):
    process.ask(Request.ANALYSE, saved(drawn, "PNG"))
    limits = Path(f"/proc/{process._process.pid}/limits").read_text()
    assert re.search(r"Max file size\s+0\s+0", limits)
    least, most = re.search(r"Max open files\s+(\d+)\s+(\d+)", limits).groups()
    assert least == most
    assert int(most) < 64


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux chooses by a score")
def test_where_memory_runs_out_the_process_ends_and_no_monitor(process, drawn):
    process.ask(Request.ANALYSE, saved(drawn, "PNG"))
    assert Path(f"/proc/{process._process.pid}/oom_score_adj").read_text().strip() == "1000"


def test_the_api_gives_boxes_scores_and_the_network(trying, drawn):
    answer = trying.post("/api/v1/analyse", data=saved(drawn, "JPEG"), content_type="image/jpeg")
    assert answer.status_code == 200, answer.text
    assert (answer.json["width"], answer.json["height"]) == SIZE
    assert answer.json["model"] == read_model_card().sha256
    assert len(answer.json["faces"]) >= 7
    for face in answer.json["faces"]:
        assert set(face) == {
            "box", "detector", "rotation", "face_probability", "scores", "expression", "why"
        }  # fmt: skip
        if face["scores"] is not None:
            assert set(face["scores"]) == set(EMOTIONS)
            assert sum(face["scores"].values()) == pytest.approx(1, abs=0.01)
        assert (face["why"] is None) == (face["expression"] in EMOTIONS)
    form = {"image": (io.BytesIO(saved(drawn, "PNG")), "a.png")}
    assert len(trying.post("/api/v1/analyse", data=form).json["faces"]) >= 7


def test_small_faces_are_found_and_not_read(process):
    small = Image.fromarray(Classroom(8, (320, 240)).draw(MORNING)[..., ::-1].copy())
    faces = process.ask(Request.ANALYSE, saved(small, "PNG"))["faces"]
    too_small = [face for face in faces if face["why"] == "too-small"]
    assert too_small
    assert all(face["scores"] is face["expression"] is None and face["box"][2] < 36 for face in too_small)


def test_a_key_that_may_only_read_may_try_a_picture(app, process, drawn):
    app.extensions["trial_process"] = process
    with app.app_context():
        user = user_queries.set_password("anna", "a long password", administrator=True)
        key = user_queries.create_token(user, datetime.now(UTC), is_read_only=True)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png"}
    picture = saved(drawn, "PNG")
    assert app.test_client().post("/api/v1/analyse", data=picture, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 422, "No picture was sent"),
        (b"This is text.\n" * 99, 422, "not a picture"),
        (png_bomb(60_000, 60_000), 422, "pixels"),
        (bytes(2**25 + 1), 413, "larger than 32 MB"),
    ],
)
def test_the_api_says_in_a_sentence_why_it_reads_nothing(trying, body, status, words):
    answer = trying.post("/api/v1/analyse", data=body, content_type="image/png")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert words in json.loads(answer.text)["detail"]


@pytest.fixture
def page(chromium, server):
    context = chromium.new_context(viewport=LAPTOP, locale="en")
    page = context.new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/try")
    yield page
    close(context)


def choose(page, picture: bytes, name: str = "class.png") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": picture})
    page.locator(".face").first.wait_for(timeout=90_000)  # milliseconds; the first picture loads the network


def test_a_chosen_picture_shows_its_faces_and_why(page, drawn):
    choose(page, saved(drawn, "PNG"))
    expect(page.locator(".face")).to_have_count(8)
    expect(page.locator(".shown rect.box")).to_have_count(8)
    expect(page.locator(".scores").first.locator("tr")).to_have_count(7)
    page.locator(".why summary").first.click()
    expect(page.locator(".why .map").first).to_be_visible()
    expect(page.locator(".map-said").first).to_contain_text("percentage points")
    assert serious(page) == []


def test_a_dropped_and_a_pasted_picture_are_read_and_text_is_told_why_not(page, drawn):
    for event, where in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        transfer = page.evaluate_handle(
            """async (address) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([await (await fetch(address)).arrayBuffer()], "a.svg"));
                return transfer;
            }""",
            f"{page.url.removesuffix('/try')}/static/icon.svg",
        )
        page.evaluate(
            """([event, where, transfer]) => {
                const happened = new Event(event, { bubbles: true, cancelable: true });
                happened[where] = transfer;
                document.getElementById("try").dispatchEvent(happened);
            }""",
            [event, where, transfer],
        )
        expect(page.locator("#said")).to_contain_text("not a picture")
        page.evaluate("document.getElementById('said').textContent = ''")
    choose(page, saved(drawn, "PNG"))
    expect(page.locator(".face")).to_have_count(8)


def test_where_every_room_only_counts_faces_no_expression_is_read(app, api, drawn):
    picture, crop = saved(drawn, "PNG"), base64.b64encode(saved(drawn.resize((48, 48)), "PNG"))
    browser = signed_in_client(app)
    csrf = csrf_of(browser.get("/try").text)
    with app.app_context():
        room = first_room()
        room_queries.change_room(room, purpose=Purpose.PRESENCE)
    page = browser.get("/try").text
    assert "only counts faces" in page
    assert 'type="file"' not in page
    answers = (
        api.post("/api/v1/analyse", data=picture, content_type="image/png"),
        browser.post("/try", data={"picture": (io.BytesIO(picture), "a.png"), "csrf_token": csrf}),
        browser.post("/try/why", data={"crop": crop, "csrf_token": csrf}),
    )
    assert [answer.status_code for answer in answers] == [409] * 3
    assert all("only counts faces" in answer.json["detail"] for answer in answers)
    assert app.extensions["trial_process"]._process is None, "the network was never loaded"
    with app.app_context():
        room_queries.create_room("Lab")  # which reads expressions
    try:
        answer = api.post("/api/v1/analyse", data=picture, content_type="image/png")
        assert answer.status_code == 200, answer.text
    finally:
        app.extensions["trial_process"].close()


def test_what_is_refused_takes_the_result_before_it_away(page, drawn, tmp_path):
    choose(page, saved(drawn, "PNG"))
    huge = tmp_path / "huge.png"
    huge.write_bytes(bytes(2**25 + 1))
    page.set_input_files("#file", huge)
    expect(page.locator("#said")).to_have_text("The picture is larger than 32 MB.")
    expect(page.locator(".face")).to_have_count(0)


def test_the_form_works_without_scripts(chromium, server, drawn):
    context = chromium.new_context(java_script_enabled=False, locale="de")
    page = context.new_page()
    try:
        sign_in(page, server)
        page.goto(f"{server.url}/try")
        page.set_input_files(
            "#file", {"name": "a.png", "mimeType": "image/png", "buffer": saved(drawn, "PNG")}
        )
        page.locator("#send").click(timeout=90_000)
        expect(page.locator(".face")).to_have_count(8)
        expect(page.locator("#found")).to_contain_text("8 Gesichter")
    finally:
        context.close()


def test_the_drawn_classroom_leads_to_the_page(page, server):
    page.goto(server.url)
    page.get_by_role("link", name="Try a picture of your own").click()
    page.wait_for_url("**/try")


def test_nothing_of_a_tried_picture_is_kept(page, server, drawn):
    picture = saved(drawn.resize((2400, 1800)), "PNG")
    assert len(picture) > 500 * 1024  # Werkzeug alone would write it to a file
    folder = server.log_path.parent
    before = {path for path in folder.rglob("*") if path.is_file()}
    choose(page, picture, "secret-name.png")
    expect(page.locator(".face").first).to_be_visible()
    after = {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in after - before} <= {"records.sqlite-wal", "records.sqlite-shm"}
    for path in after:
        content = path.read_bytes()
        assert b"secret-name" not in content
        assert picture[1000:1064] not in content
