"""The files of a report, opened again by other people's readers."""

import csv
import io
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest
from flask_babel import force_locale

from app.report.exports import FORMATS, filename, system_fonts
from app.report.exports.csv_file import to_csv
from app.report.exports.drawable_text import drawable
from app.report.exports.json_file import to_json
from app.report.exports.pdf_canvas import PdfCanvas
from app.report.exports.pdf_file import to_pdf
from app.report.exports.xlsx_file import to_xlsx
from app.report.lecture_report import LIMITS, Report, ReportConditions, report_of
from app.store import lecture_queries, minute_queries, note_queries, room_queries
from app.store.counted_minute import CountedMinute
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.model_card import read_model_card

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CONDITIONS = ReportConditions(5, read_model_card())
TITLE = '=HYPERLINK("http://evil.example") Brüche & дроби <b>½</b>'
NOTE = "@SUM(1+1) began <i>recursion</i>"


def lecture_of(minutes: int, title: str = TITLE, note: str | None = NOTE) -> Report:
    """A lecture whose third minute is a gap and whose fourth saw too few people."""
    room = room_queries.get_or_create_room("Room 7")
    lecture = lecture_queries.start_lecture(room, title, "+7b", NOON)
    for number in range(minutes):
        faces = 3 if number == 3 else 10
        in_group = 60 * faces * (faces >= 5)
        spans = tuple(in_group * share for share in (0.05, 0.05, 0, 0.3, 0, 0.1, 0.4, 0.1))
        counted = CountedMinute(NOON + timedelta(minutes=number), lecture.id, 60, 300, 12, 60 * faces, spans)
        if number != 2:
            minute_queries.save_minute(room, counted, minimum_group=5)
    if note is not None:
        note_queries.add_note(lecture, NOON + timedelta(seconds=70), note, NOON + timedelta(minutes=minutes))
    lecture_queries.end_lecture(lecture, NOON + timedelta(minutes=minutes))
    return report_of(lecture, NOON, CONDITIONS)


@pytest.fixture
def report(app_context) -> Report:
    return lecture_of(6)


def workbook(report: Report):
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(report, BERLIN)))


def cells(sheet) -> list:
    return [cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None]


def sheets(report: Report) -> list[str]:
    """The text of each sheet of the PDF, without line breaks."""
    reader = pypdf.PdfReader(io.BytesIO(to_pdf(report, BERLIN)), strict=True)
    return [" ".join(page.extract_text().split()) for page in reader.pages]


WHAT = {"read": "read", "gap": "no camera", "nobody": "nobody in view", "too few": "too few people; not kept"}


def test_the_workbook_has_summary_minutes_chart_and_notes(report):
    book = workbook(report)
    assert book.sheetnames == ["Summary", "Minutes", "Chart", "Notes"]
    rows = list(book["Minutes"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [WHAT[minute.status] for minute in report.minutes]
    assert rows[0][0] == datetime(2026, 11, 20, 13, 0), "local time, the zone stands in the heading"
    assert rows[0][5:13] == pytest.approx([*report.minutes[0].shares.values(), 0.1])
    assert rows[2][3:13] == (None,) * 10, "a gap is a gap, never a zero"
    assert NOTE in rows[1]
    (chart,) = book["Chart"]._charts
    assert len(chart.series) == 8
    assert chart.grouping == "stacked"


def test_nothing_that_people_wrote_is_a_formula_in_the_workbook(report):
    book = workbook(report)
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row), sheet.title
    assert book["Summary"]["A1"].value == TITLE
    assert book["Notes"]["B2"].value == NOTE


def test_the_pdf_has_two_sheets_with_everything_said_in_real_text(report):
    first, second = sheets(report)
    assert TITLE in first
    assert "13:00–13:06 CET" in first
    assert "happy 30 %" in first
    assert "13:01 @SUM(1+1) began <i>recursion</i>" in first
    assert "13:02 no camera" in second
    assert "13:03 too few people; not kept" in second
    assert str(LIMITS) in second


HINT = "□ is a letter that this file's font lacks."


@pytest.mark.parametrize("title", ["分数", "الجبر", "Algebra 🙂"])
def test_a_sheet_says_what_the_boxes_are_where_its_font_lacks_letters(app_context, monkeypatch, title):
    monkeypatch.setattr(system_fonts, "PATHS", ())
    first, _ = sheets(lecture_of(6, title))
    assert f"{HINT} The page and the XLSX file show it." in first
    assert "□ Aula" not in first


@pytest.mark.parametrize(
    ("title", "font"),
    [
        ("الجبر", system_fonts.DEJAVU),
        ("分数と少数", system_fonts.DROID),
        ("분수", system_fonts.NANUM),
        ("Algebra 🙂", system_fonts.SYMBOLA),
    ],
)
def test_a_font_of_the_system_draws_letters_that_the_own_one_lacks(app_context, title, font):
    if not font.exists():
        pytest.skip(
            f"needs {font}: apt install fonts-dejavu-core fonts-droid-fallback fonts-nanum fonts-symbola"
        )
    first, _ = sheets(lecture_of(6, title))
    assert title in first
    assert "□" not in first


def test_arabic_letters_are_joined():
    if not system_fonts.DEJAVU.exists():
        pytest.skip(f"needs {system_fonts.DEJAVU}: apt install fonts-dejavu-core")
    canvas = PdfCanvas()
    canvas.set_font(10)
    apart = sum(canvas.pdf.get_string_width(canvas.fitted(letter, 100)) for letter in "كتاب")
    assert canvas.pdf.get_string_width("كتاب") < 0.9 * apart
    canvas.pdf.output()  # closes the fonts


def test_a_sheet_speaks_of_no_boxes_where_there_are_none(report):
    assert "□" not in sheets(report)[0]


def test_a_sign_that_is_never_seen_leaves_no_box():
    assert drawable("a\u200db\ufe0f", known={ord("a"), ord("b")}) == "ab"


def test_a_german_reads_german_files(app_context, report):
    with force_locale("de"):
        first, second = sheets(report)
        book = workbook(report)
        text = to_csv(report, BERLIN).decode()
        found = json.loads(to_json(report, BERLIN))
    assert "20.11.2026 13:00–13:06 CET" in first
    assert "fröhlich 30 %" in first
    assert "13:02 keine Kamera" in second
    assert book.sheetnames == ["Übersicht", "Minuten", "Diagramm", "Notizen"]
    assert "überrascht" in [cell.value for cell in book["Minuten"][1]]
    assert text.startswith("\ufeffminute,room,course"), "programs read it"
    assert "angry" in found["shares"]
    assert found["summary"].startswith("6 min, durchschnittlich")


def test_the_pdf_draws_its_chart_as_vectors(report):
    for page in pypdf.PdfReader(io.BytesIO(to_pdf(report, BERLIN))).pages:
        assert list(page.images) == []


@pytest.mark.parametrize("minutes", [60, 1500])
def test_the_pdf_of_any_length_has_two_sheets(app_context, minutes):
    first, second = sheets(lecture_of(minutes))
    assert "1 / 2" in first
    assert f"Every {-(-minutes // 54)} minutes" in second


@pytest.mark.parametrize(
    "words", ["Ω" * 200, "分数和小数" * 20, "a b" * 60, "\u202eright to left", "'\"<&>%s{}"]
)
def test_absurd_titles_and_notes_make_no_file_fail(app_context, words):
    report = lecture_of(6, words, words)
    assert len(sheets(report)) == 2
    assert workbook(report)["Summary"]["A1"].value == words
    assert filename(report, "pdf", BERLIN).endswith("_2026-11-20_1300.pdf")


@pytest.mark.parametrize("extension", FORMATS)
def test_each_file_carries_what_its_figures_depend_on(report, extension):
    data = FORMATS[extension].write(report, BERLIN)
    match extension:
        case "xlsx":
            text = " ".join(map(str, cells(openpyxl.load_workbook(io.BytesIO(data))["Summary"])))
        case "pdf":
            text = " ".join(sheets(report))
        case _:
            text = data.decode()
    for fact in ("Room 7", CONDITIONS.network.sha256, str(LIMITS)):
        assert fact in text
    assert str(round(report.coverage, 2)) in text or f"{report.coverage * 100:.0f} %" in text


def test_the_csv_comes_back_with_intervals_and_notes(report):
    rows = list(csv.DictReader(io.StringIO(to_csv(report, BERLIN).decode("utf-8-sig"))))
    for row, minute in zip(rows, report.minutes, strict=True):
        for emotion in EMOTIONS:
            if minute.shares is None:
                assert row[emotion] == row[f"{emotion}_low"] == row[f"{emotion}_high"] == ""
            else:
                read = [float(row[name]) for name in (emotion, f"{emotion}_low", f"{emotion}_high")]
                assert read == pytest.approx(
                    [minute.shares[emotion], *minute.share_intervals[emotion]], abs=1e-4
                )
    assert rows[1]["notes"] == f"'{NOTE}"
    assert rows[0]["lecture"] == f"'{TITLE}"
    assert rows[0]["minimum_group"] == "5"


def test_a_running_and_an_empty_lecture_have_every_file(api, app):
    lecture = api.post("/api/v1/lectures", json={"title": "Just begun"}).json["id"]
    for extension, export_format in FORMATS.items():
        answer = api.get(f"/lectures/{lecture}/report.{extension}")
        assert answer.status_code == 200, extension
        assert answer.mimetype == export_format.mimetype
        assert f"aula_Just-begun_{datetime.now(UTC):%Y-%m-%d}" in answer.headers["Content-Disposition"]
        assert api.get(f"/lectures/999/report.{extension}").status_code == 404


def test_a_title_of_any_letters_names_its_file(api):
    lecture = api.post("/api/v1/lectures", json={"title": '../Brüche: дроби"; x=1'}).json["id"]
    header = api.get(f"/lectures/{lecture}/report.csv").headers["Content-Disposition"]
    assert "filename*=UTF-8''aula_Br%C3%BCche-%D0%B4%D1%80%D0%BE" in header
    assert header.isascii(), "gunicorn sends no other"
    assert "/" not in header


def test_a_report_is_exported_by_command(app, report, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = app.test_cli_runner()
    written = runner.invoke(args=["report", "export", str(report.id), "--format", "pdf"])
    assert (tmp_path / written.output.strip()).read_bytes().startswith(b"%PDF")
    assert "There is no lecture 99." in runner.invoke(args=["report", "export", "99"]).output


@pytest.mark.parametrize("extension", ["xlsx", "pdf", "csv"])
def test_libreoffice_opens_it(report, extension, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice: apt install libreoffice-calc libreoffice-draw")
    (tmp_path / f"report.{extension}").write_bytes(FORMATS[extension].write(report, BERLIN))
    target = "png" if extension == "pdf" else "ods"
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    subprocess.run(
        [office, home, "--headless", "--convert-to", target, f"report.{extension}"],
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    assert (tmp_path / f"report.{target}").stat().st_size > 1000


def test_the_shares_of_the_summary_are_those_of_the_report(report):
    values = cells(workbook(report)["Summary"])
    position = values.index("happy")
    low, high = report.share_intervals[Emotion.HAPPY]
    assert values[position + 1 : position + 4] == pytest.approx([report.shares[Emotion.HAPPY], low, high])
