"""A lecture's report, its page and its files."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.records import export, queries
from app.records.counted import CountedMinute
from app.records.report import Seen, report_of
from app.vision.emotion import Emotion

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def lecture(app_context):
    """Six minutes: read, read with more people, no camera, nobody, too few, read."""
    room = queries.room_named("Room 7")
    lecture = queries.start_lecture(room, "=Algebra <2>", "7b", NOON + timedelta(seconds=20))
    rows = {0: (40, 10, 1.0), 1: (60, 20, 0.0), 3: (60, 0, 0.0), 4: (60, 2, 1.0), 5: (30, 10, 1.0)}
    for number, (online, faces, happy) in rows.items():
        whole = online * faces
        spans = (0, 0, 0, whole * happy, 0, 0, whole * (1 - happy), 0)
        minute = NOON + timedelta(minutes=number)
        counted = CountedMinute(minute, lecture.id, online, online * 5, faces, whole, spans)
        queries.save_minute(room, counted, minimum_group=5)
    queries.end_lecture(lecture, NOON + timedelta(minutes=5, seconds=30))
    return lecture


def test_a_report_names_what_each_minute_can_say(lecture):
    report = report_of(lecture, NOON)
    assert [minute.seen for minute in report.minutes] == [
        Seen.READ,
        Seen.READ,
        Seen.GAP,
        Seen.NOBODY,
        Seen.TOO_FEW,
        Seen.READ,
    ]
    gap = report.minutes[2]
    assert (gap.faces_mean, gap.shares) == (None, None), "a gap is a gap, never a zero"


def test_the_whole_weighs_minutes_by_the_people_in_them(lecture):
    report = report_of(lecture, NOON)
    assert report.shares[Emotion.HAPPY] == pytest.approx(700 / 1900)
    assert sum(report.shares.values()) + report.uncertain_share == pytest.approx(1)
    assert report.faces_mean == pytest.approx((400 + 1200 + 120 + 300) / 250)
    assert report.coverage == pytest.approx(250 / 310)
    assert report.suppressed_minutes == 1


def test_a_lecture_without_any_minute_has_a_report_of_gaps(app_context):
    lecture = queries.start_lecture(queries.room_named("Room 7"), "Empty", "", NOON)
    report = report_of(lecture, NOON + timedelta(minutes=3))
    assert [minute.seen for minute in report.minutes] == [Seen.GAP] * 3
    assert report.shares is None
    assert report.coverage == 0
    assert len(report_of(lecture, NOON).minutes) == 1


def test_the_csv_comes_back_as_it_was_and_is_harmless_in_a_spreadsheet(lecture):
    report = report_of(lecture, NOON)
    data = export.to_csv(report, BERLIN)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["minute"] for row in rows][:2] == ["2026-11-20T13:00:00+01:00", "2026-11-20T13:01:00+01:00"]
    assert rows[0]["lecture"] == "'=Algebra <2>"
    assert [row["seen"] for row in rows] == [minute.seen for minute in report.minutes]
    for row, minute in zip(rows, report.minutes, strict=True):
        assert (row["happy"] == "") is (minute.shares is None)
        if minute.shares:
            assert float(row["happy"]) == pytest.approx(minute.shares[Emotion.HAPPY], abs=1e-4)


def test_the_json_file_is_what_the_api_gives(api, lecture):
    file = api.get(f"/lectures/{lecture.id}/report.json")
    assert json.loads(file.data) == api.get(f"/api/v1/lectures/{lecture.id}/report").json
    assert file.json["minutes"][2]["shares"] is None
    assert file.headers["Content-Disposition"] == ("attachment; filename=aula_Algebra-2_2026-11-20_1200.json")


def test_the_page_shows_title_minutes_and_gaps_without_taking_the_title_for_html(api, lecture):
    page = api.get(f"/lectures/{lecture.id}").text
    assert "=Algebra &lt;2&gt;" in page
    assert "<2>" not in page
    assert page.count('class="is-gap"') == 1
    assert "12:02: no camera" in page
    assert "nobody in view" in page
    assert "not kept" in page


def test_an_unknown_lecture_or_format_is_answered_clearly(api, lecture):
    assert "no lecture 99" in api.get("/lectures/99", headers={"Accept": "text/html"}).text
    assert "Reports come as csv, json" in api.get(f"/lectures/{lecture.id}/report.doc").json["detail"]


def test_lectures_are_listed_newest_first(api, lecture):
    page = api.get("/lectures").text
    assert "=Algebra &lt;2&gt;" in page
    assert "5 min" in page
