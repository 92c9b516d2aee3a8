"""A room for presence: its monitor never has the expression network, and nothing shows an expression."""

import io
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest

from app.bus.live_reading import summarise
from app.monitor.live_figures import LiveFigures
from app.monitor.minute_aggregator import MinuteAggregator
from app.purpose import Purpose
from app.report.exports import FORMATS
from app.report.lecture_report import ReportConditions, report_of
from app.report.report_minute import MinuteStatus
from app.report.summary import summary_sentence
from app.store import lecture_queries, minute_queries, room_queries
from app.store.counted_minute import CountedMinute
from app.store.effective_settings import effective_settings, first_room
from app.vision.emotion import EXPRESSIONS
from app.vision.frame import Box, Face, Reading
from app.vision.model_card import read_model_card
from tests.forms import csrf_of, signed_in_client
from tests.rooms import first_settings
from tests.server import PROJECT, wait_for

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONDITIONS = ReportConditions(5, read_model_card())
WORDS = re.compile(rf"\b({'|'.join(EXPRESSIONS)})\b")
NETWORK_CODE = (
    "{'ai_edge_litert', 'app.vision.expression_network', 'app.vision.model_card', 'app.expression_names'}"
)


def reading(second: float, *turns: bool | None) -> Reading:
    faces = tuple(Face(track, Box(0, 0, 60, 60), None, None, turn) for track, turn in enumerate(turns))
    return Reading(NOON + timedelta(seconds=second), second, faces, Purpose.PRESENCE)


def minute_of(*readings: Reading, minimum_group: int = 5) -> CountedMinute:
    aggregator = MinuteAggregator()
    for each in readings:
        aggregator.add(each, None, minimum_group)
    (minute,) = aggregator.unwritten_minutes()
    return minute


def loaded(pid: int) -> str:
    """What a process has mapped and which files it holds open."""
    process = Path(f"/proc/{pid}")
    files = [str(link.readlink()) for link in (process / "fd").iterdir() if link.is_symlink()]
    return "\n".join([(process / "maps").read_text(), *files])


def test_the_monitor_of_a_presence_room_has_neither_litert_nor_the_network(start_server):
    """The same room before, when it read expressions, had them: so the test can fail."""
    server = start_server(MINIMUM_GROUP="1")
    now = wait_for(lambda: (found := server.get("/api/v1/now")).status == 200 and found.json)
    assert now["purpose"] == "expressions"
    (before,) = server.monitor_pids()
    assert "ai_edge_litert" in loaded(before)
    server.change_database("UPDATE room SET purpose = 'presence'")
    server.tell_monitor()
    wait_for(lambda: before not in server.monitor_pids())

    def presence():
        found = server.get("/api/v1/now")
        return found.status == 200 and found.json["faces"] > 5 and found.json

    now = wait_for(presence)
    (pid,) = server.monitor_pids()
    assert not re.search(r"ai_edge_litert|\.tflite|emotion_cnn", loaded(pid))
    assert (now["purpose"], now["shares"], now["uncertain"], now["valence"]) == ("presence", None, None, None)
    assert server.get("/api/v1/state").json["purpose"] == "presence"
    assert "purpose was changed" in server.log


def test_a_process_for_presence_loads_no_code_of_the_network_and_opens_no_file_of_models():
    code = (
        "import sys; opened = [];"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])));"
        "import numpy, app.monitor.process; from app.purpose import Purpose;"
        "from app.vision.face_analyser import FaceAnalyser; from app.vision.frame import Frame;"
        "analyser = FaceAnalyser(purpose=Purpose(sys.argv[1]));"
        "analyser.analyse(Frame(numpy.zeros((240, 320, 3), 'uint8'), 1, None, 0.0));"
        f"print({NETWORK_CODE} & set(sys.modules), [path for path in opened if '/models/' in path])"
    )

    def run(purpose: str) -> str:
        command = [sys.executable, "-c", code, purpose]
        return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout

    assert run("presence").strip() == "set() []"
    assert "emotion_cnn.tflite" in run("expressions")


def test_faces_to_the_front_are_counted_by_time_and_no_expression_is():
    minute = minute_of(*(reading(second, *[True] * 4, False) for second in range(31)))
    assert minute.face_seconds == pytest.approx(150)
    assert minute.facing_share == pytest.approx(0.8)
    assert (minute.shares, minute.uncertain_share) == (None, None)


def test_below_the_minimum_group_only_faces_are_counted():
    minute = minute_of(*(reading(second, True, False) for second in range(31)))
    assert minute.is_suppressed
    assert (minute.face_seconds, minute.facing_share) == (60, None)


def test_a_cascade_does_not_say_who_is_turned_to_the_front():
    minute = minute_of(*(reading(second, *[None] * 3) for second in range(31)))
    assert not minute.is_suppressed, "nothing is withheld: nothing is known"
    assert (minute.face_seconds, minute.facing_share) == (90, None)
    assert summarise(reading(0, None, None), 5).facing is None


def test_one_who_leaves_a_group_of_six_can_not_be_computed_from_who_is_turned():
    figures = LiveFigures()
    before = figures.publish(reading(0, *[True] * 5, False), 5)
    after = figures.publish(reading(1, *[True] * 5), 5)
    assert after.facing == before.facing == pytest.approx(5 / 6)
    assert after.faces == 5


def test_a_minute_in_which_the_purpose_changed_keeps_no_expression(room):
    begun = CountedMinute(NOON, None, 30, 150, 6, 180, (0, 0, 0, 180, 0, 0, 0, 0))
    presence = minute_of(*(reading(second, *[True] * 6) for second in range(31)))
    minute_queries.save_minute(room, begun.merged_with(presence), minimum_group=5)
    row = minute_queries.load_minute(room, NOON, None)
    assert (row.shares, row.face_seconds, row.purpose) == (None, 360, Purpose.PRESENCE)


@pytest.fixture
def lecture(room):
    """Four minutes of presence: six faces, no camera, nobody, and six whose turn is not known."""
    lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON, purpose=Purpose.PRESENCE)
    for number, faces, presence in ((0, 6, (270.0, 90.0)), (2, 0, None), (3, 6, None)):
        minute = NOON + timedelta(minutes=number)
        counted = CountedMinute(
            minute,
            lecture.id,
            60,
            300,
            faces,
            60 * faces,
            presence_seconds=presence,
            purpose=Purpose.PRESENCE,
        )
        minute_queries.save_minute(room, counted, minimum_group=5)
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=4))
    return lecture


def test_a_report_of_presence_says_how_many_and_how_they_were_turned(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    assert [minute.status for minute in report.minutes] == [
        MinuteStatus.COUNTED,
        MinuteStatus.GAP,
        MinuteStatus.NOBODY,
        MinuteStatus.COUNTED,
    ]
    assert (report.faces_mean, report.coverage, report.facing_share) == (4, 0.75, 0.75)
    assert report.network_sha256 is None
    sentence = summary_sentence(report, ZoneInfo("UTC"))
    assert "4 faces on average; 75 % of them turned to the front; camera dark 12:01–12:02." in sentence


def test_no_page_file_or_answer_of_a_presence_lecture_has_an_expression(app, lecture):
    client, room = signed_in_client(app), lecture.room
    room_queries.change_room(room, purpose=Purpose.PRESENCE)
    page = f"/lectures/{lecture.id}"
    paths = (
        *(page, f"/lectures/compare?a={lecture.id}&b={lecture.id}", "/lectures", "/rooms/room-7"),
        *("/rooms/room-7/screen", "/rooms/room-7/notice", "/courses?name=7b"),
        *(f"/api/v1{page}/{what}" for what in ("report", "minutes", "unusual")),
        *("/api/v1/minutes", "/api/v1/state", "/api/v1/rooms"),
    )
    for path in paths:
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, path
        assert not WORDS.search(without_scripts(answer.text)), (path, WORDS.search(answer.text))
    assert "75 %" in client.get(page).text


def test_the_files_of_a_presence_lecture_have_no_expression(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    files = {name: format.write(report, ZoneInfo("UTC")) for name, format in FORMATS.items()}
    pages = pypdf.PdfReader(io.BytesIO(files["pdf"])).pages
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    texts = {
        "csv": files["csv"].decode(),
        "json": files["json"].decode(),
        "pdf": " ".join(page.extract_text() for page in pages),
        "xlsx": str([cell.value for sheet in book for row in sheet.iter_rows() for cell in row]),
    }
    for name, text in texts.items():
        assert not WORDS.search(text), name
        assert "Algebra" in text
    assert "facing_share" in texts["csv"].splitlines()[0]
    assert "Turned to the front" in texts["pdf"]
    assert 0.75 in [cell.value for row in book["Minutes"].iter_rows() for cell in row]


def test_a_course_of_presence_shows_its_faces_lecture_by_lecture(app, lecture):
    page = signed_in_client(app).get("/courses?name=7b").text
    assert "Faces, lecture by lecture" in page
    assert "<title>2026-11-20 · Algebra: 4.0</title>" in page
    assert "<title>2026-11-20 · Algebra: 75 %</title>" in page
    assert "<td>4.0</td><td>75 %</td>" in page


def without_scripts(page: str) -> str:
    """A page without the translations that it carries for scripts, which are the same on every page."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_report_keeps_the_purpose_under_which_its_lecture_was_recorded(lecture):
    room = lecture.room
    room_queries.change_room(room, purpose=Purpose.EXPRESSIONS)
    assert report_of(lecture, NOON, CONDITIONS).is_presence
    other = lecture_queries.start_lecture(room, "Geometry", "", NOON + timedelta(hours=1))
    room_queries.change_room(room, purpose=Purpose.PRESENCE)
    assert not report_of(other, NOON + timedelta(hours=2), CONDITIONS).is_presence


def test_while_a_lecture_of_presence_runs_no_setting_brings_expressions(room):
    lecture_queries.start_lecture(room, "Algebra", "", NOON, purpose=Purpose.PRESENCE)
    room_queries.change_room(room, purpose=Purpose.EXPRESSIONS)
    assert effective_settings(room).purpose is Purpose.PRESENCE


@pytest.mark.parametrize("start", ["/lectures", "/api/v1/lectures"])
def test_a_lecture_begins_with_the_purpose_of_its_room(app, start):
    with app.app_context():
        room_queries.change_room(first_room(), purpose=Purpose.PRESENCE)
    client = signed_in_client(app)
    token = csrf_of(client.get("/").text)
    if start == "/lectures":
        client.post(start, data={"title": "Algebra", "csrf_token": token})
    else:
        client.post(start, json={"title": "Algebra"}, headers={"X-CSRFToken": token})
    with app.app_context():
        assert lecture_queries.running_lecture(first_room()).purpose == Purpose.PRESENCE


def test_the_environment_says_what_the_first_room_is_for(make_app):
    app = make_app(PURPOSE="presence")
    assert first_settings(app).purpose is Purpose.PRESENCE
    assert "Set by <code>PURPOSE</code>" in signed_in_client(app).get("/settings").text
