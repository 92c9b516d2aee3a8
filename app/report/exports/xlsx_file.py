"""A report as XLSX: sheets for the summary, the minutes, their chart (a native one) and the notes."""

from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.expression_names import expression_name
from app.language import translate
from app.pulse.choice import CHOICE_COLOURS, CHOICE_NAMES, Choice
from app.report.lecture_report import Report
from app.report.pulse_wording import correlation_sentence
from app.report.report_minute import IN_VIEW, MinuteStatus, ReportMinute
from app.report.share_stack import PRESENCE_COLOURS, STACK_COLOURS, STACK_ORDER
from app.report.summary import biggest_changes, doubts, summary_sentence
from app.report.wording import clock, duration, percent, why_no_shares
from app.vision.emotion import EMOTIONS, EXPRESSIONS

FIRST_SHARE = 5  # column of the sheet with the minutes
NOTES = FIRST_SHARE + len(EXPRESSIONS) + 2 * len(EMOTIONS)


def to_xlsx(report: Report, timezone: ZoneInfo) -> bytes:
    """The workbook. What people wrote is always text in it, never a formula or a link."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        writer = _WorkbookWriter(book, report, timezone)
        writer.write_summary()
        if report.has_camera:
            writer.write_minutes()
        if report.pulse:
            writer.write_pulse()
        writer.write_notes()
        book.set_properties(
            {"title": report.title, "subject": report.course, "comments": translate(report.limits)}
        )
    return file.getvalue()


class _WorkbookWriter:
    """Writes the sheets of one report."""

    def __init__(self, book: xlsxwriter.Workbook, report: Report, timezone: ZoneInfo) -> None:
        self._book, self._report, self._timezone = book, report, timezone
        self._is_presence = report.is_presence
        self._notes_column = FIRST_SHARE + 1 if report.is_presence else NOTES
        date = gettext("yyyy-MM-dd").lower()
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True, "valign": "top"})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._percent = book.add_format({"num_format": "0%", "align": "left"})
        self._integer = book.add_format({"align": "left"})
        self._decimal = book.add_format({"num_format": "0.0", "align": "left"})
        self._time = book.add_format({"num_format": f"{date} hh:mm", "align": "left"})
        self._second = book.add_format({"num_format": f"{date} hh:mm:ss", "align": "left", "valign": "top"})
        self._weak_percent = book.add_format({"font_color": "#8b9098", "num_format": "0%", "align": "left"})

    def write_summary(self) -> None:
        """Write the sentence, the figures, the shares with their intervals, the changes."""
        report, sheet = self._report, self._book.add_worksheet(gettext("Summary"))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 3, 26)
        sheet.write_string(0, 0, report.title, self._title)
        sheet.merge_range(1, 0, 1, 3, "", self._wrap)
        sheet.write_string(1, 0, summary_sentence(report, self._timezone), self._wrap)
        sheet.set_row(1, 48)
        row = 3
        for name, value, style in self._facts():
            sheet.write_string(row, 0, name, self._bold)
            _put(sheet, row, 1, value, style)
            row += 1
        row = self._shares(sheet, row + 1)
        row = self._changes(sheet, row + 1)
        sheet.merge_range(row + 1, 0, row + 1, 3, "", self._wrap)
        sheet.write_string(row + 1, 0, " ".join([*doubts(report), translate(report.limits)]), self._wrap)
        sheet.set_row(row + 1, 96)

    def _facts(self) -> list[tuple[str, object, Format | None]]:
        report = self._report
        source = [(gettext("Source"), gettext("from a recording"), None)] if report.from_recording else []
        return [
            (gettext("Course"), report.course, None),
            (gettext("Room"), report.room, None),
            *source,
            (gettext("Started"), self._local(report.started_at), self._time),
            (
                gettext("Ended"),
                self._local(report.ended_at) if report.ended_at else gettext("running"),
                self._time,
            ),
            (gettext("Time zone"), self._timezone.key, None),
            (gettext("Length"), duration(report.seconds), None),
            *(self._facts_of_camera() if report.has_camera else []),
            *(self._facts_of_pulse() if report.pulse else []),
            (gettext("Minimum group"), report.conditions.minimum_group, self._integer),
            *([(gettext("Network (SHA-256)"), report.network_sha256, None)] if report.network_sha256 else []),
        ]

    def _facts_of_camera(self) -> list[tuple[str, object, Format | None]]:
        report = self._report
        return [
            (gettext("Seen by the camera"), report.coverage, self._percent),
            (gettext("Faces on average"), report.faces_mean, self._decimal),
            (gettext("Most faces"), report.faces_max, self._integer),
            (gettext("Turned to the front"), report.facing_share, self._percent)
            if report.is_presence
            else (gettext("Uncertain"), report.uncertain_share, self._percent),
            (gettext("Minutes with too few"), report.suppressed_minutes, self._integer),
        ]

    def _facts_of_pulse(self) -> list[tuple[str, object, Format | None]]:
        pulse = self._report.pulse
        shares = pulse.shares or {}
        correlation = correlation_sentence(pulse.correlation) if pulse.correlation else None
        return [
            (gettext("Students who answered, on average"), pulse.answered_mean, self._decimal),
            *(
                (gettext("Said “%(choice)s”", choice=translate(CHOICE_NAMES[choice])), share, self._percent)
                for choice, share in shares.items()
            ),
            *([(gettext("Faces and answers"), correlation, None)] if correlation else []),
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
            sheet.write_string(row, 0, expression_name(emotion))
            for column, value in enumerate((share, *intervals.get(emotion, ())), start=1):
                sheet.write_number(row, column, value, self._percent)
        return row + 1

    def _changes(self, sheet: Worksheet, row: int) -> int:
        changes = biggest_changes(self._report)
        if not changes:
            return row
        heads = (gettext("Biggest changes"), gettext("Share"), gettext("Whole lecture"), gettext("Faces"))
        sheet.write_row(row, 0, heads, self._head)
        for change in changes:
            row += 1
            when = f"{clock(change.start, self._timezone)}–{clock(change.end, self._timezone)}"
            sheet.write_string(row, 0, f"{when} {expression_name(change.emotion)}")
            sheet.write_number(row, 1, change.share, self._percent)
            sheet.write_number(row, 2, change.average, self._percent)
            sheet.write_number(row, 3, change.faces_mean, self._decimal)
        return row + 1

    def write_minutes(self) -> None:
        """Write one row a minute, and a sheet with their stacked chart."""
        sheet = self._book.add_worksheet(gettext("Minutes"))
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 32)
        sheet.set_column(0, 0, 17)
        sheet.set_column(1, self._notes_column - 1, 9.5)
        sheet.write_row(0, 0, self._heads(), self._head)
        for row, minute in enumerate(self._report.minutes, start=1):
            self._minute(sheet, row, minute)
        self._book.add_worksheet(gettext("Chart")).insert_chart(0, 0, self._chart(sheet.get_name()))

    def _heads(self) -> list[str]:
        ends = []
        for name in map(expression_name, EMOTIONS):
            ends += [gettext("%(name)s from", name=name), gettext("%(name)s to", name=name)]
        return [
            gettext("Minute (%(zone)s)", zone=self._timezone.key),
            gettext("Seen"),
            gettext("Camera on (s)"),
            gettext("Faces"),
            gettext("Most faces"),
            *(
                [gettext("Turned to the front")]
                if self._is_presence
                else [*map(expression_name, EXPRESSIONS), *ends]
            ),
            gettext("Notes"),
        ]

    def _minute(self, sheet: Worksheet, row: int, minute: ReportMinute) -> None:
        share_style = self._weak_percent if minute.is_weak else self._percent
        sheet.write_datetime(row, 0, self._local(minute.minute), self._time)
        is_read = minute.shares or (self._is_presence and minute.status is MinuteStatus.COUNTED)
        sheet.write_string(row, 1, gettext("read") if is_read else why_no_shares(minute.status))
        _put(sheet, row, 2, minute.online_seconds, self._decimal)
        _put(sheet, row, 3, minute.faces_mean, self._decimal)
        _put(sheet, row, 4, minute.faces_max, None)
        if minute.facing_share is not None:
            sheet.write_number(row, FIRST_SHARE, minute.facing_share, self._percent)
        shares = (minute.all_shares or {}).values()
        ends = [end for pair in (minute.share_intervals or {}).values() for end in pair]
        for column, value in enumerate([*shares, *ends], start=FIRST_SHARE):
            sheet.write_number(row, column, value, share_style)
        if words := " · ".join(note.text for note in self._report.notes_in(minute)):
            sheet.write_string(row, self._notes_column, words)

    def _chart(self, minutes: str):
        if self._is_presence:
            return self._faces_chart(minutes)
        colours = {FIRST_SHARE + EXPRESSIONS.index(name): STACK_COLOURS[name] for name in STACK_ORDER}
        title, last = gettext("Expressions, minute by minute"), len(self._report.minutes)
        chart = self._column_chart(minutes, last, title, colours)
        chart.set_y_axis({"num_format": "0%", "min": 0, "max": 1, "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 1100, "height": 480})
        return chart

    def _faces_chart(self, minutes: str):
        title, last = gettext("Faces, minute by minute"), len(self._report.minutes)
        chart = self._column_chart(minutes, last, title, {3: PRESENCE_COLOURS[IN_VIEW]})
        chart.set_y_axis({"min": 0, "major_gridlines": {"visible": True}})
        chart.set_legend({"none": True})
        chart.set_size({"width": 1100, "height": 480})
        return chart

    def write_pulse(self) -> None:
        """Write what students said, one row a minute, with the ends of the intervals, and their chart."""
        sheet = self._book.add_worksheet(gettext("Pulse"))
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 17)
        sheet.set_column(1, 13, 10)
        names = [translate(CHOICE_NAMES[choice]) for choice in Choice]
        ends = [
            end
            for name in names
            for end in (gettext("%(name)s from", name=name), gettext("%(name)s to", name=name))
        ]
        minute = gettext("Minute (%(zone)s)", zone=self._timezone.key)
        sheet.write_row(0, 0, [minute, gettext("Answers"), *names, *ends], self._head)
        for row, said in enumerate(self._report.pulse.minutes, start=1):
            sheet.write_datetime(row, 0, self._local(said.minute), self._time)
            if not said.counts:
                sheet.write_string(row, 1, gettext("too few"))
                continue
            sheet.write_row(row, 1, [said.answered, *said.counts.values()], self._integer)
            both = [end for pair in (said.share_intervals or {}).values() for end in pair]
            sheet.write_row(row, 2 + len(names), both, self._percent)
        sheet.insert_chart(1, 15, self._pulse_chart(sheet.get_name()))

    def _pulse_chart(self, sheet: str):
        colours = {column: CHOICE_COLOURS[choice] for column, choice in enumerate(Choice, start=2)}
        last = len(self._report.pulse.minutes)
        chart = self._column_chart(sheet, last, gettext("What students said"), colours)
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 900, "height": 420})
        return chart

    def _column_chart(self, sheet: str, last: int, title: str, colours: dict[int, str]):
        """A stacked column for each row of a sheet from 1 to `last`, by time; `colours` of its columns."""
        chart = self._book.add_chart({"type": "column", "subtype": "stacked"})
        for column, colour in colours.items():
            chart.add_series(
                {
                    "name": [sheet, 0, column],
                    "categories": [sheet, 1, 0, last, 0],
                    "values": [sheet, 1, column, last, column],
                    "fill": {"color": colour},
                    "gap": 5,
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_x_axis({"num_format": "hh:mm", "text_axis": True, "interval_unit": max(1, last // 12)})
        return chart

    def write_notes(self) -> None:
        """Write the notes, or say that there are none."""
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
        """The local time: a spreadsheet knows no time zones, so the headings name the zone."""
        return moment.astimezone(self._timezone).replace(tzinfo=None)


def _put(sheet: Worksheet, row: int, column: int, value: object, style: Format | None) -> None:
    """Write a value in its own type; text never becomes a formula (CWE-1236)."""
    match value:
        case None:
            sheet.write_blank(row, column, None, style)
        case datetime():
            sheet.write_datetime(row, column, value, style)
        case str():
            sheet.write_string(row, column, value)
        case _:
            sheet.write_number(row, column, value, style)
