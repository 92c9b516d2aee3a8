"""What a report says of what students said, with faces and without."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pypdf
import pytest
from sqlalchemy import event, update

from app.pulse.choice import Choice
from app.pulse.correlation import pooled, rank_correlation
from app.purpose import Purpose
from app.report.exports import FORMATS
from app.report.lecture_report import ReportConditions, report_of
from app.report.summary import doubts, summary_sentence
from app.store import lecture_queries, minute_queries
from app.store.counted_minute import CountedMinute
from app.store.tables import Poll, PulseMinute, db
from app.vision.model_card import read_model_card
from tests.forms import signed_in_client

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONDITIONS = ReportConditions(5, read_model_card())
BERLIN = ZoneInfo("Europe/Berlin")


def make_up(
    room, purpose: Purpose, lost=lambda number: 9 if 10 <= number < 14 else 2, sad=None, minutes: int = 20
):
    """Minutes in which 20 answered; in the first, too few."""
    lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON, purpose=purpose)
    for number in range(minutes):
        minute = NOON + timedelta(minutes=number)
        counts = (None,) * 4
        if number:
            counts = (18 - lost(number), lost(number), 1, 1)
        names = dict(zip(("clear", "lost", "too_fast", "too_slow"), counts, strict=True))
        db.session.add(PulseMinute(lecture_id=lecture.id, minute=minute, minimum_group=5, **names))
        if sad is not None:
            spans = (0, 0, 0, 0, 600 * sad(number), 0, 600 * (1 - sad(number)), 0)
            counted = CountedMinute(minute, lecture.id, 60, 300, 10, 600, spans)
            minute_queries.save_minute(room, counted, minimum_group=5)
    poll = {"text": "Which one?", "answers": ["A", "B"], "counts": [12, 5], "is_shown": True}
    asked = {"asked_at": NOON + timedelta(minutes=3), "ended_at": NOON + timedelta(minutes=4)}
    db.session.add(Poll(lecture_id=lecture.id, **asked, **poll))
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=minutes))
    return lecture


def texts_of(report) -> dict[str, str]:
    """The words of each file."""
    files = {name: export.write(report, BERLIN) for name, export in FORMATS.items()}
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    cells = (str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None)
    pages = pypdf.PdfReader(io.BytesIO(files["pdf"])).pages
    return {
        "json": files["json"].decode(),
        "csv": files["csv"].decode("utf-8-sig"),
        "xlsx": "\n".join(cells),
        "pdf": " ".join(page.extract_text() for page in pages),
    }


def test_the_report_of_a_lecture_without_camera_is_complete(app, room):
    lecture = make_up(room, Purpose.PULSE)
    report = report_of(lecture, NOON, CONDITIONS)
    assert summary_sentence(report, BERLIN) == (
        "20 min; 20 answered on average, they said mostly “clear” (73 %), most were lost at 13:10 (45 %)."
    )
    assert doubts(report) == []
    texts = texts_of(report)
    for name in ("csv", "xlsx", "pdf"):
        for word in ("happy", "face", "camera", "network"):
            assert word not in texts[name], (name, word)
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert rows[0]["pulse_answered"] == "", "too few is a gap, never a zero"
    assert (rows[10]["pulse_answered"], rows[10]["pulse_lost"]) == ("20", "9")
    assert 0.2 < float(rows[10]["pulse_lost_low"]) < 0.45 < float(rows[10]["pulse_lost_high"]) < 0.7
    page = signed_in_client(app).get(f"/lectures/{lecture.id}").text.partition("<main>")[2]
    assert "What students said" in page
    assert "Which one?" in page
    for words in ("Seen by the camera", "happy", "Biggest changes", "Faces"):
        assert words not in page, words


def test_pulse_and_faces_stand_side_by_side_in_every_file(room):
    report = report_of(make_up(room, Purpose.EXPRESSIONS, sad=lambda number: 0.1), NOON, CONDITIONS)
    texts = texts_of(report)
    data = json.loads(texts["json"])
    tenth = data["minutes"][10]
    assert tenth["pulse"]["counts"] == {"clear": 9, "lost": 9, "too_fast": 1, "too_slow": 1}
    assert tenth["pulse"]["lost_rises"] is True
    assert tenth["shares"] is not None
    assert data["minutes"][0]["pulse"]["counts"] is None
    assert data["pulse"]["polls"][0]["counts"] == [12, 5]
    assert data["pulse"]["answered_mean"] == 20
    for text in texts.values():
        assert "lost" in text
        assert "neutral" in text
    assert "3 / 3" in texts["pdf"]


def test_a_lecture_whose_pulse_was_off_has_no_word_of_it(room):
    lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON)
    spans = (0, 0, 0, 0, 60, 0, 540, 0)
    minute_queries.save_minute(
        room, CountedMinute(NOON, lecture.id, 60, 300, 10, 600, spans), minimum_group=5
    )
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=1))
    report = report_of(lecture, NOON, CONDITIONS)
    texts = texts_of(report)
    assert report.pulse is None
    assert json.loads(texts["json"])["pulse"] is None
    assert "pulse" not in texts["csv"] + texts["xlsx"] + texts["pdf"]


@pytest.mark.parametrize(
    ("sad", "words"),
    [
        (lambda number: 0.05 * (number * 7 % 11), "more faces looked unpleasant"),
        (lambda number: 0.55 - 0.05 * (number * 7 % 11), "the opposite of the students"),
        (lambda number: 0.05 * (number * number * 3 % 7), "do not go together"),
    ],
)
def test_a_report_says_how_far_faces_and_answers_go_together(app, room, sad, words):
    lecture = make_up(room, Purpose.EXPRESSIONS, lost=lambda number: number * 7 % 11, sad=sad)
    report = report_of(lecture, NOON, CONDITIONS)
    assert report.pulse.correlation.minutes == 19
    assert words in signed_in_client(app).get(f"/lectures/{lecture.id}").text
    assert words in texts_of(report)["pdf"].replace("\n", " ")


def test_the_lectures_of_a_course_make_one_figure(app, room):
    for _ in range(2):
        make_up(
            room, Purpose.EXPRESSIONS, lambda number: number * 7 % 11, lambda number: 0.05 * (number * 7 % 11)
        )
    client = signed_in_client(app)
    page = client.get("/courses?name=7b").text
    assert "Over the lectures of this course:" in page
    assert "38 minutes" in page
    assert "Over the lectures" not in client.get("/lectures").text


def leave_too_few(lecture) -> None:
    """Take the counts out of every minute of a lecture."""
    nothing = dict.fromkeys(Choice)
    db.session.execute(update(PulseMinute).where(PulseMinute.lecture_id == lecture.id).values(nothing))
    db.session.commit()


def test_a_course_shows_what_students_said_lecture_by_lecture(app, room):
    make_up(room, Purpose.PULSE)
    page = signed_in_client(app).get("/courses?name=7b").text
    assert "What students said, lecture by lecture" in page
    assert "<title>2026-11-20 · Algebra: 17 % (7–39 %)</title>" in page
    assert "<td>20.0</td><td>73 %<small>51–87</small></td><td>17 %<small>7–39</small></td>" in page
    assert "sample of the class" in page
    assert "Faces" not in page.partition("<main>")[2], "no column for a camera that is not there"


def test_a_course_says_where_too_few_answered_and_where_nobody_was_asked(app, room):
    make_up(room, Purpose.PULSE)
    leave_too_few(make_up(room, Purpose.PULSE))
    lecture_queries.end_lecture(lecture_queries.start_lecture(room, "Geometry", "7b", NOON), NOON)
    page = signed_in_client(app).get("/courses?name=7b").text
    assert '<td colspan="5">too few answered</td>' in page
    assert '<td colspan="5">–</td>' in page
    assert page.count(" · Algebra: 17 % (7–39 %)</title>") == 1


def test_a_course_in_which_always_too_few_answered_shows_no_answers(app, room):
    leave_too_few(make_up(room, Purpose.PULSE))
    page = signed_in_client(app).get("/courses?name=7b").text
    assert "What students said" not in page.partition("All lectures")[0]
    assert "Answers" not in page


def test_a_course_loads_the_pulse_of_all_its_lectures_in_one_query(app, room):
    for _ in range(3):
        make_up(room, Purpose.PULSE)
    client, queries = signed_in_client(app), []
    event.listen(db.engine, "before_cursor_execute", lambda *what: queries.append(what[2]))
    client.get("/courses?name=7b")
    assert len([query for query in queries if "FROM pulse_minute" in query]) == 1


def test_two_lectures_are_compared_by_what_students_said(app, room):
    one = make_up(room, Purpose.PULSE, lambda number: 0, minutes=21)
    two = make_up(room, Purpose.PULSE, lambda number: 14, minutes=21)
    page = signed_in_client(app).get(f"/lectures/compare?a={one.id}&b={two.id}").text
    assert "Differences in what students said" in page
    found = re.findall(r'<td class="difference">(.*?)</td><td>(?:<.*?>)(.*?)<', page)
    assert found == [("−70", "yes"), ("+70", "yes"), ("±0", "could be chance"), ("±0", "could be chance")]


def test_two_lectures_without_enough_answers_are_not_compared(app, room):
    one, two = make_up(room, Purpose.PULSE), make_up(room, Purpose.PULSE)
    leave_too_few(two)
    page = signed_in_client(app).get(f"/lectures/compare?a={one.id}&b={two.id}").text
    assert "Differences" not in page


def test_the_correlation_is_spearmans():
    """Against the textbook's formula 1 - 6 Σd² / (n³ - n), which holds without ties."""
    chance = Random(3)
    first, second = chance.sample(range(100), 15), chance.sample(range(100), 15)
    distances = sum(
        (sorted(first).index(a) - sorted(second).index(b)) ** 2 for a, b in zip(first, second, strict=True)
    )
    expected = 1 - 6 * distances / (15**3 - 15)
    assert rank_correlation(first, second).value == pytest.approx(expected)


def test_few_minutes_and_minutes_that_never_change_say_nothing():
    assert rank_correlation(range(9), range(9)) is None
    assert rank_correlation([1.0] * 20, list(range(20))) is None
    certain = rank_correlation(range(12), range(12))
    assert certain.value == pytest.approx(1)
    assert certain.low < 1 <= certain.high + 1e-4


def test_the_interval_contains_no_correlation_in_19_of_20_unrelated_lectures():
    """Also where each minute resembles the one before, as it does in a class."""
    numbers = np.random.default_rng(5)

    def series(memory: float) -> np.ndarray:
        values = [numbers.normal()]
        for _ in range(44):
            values.append(memory * values[-1] + (1 - memory**2) ** 0.5 * numbers.normal())
        return np.array(values)

    for memory in (0.0, 0.8):
        found = [rank_correlation(series(memory), series(memory)) for _ in range(400)]
        right = sum(each.low <= 0 <= each.high for each in found)
        assert 0.9 <= right / 400 <= 0.99, memory


def test_several_lectures_make_one_figure_with_a_narrower_interval():
    chance = Random(4)
    lectures = []
    for _ in range(6):
        first = [chance.random() for _ in range(40)]
        lectures.append(rank_correlation(first, [each + chance.random() for each in first]))
    whole = pooled(lectures)
    assert whole.minutes == 240
    assert whole.high - whole.low < min(each.high - each.low for each in lectures)
    assert min(each.value for each in lectures) < whole.value < max(each.value for each in lectures)
    assert pooled([]) is None
