"""A lecture's report, its page and its files."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.report.exports.csv_file import to_csv
from app.report.lecture_report import ReportConditions, report_of
from app.report.report_minute import MinuteStatus, merge_minutes
from app.report.summary import biggest_changes, doubts, summary_sentence
from app.store import lecture_queries, minute_queries, note_queries, room_queries
from app.store.counted_minute import CountedMinute
from app.store.minute_figures import FIGURES
from app.vision.emotion import Emotion
from app.vision.model_card import CARD, MODELS, read_model_card

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONDITIONS = ReportConditions(5, read_model_card())
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def lecture(app_context):
    """Six minutes: read, read with more people, no camera, nobody, too few, read."""
    room = room_queries.get_or_create_room("Room 7")
    lecture = lecture_queries.start_lecture(room, "=Algebra <2>", "7b", NOON + timedelta(seconds=20))
    rows = {0: (40, 10, 1.0), 1: (60, 20, 0.0), 3: (60, 0, 0.0), 4: (60, 2, 1.0), 5: (30, 10, 1.0)}
    for number, (online, faces, happy) in rows.items():
        whole = online * faces
        counts = whole * (faces >= 5)
        spans = (0, 0, 0, counts * happy, 0, 0, counts * (1 - happy), 0)
        minute = NOON + timedelta(minutes=number)
        counted = CountedMinute(minute, lecture.id, online, online * 5, faces, whole, spans)
        minute_queries.save_minute(room, counted, minimum_group=5)
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=5, seconds=30))
    return lecture


def test_a_report_names_what_each_minute_can_say(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    assert [minute.status for minute in report.minutes] == [
        MinuteStatus.READ,
        MinuteStatus.READ,
        MinuteStatus.GAP,
        MinuteStatus.NOBODY,
        MinuteStatus.TOO_FEW,
        MinuteStatus.READ,
    ]
    gap = report.minutes[2]
    assert (gap.faces_mean, gap.shares) == (None, None), "a gap is a gap, never a zero"


def test_a_pause_is_no_dark_camera(lecture):
    room_queries.pause_room(lecture.room, "anna", NOON + timedelta(minutes=2, seconds=5))
    room_queries.resume_room(lecture.room, NOON + timedelta(minutes=2, seconds=50))
    report = report_of(lecture, NOON, CONDITIONS)
    assert report.minutes[2].status is MinuteStatus.PAUSED
    assert summary_sentence(report, BERLIN).endswith("; paused 13:02–13:03.")


def test_a_report_names_the_limit_that_held_in_its_minutes(lecture):
    now_in_force = ReportConditions(20, read_model_card())
    report = report_of(lecture, NOON, now_in_force)
    assert (report.suppressed_below, report.conditions.minimum_group) == (5, 5)


def test_a_running_lecture_is_reported_up_to_its_last_full_minute(app_context):
    room = room_queries.get_or_create_room("Room 7")
    lecture = lecture_queries.start_lecture(room, "Algebra", "", NOON)
    for number in (0, 1):
        minute = NOON + timedelta(minutes=number)
        counted = CountedMinute(minute, lecture.id, 60, 300, 10, 600, (0, 0, 0, 0, 0, 0, 600, 0))
        minute_queries.save_minute(room, counted, minimum_group=5)
    report = report_of(lecture, NOON + timedelta(seconds=90), CONDITIONS)
    assert [minute.minute for minute in report.minutes] == [NOON]
    assert (report.seconds, report.coverage) == (60, 1)
    report = report_of(lecture, NOON + timedelta(seconds=30), CONDITIONS)
    assert report.shares is None
    assert summary_sentence(report, BERLIN) == "0 min; no minute is complete yet."


def test_the_whole_weighs_minutes_by_the_people_in_them(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    assert report.shares[Emotion.HAPPY] == pytest.approx(700 / 1900)
    assert sum(report.shares.values()) + report.uncertain_share == pytest.approx(1)
    assert report.faces_mean == pytest.approx((400 + 1200 + 120 + 300) / 250)
    assert report.coverage == pytest.approx(250 / 310)
    assert report.suppressed_minutes == 1


def test_a_lecture_without_any_minute_has_a_report_of_gaps(app_context):
    lecture = lecture_queries.start_lecture(room_queries.get_or_create_room("Room 7"), "Empty", "", NOON)
    report = report_of(lecture, NOON + timedelta(minutes=3), CONDITIONS)
    assert [minute.status for minute in report.minutes] == [MinuteStatus.GAP] * 3
    assert report.shares is None
    assert report.coverage == 0
    assert len(report_of(lecture, NOON, CONDITIONS).minutes) == 1


def test_the_csv_comes_back_as_it_was_and_is_harmless_in_a_spreadsheet(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    data = to_csv(report, BERLIN)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["minute"] for row in rows][:2] == ["2026-11-20T13:00:00+01:00", "2026-11-20T13:01:00+01:00"]
    assert rows[0]["lecture"] == "'=Algebra <2>"
    assert [row["seen"] for row in rows] == [minute.status for minute in report.minutes]
    for row, minute in zip(rows, report.minutes, strict=True):
        assert (row["happy"] == "") is (minute.shares is None)
        if minute.shares:
            assert float(row["happy"]) == pytest.approx(minute.shares[Emotion.HAPPY], abs=1e-4)


def test_the_json_file_is_what_the_api_gives(api, lecture):
    file = api.get(f"/lectures/{lecture.id}/report.json")
    assert json.loads(file.data) == api.get(f"/api/v1/lectures/{lecture.id}/report").json
    assert file.json["minutes"][2]["shares"] is None
    assert file.headers["Content-Disposition"] == ("attachment; filename=aula_Algebra-2_2026-11-20_1200.json")


def test_a_minute_has_its_figures_under_the_same_names_everywhere(api, lecture):
    for path in ("minutes", "report"):
        minute, *_ = api.get(f"/api/v1/lectures/{lecture.id}/{path}").json["minutes"]
        assert set(FIGURES) <= set(minute)
        assert sum(minute["shares"].values()) + minute["uncertain_share"] == pytest.approx(1)


def test_the_page_shows_title_minutes_and_gaps_without_taking_the_title_for_html(api, lecture):
    page = api.get(f"/lectures/{lecture.id}").text
    assert "=Algebra &lt;2&gt;" in page
    assert "<2>" not in page
    assert page.count('<rect class="is-gap"') == 1
    assert re.search(
        r'<th scope="row">12:02</th>\s*<td>–</td>\s*<td>–</td>\s*<td colspan="8">no camera', page
    )
    assert "nobody in view" in page
    assert "not kept" in page


def test_an_unknown_lecture_or_format_is_answered_clearly(api, lecture):
    assert "no lecture 99" in api.get("/lectures/99", headers={"Accept": "text/html"}).text
    assert (
        "Reports come as xlsx, pdf, csv, json" in api.get(f"/lectures/{lecture.id}/report.doc").json["detail"]
    )


def test_lectures_are_listed_newest_first(api, lecture):
    page = api.get("/lectures").text
    assert "=Algebra &lt;2&gt;" in page
    assert "5 min" in page


def made_up(app, hours: float = 1.0, dark: range = range(0), notes_at: dict[int, str] | None = None):
    """A lecture of mostly neutral faces that smile from minute 10 to 12."""
    room = room_queries.get_or_create_room("Room 7")
    lecture = lecture_queries.start_lecture(room, "Algebra", "7b", NOON)
    for number in range(int(hours * 60)):
        if number not in dark:
            happy = 0.6 if number in (10, 11, 12) else 0.05
            spans = tuple(1080 * share for share in (0.02, 0, 0.01, happy, 0.02, 0.02, 0.83 - happy, 0.1))
            counted = CountedMinute(NOON + timedelta(minutes=number), lecture.id, 60, 300, 20, 1080, spans)
            minute_queries.save_minute(room, counted, minimum_group=5)
    lecture_queries.end_lecture(lecture, NOON + timedelta(hours=hours))
    for number, text in (notes_at or {}).items():
        note_queries.add_note(lecture, NOON + timedelta(minutes=number), text, NOON)
    return report_of(lecture, NOON, CONDITIONS)


def test_a_lecture_is_said_in_one_sentence(app_context):
    report = made_up(app_context, 52 / 60, range(41, 43), {2: "homework", 9: "worked example"})
    assert summary_sentence(report, BERLIN) == (
        "52 min, 18 faces on average; mostly neutral (75 %), most smiles at 13:10 after “worked example”; "
        "camera dark 13:41–13:43."
    )


def test_a_change_is_told_with_the_faces_behind_it(app_context):
    smile, *_ = biggest_changes(made_up(app_context))
    assert (smile.emotion, smile.is_rise) == (Emotion.HAPPY, True)
    assert (smile.start, smile.end) == (NOON + timedelta(minutes=10), NOON + timedelta(minutes=13))
    assert smile.share == pytest.approx(0.6)
    assert smile.faces_mean == pytest.approx(18)


def test_a_lecture_in_which_nothing_changed_has_no_changes(lecture, app_context):
    assert biggest_changes(report_of(lecture, NOON, CONDITIONS)) != []
    lecture_queries.delete_lecture(lecture)
    report = made_up(app_context, 10 / 60)
    assert biggest_changes(report) == []
    assert "most" not in summary_sentence(report, BERLIN).replace("mostly", "")


def test_a_reading_that_saw_half_the_lecture_looks_weak(app_context):
    report = made_up(app_context, dark=range(20, 60))
    assert doubts(report) == ["The camera saw only 33 % of the lecture."]
    assert summary_sentence(report, BERLIN).startswith("Weak reading: ")


def test_a_short_minute_of_few_faces_is_weak_and_a_full_one_is_not(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    assert [minute.is_weak for minute in report.minutes] == [False, False, True, True, True, False]


def test_every_read_minute_and_the_whole_have_intervals(lecture):
    report = report_of(lecture, NOON, CONDITIONS)
    for part in (report, *report.minutes):
        assert (part.share_intervals is None) is (part.shares is None)
    whole = report.share_intervals[Emotion.HAPPY]
    (minute, *_) = report.minutes
    assert minute.share_intervals[Emotion.HAPPY][1] - minute.share_intervals[Emotion.HAPPY][0] > 0.05
    assert 0 < whole[0] < whole[1] < 1


def test_a_minute_without_a_certain_face_has_no_interval(app_context):
    room = room_queries.get_or_create_room("Room 7")
    lecture = lecture_queries.start_lecture(room, "Dim", "", NOON)
    spans = (0, 0, 0, 0, 0, 0, 0, 600)
    minute_queries.save_minute(
        room, CountedMinute(NOON, lecture.id, 60, 300, 10, 600, spans), minimum_group=5
    )
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=1))
    report = report_of(lecture, NOON, CONDITIONS)
    assert report.share_intervals is report.minutes[0].share_intervals is None
    assert report.uncertain_share == 1
    assert "no expression could be read" in summary_sentence(report, BERLIN)


def test_empty_lectures_say_what_was_missing(app_context):
    lecture = lecture_queries.start_lecture(room_queries.get_or_create_room("Room 7"), "Empty", "", NOON)
    report = report_of(lecture, NOON + timedelta(minutes=3), CONDITIONS)
    assert summary_sentence(report, BERLIN) == "3 min; the camera gave no picture."
    assert biggest_changes(report) == []


def test_minutes_are_put_together_by_their_person_time(lecture):
    one, other = merge_minutes(report_of(lecture, NOON, CONDITIONS).minutes, 4)
    assert one.shares[Emotion.HAPPY] == pytest.approx(400 / 1600)
    assert one.online_seconds == 100
    assert other.shares[Emotion.HAPPY] == 1


def test_the_confusions_of_the_named_faces_are_taken_where_the_card_has_them(tmp_path):
    card = json.loads((MODELS / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | {"uncertain_figures": {"confusion": [[1] * 7] * 7}}))
    assert read_model_card(tmp_path).named_confusion == ((1,) * 7,) * 7
    assert read_model_card().sha256 == card["files"]["litert"]["sha256"]
