"""A report as a workbook: summary, minutes with a chart of the spreadsheet's own, notes."""

from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.language import say
from app.report.report import LIMITS, Report, ReportMinute
from app.report.summary import changes, doubts, sentence
from app.report.wording import WORDS, clock, duration, percent, why_unread, word
from app.vision.emotion import EMOTIONS
from app.vision.palette import COLOURS, UNCERTAIN

FIRST_SHARE = 5
LAST_SHARE = FIRST_SHARE + len(EMOTIONS)
NOTES = LAST_SHARE + 1 + 2 * len(EMOTIONS)


def to_xlsx(report: Report, timezone: ZoneInfo) -> bytes:
    """Give the workbook. What people wrote is only ever text in it, never a formula or a link."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        writer = _Writer(book, report, timezone)
        writer.summary()
        writer.minutes()
        writer.notes()
        book.set_properties({"title": report.title, "subject": report.course, "comments": say(LIMITS)})
    return file.getvalue()


class _Writer:
    """The three sheets of one report."""

    def __init__(self, book: xlsxwriter.Workbook, report: Report, timezone: ZoneInfo) -> None:
        self._book, self._report, self._timezone = book, report, timezone
        date = gettext("yyyy-MM-dd").lower()
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True, "valign": "top"})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._percent = book.add_format({"num_format": "0%", "align": "left"})
        self._whole = book.add_format({"align": "left"})
        self._one = book.add_format({"num_format": "0.0", "align": "left"})
        self._time = book.add_format({"num_format": f"{date} hh:mm", "align": "left"})
        self._second = book.add_format({"num_format": f"{date} hh:mm:ss", "align": "left", "valign": "top"})
        self._grey = book.add_format({"font_color": "#8b9098", "num_format": "0%", "align": "left"})

    def summary(self) -> None:
        """Write the sentence, the figures, the shares with their intervals, the changes."""
        report, sheet = self._report, self._book.add_worksheet(gettext("Summary"))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 3, 26)
        sheet.write_string(0, 0, report.title, self._title)
        sheet.merge_range(1, 0, 1, 3, "", self._wrap)
        sheet.write_string(1, 0, sentence(report, self._timezone), self._wrap)
        sheet.set_row(1, 48)
        row = 3
        for name, value, style in self._facts():
            sheet.write_string(row, 0, name, self._bold)
            _put(sheet, row, 1, value, style)
            row += 1
        row = self._shares(sheet, row + 1)
        row = self._changes(sheet, row + 1)
        sheet.merge_range(row + 1, 0, row + 1, 3, "", self._wrap)
        sheet.write_string(row + 1, 0, " ".join([*doubts(report), say(LIMITS)]), self._wrap)
        sheet.set_row(row + 1, 96)

    def _facts(self) -> list[tuple[str, object, Format | None]]:
        report = self._report
        return [
            (gettext("Course"), report.course, None),
            (gettext("Room"), report.room, None),
            (gettext("Started"), self._local(report.started_at), self._time),
            (
                gettext("Ended"),
                self._local(report.ended_at) if report.ended_at else gettext("running"),
                self._time,
            ),
            (gettext("Time zone"), self._timezone.key, None),
            (gettext("Length"), duration(report.seconds), None),
            (gettext("Seen by the camera"), report.coverage, self._percent),
            (gettext("Faces on average"), report.faces_mean, self._one),
            (gettext("Most faces"), report.faces_max, self._whole),
            (gettext("Uncertain"), report.uncertain_share, self._percent),
            (gettext("Minutes with too few"), report.suppressed_minutes, self._whole),
            (gettext("Minimum group"), report.conditions.minimum_group, self._whole),
            (gettext("Network (SHA-256)"), report.conditions.network.sha256, None),
        ]

    def _shares(self, sheet: Worksheet, row: int) -> int:
        if self._report.shares is None:
            return row
        heads = (
            gettext("Expression"),
            gettext("Share as read"),
            gettext("%(level)s interval from", level=percent(0.95)),
            gettext("to"),
        )
        sheet.write_row(row, 0, heads, self._head)
        intervals = self._report.share_intervals or {}
        for emotion, share in self._report.shares.items():
            row += 1
            sheet.write_string(row, 0, word(emotion))
            for column, value in enumerate((share, *intervals.get(emotion, ())), start=1):
                sheet.write_number(row, column, value, self._percent)
        return row + 1

    def _changes(self, sheet: Worksheet, row: int) -> int:
        found = changes(self._report)
        if not found:
            return row
        heads = (gettext("Biggest changes"), gettext("Share"), gettext("Whole lecture"), gettext("Faces"))
        sheet.write_row(row, 0, heads, self._head)
        for change in found:
            row += 1
            when = f"{clock(change.start, self._timezone)}–{clock(change.end, self._timezone)}"
            sheet.write_string(row, 0, f"{when} {word(change.emotion)}")
            sheet.write_number(row, 1, change.share, self._percent)
            sheet.write_number(row, 2, change.average, self._percent)
            sheet.write_number(row, 3, change.faces, self._one)
        return row + 1

    def minutes(self) -> None:
        """Write a row a minute, and a stacked chart of them."""
        sheet = self._book.add_worksheet(gettext("Minutes"))
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 32)
        sheet.set_column(0, 0, 17)
        sheet.set_column(1, NOTES - 1, 9.5)
        sheet.write_row(0, 0, self._heads(), self._head)
        for row, minute in enumerate(self._report.minutes, start=1):
            self._minute(sheet, row, minute)
        self._book.add_worksheet(gettext("Chart")).insert_chart(0, 0, self._chart(sheet.get_name()))

    def _heads(self) -> list[str]:
        ends = []
        for name in map(word, EMOTIONS):
            ends += [gettext("%(name)s from", name=name), gettext("%(name)s to", name=name)]
        return [
            gettext("Minute (%(zone)s)", zone=self._timezone.key),
            gettext("Seen"),
            gettext("Camera on (s)"),
            gettext("Faces"),
            gettext("Most faces"),
            *(word(kind) for kind in WORDS),
            *ends,
            gettext("Notes"),
        ]

    def _minute(self, sheet: Worksheet, row: int, minute: ReportMinute) -> None:
        share_style = self._grey if minute.is_weak else self._percent
        sheet.write_datetime(row, 0, self._local(minute.minute), self._time)
        sheet.write_string(row, 1, gettext("read") if minute.shares else why_unread(minute.seen))
        _put(sheet, row, 2, minute.online_seconds, self._one)
        _put(sheet, row, 3, minute.faces_mean, self._one)
        _put(sheet, row, 4, minute.faces_max, None)
        shares = [*minute.shares.values(), minute.uncertain_share] if minute.shares else []
        ends = [end for pair in (minute.share_intervals or {}).values() for end in pair]
        for column, value in enumerate([*shares, *ends], start=FIRST_SHARE):
            sheet.write_number(row, column, value, share_style)
        if words := " · ".join(note.text for note in self._report.notes_in(minute)):
            sheet.write_string(row, NOTES, words)

    def _chart(self, minutes: str):
        chart = self._book.add_chart({"type": "column", "subtype": "stacked"})
        last = len(self._report.minutes)
        colours = [*COLOURS.values(), UNCERTAIN]
        columns = range(FIRST_SHARE, LAST_SHARE + 1)
        for column, colour in list(zip(columns, colours, strict=True))[::-1]:  # neutral at the bottom
            chart.add_series(
                {
                    "name": [minutes, 0, column],
                    "categories": [minutes, 1, 0, last, 0],
                    "values": [minutes, 1, column, last, column],
                    "fill": {"color": colour},
                    "gap": 5,
                }
            )
        chart.set_title({"name": gettext("Expressions, minute by minute"), "name_font": {"size": 12}})
        chart.set_x_axis({"num_format": "hh:mm", "text_axis": True, "interval_unit": max(1, last // 12)})
        chart.set_y_axis({"num_format": "0%", "min": 0, "max": 1, "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 1100, "height": 480})
        return chart

    def notes(self) -> None:
        """Write the notes, or that there are none."""
        sheet = self._book.add_worksheet(gettext("Notes"))
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, gettext("Time (%(zone)s)", zone=self._timezone.key), self._head)
        sheet.write_string(0, 1, gettext("Note"), self._head)
        for row, note in enumerate(self._report.notes, start=1):
            sheet.write_datetime(row, 0, self._local(note.at), self._second)
            sheet.write_string(row, 1, note.text, self._wrap)
        if not self._report.notes:
            sheet.write_string(1, 0, gettext("no notes"))

    def _local(self, moment: datetime) -> datetime:
        """The wall clock's time in the room: a spreadsheet knows no zones, so the zone stands beside it."""
        return moment.astimezone(self._timezone).replace(tzinfo=None)


def _put(sheet: Worksheet, row: int, column: int, value: object, style: Format | None) -> None:
    """Write a value as what it is; text never becomes a formula (CWE-1236)."""
    match value:
        case None:
            sheet.write_blank(row, column, None, style)
        case datetime():
            sheet.write_datetime(row, column, value, style)
        case str():
            sheet.write_string(row, column, value)
        case _:
            sheet.write_number(row, column, value, style)
