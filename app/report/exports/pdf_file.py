"""A report as PDF on sheets of A4: the main points, every minute, what students said.

Vectors only, and no browser.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask_babel import gettext

from app.expression_names import expression_name
from app.language import current_language, translate
from app.purpose import Purpose
from app.report.exports.pdf_canvas import BOTTOM, INK, LEFT, QUIET, RIGHT, TOP, WIDTH, PdfCanvas
from app.report.exports.pdf_chart import UNKNOWN, draw_chart
from app.report.exports.pdf_pulse import draw_pulse
from app.report.lecture_report import Report
from app.report.report_minute import ReportMinute, merge_minutes
from app.report.share_stack import (
    PRESENCE_COLOURS,
    STACK_COLOURS,
    kinds_of_presence,
)
from app.report.stack_chart import stack_chart
from app.report.summary import biggest_changes, doubts, summary_sentence
from app.report.wording import (
    clock,
    day_and_time,
    decimal,
    duration,
    faces,
    interval,
    percent,
    why_no_shares,
    zone,
)
from app.vision import palette
from app.vision.emotion import UNCERTAIN
from app.vision.palette import rgb

LINE, GAP, AMBER = (214, 220, 222), (232, 235, 236), (154, 91, 0)
MAX_ROWS = 54  # of minutes on the second sheet
MAX_NOTES = 12  # on the first sheet; the other files hold all

COLOURS = {expression: rgb(colour) for expression, colour in STACK_COLOURS.items()}


def to_pdf(report: Report, timezone: ZoneInfo) -> bytes:
    """The sheets, times in `timezone`."""
    sheets = _Sheets(report, timezone)
    sheets.draw_overview()
    if report.has_camera:
        sheets.draw_minutes()
    if report.pulse:
        sheets.draw_pulse()
    return bytes(sheets.pdf.output())


class _Sheets:
    """Sheets that are being drawn, from top to bottom."""

    def __init__(self, report: Report, timezone: ZoneInfo) -> None:
        self._report, self._timezone = report, timezone
        self._count = 1 + report.has_camera + (report.pulse is not None)
        self._canvas = PdfCanvas()
        self.pdf = self._canvas.pdf
        self.pdf.set_title(report.title)
        self.pdf.set_creator("Aula")
        self.pdf.set_subject(translate(report.limits))
        self.pdf.set_lang(current_language())
        self.pdf.set_creation_date(report.ended_at or report.started_at)

    def draw_overview(self) -> None:
        """Draw the sheet with title, sentence, figures, chart, shares, changes and notes."""
        self._new_sheet(1)
        self._heading()
        if self._report.has_camera:
            self._figures()
            self._chart(height=72)
            self._legend()
        below = self.pdf.get_y() + 7
        if self._report.purpose is Purpose.EXPRESSIONS:
            self._shares(below)
        self._changes_and_notes(below)
        self._explain_boxes()

    def draw_minutes(self) -> None:
        """Draw the sheet with the table of minutes, several to a row if they are many, and the limits."""
        self._new_sheet(2)
        step = -(-len(self._report.minutes) // MAX_ROWS)
        title = gettext("Minute by minute") if step == 1 else gettext("Every %(count)s minutes", count=step)
        self._canvas.text(title, 11, bold=True)
        self.pdf.ln(1)
        self._table(merge_minutes(self._report.minutes, step))
        self.pdf.set_xy(LEFT, 252)
        self._canvas.text(translate(self._report.limits), 7.5, QUIET, line=3.7)
        conditions = self._report.conditions
        if self._report.is_presence:
            return
        self._canvas.text(
            gettext(
                "Minimum group: %(least)s. Network: SHA-256 %(network)s. "
                "Grey figures rest on very few faces.",
                least=conditions.minimum_group,
                network=conditions.network.sha256,
            ),
            7.5,
            QUIET,
            line=3.7,
        )

    def draw_pulse(self) -> None:
        """Draw the sheet with what students said."""
        self._new_sheet(self._count)
        draw_pulse(self._canvas, self._report.pulse, self._timezone)

    def _new_sheet(self, number: int) -> None:
        self.pdf.add_page()
        self._canvas.set_font(8, QUIET)
        self.pdf.set_xy(LEFT, 288)
        footer = self._canvas.fitted(f"Aula · {self._report.title}", WIDTH / 2)
        self.pdf.cell(WIDTH / 2, 4, footer)
        self.pdf.cell(WIDTH / 2, 4, f"{number} / {self._count}", align="R")
        self.pdf.set_xy(LEFT, TOP)

    def _heading(self) -> None:
        report, canvas = self._report, self._canvas
        canvas.text(report.title, 19, bold=True, line=8.2, max_lines=2)
        end = f"–{clock(report.ended_at, self._timezone)}" if report.ended_at else ""
        begin = day_and_time(report.started_at, self._timezone)
        when = f"{begin}{end} {zone(report.started_at, self._timezone)}"
        if report.ended_as_planned:
            status = gettext("ended as planned")
        elif report.ended_by_itself:
            status = gettext("ended by itself")
        else:
            status = "" if report.ended_at else gettext("still running")
        recorded = gettext("from a recording") if report.from_recording else ""
        canvas.text(
            " · ".join(part for part in (report.course, report.room, when, status, recorded) if part),
            9,
            QUIET,
            max_lines=2,
        )
        self.pdf.ln(2.5)
        canvas.text(summary_sentence(report, self._timezone), 11.5, line=5.6, max_lines=5)
        for doubt in doubts(report):
            canvas.text(doubt, 9, AMBER)
        self.pdf.ln(3)

    def _figures(self) -> None:
        report, pdf = self._report, self.pdf
        top = pdf.get_y()
        share = report.facing_share if report.is_presence else report.uncertain_share
        figures = (
            (gettext("Length"), duration(report.seconds)),
            (gettext("Seen by the camera"), percent(report.coverage)),
            (gettext("Faces on average"), "–" if report.faces_mean is None else decimal(report.faces_mean)),
            (
                gettext("Turned to the front") if report.is_presence else gettext("Uncertain"),
                "–" if share is None else percent(share),
            ),
        )
        for number, (name, value) in enumerate(figures):
            pdf.set_xy(LEFT + number * WIDTH / len(figures), top)
            self._canvas.set_font(8, QUIET)
            pdf.cell(text=name)
            pdf.set_xy(LEFT + number * WIDTH / len(figures), top + 4)
            self._canvas.set_font(14, bold=True)
            pdf.cell(text=value)
        pdf.set_xy(LEFT, top + 14)

    def _chart(self, height: float) -> None:
        report = self._report
        chart = stack_chart(report.minutes, report.notes, self._timezone, report.is_presence)
        self.pdf.set_xy(LEFT, draw_chart(self._canvas, chart, self.pdf.get_y() + 2, height, MAX_NOTES))

    def _legend(self) -> None:
        pdf, y = self.pdf, self.pdf.get_y()
        x = LEFT
        self._canvas.set_font(8)
        for kind, colour in self._kinds():
            self._canvas.bar(rgb(colour), x, y + 0.7, 2.6, 2.6)
            pdf.set_xy(x + 3.2, y)
            pdf.cell(h=4, text=expression_name(kind))
            x = pdf.get_x() + 3
        pdf.set_xy(LEFT, y + 4)

    def _kinds(self) -> list[tuple[str, str]]:
        """What the chart stacks, with its colour."""
        if not self._report.is_presence:
            colours = {kind: STACK_COLOURS[kind] for kind in palette.STACK_ORDER}
            return [*colours.items(), (UNCERTAIN, UNKNOWN)]
        return [(kind, PRESENCE_COLOURS[kind]) for kind in kinds_of_presence(self._report.minutes)]

    def _shares(self, top: float) -> None:
        """List each share with its interval, as figures and as a line."""
        pdf, report, canvas = self.pdf, self._report, self._canvas
        pdf.set_xy(LEFT, top)
        canvas.text(gettext("Whole lecture, with %(level)s intervals", level=percent(0.95)), 11, bold=True)
        if report.shares is None:
            canvas.text(gettext("No expressions could be read."), 9, QUIET)
            return
        intervals = report.share_intervals or {}
        for emotion, share in report.shares.items():
            y = pdf.get_y() + 1.2
            low, high = intervals.get(emotion, (share, share))
            canvas.set_font(9)
            pdf.set_xy(LEFT, y)
            pdf.cell(20, 4.5, expression_name(emotion))
            canvas.set_font(9, bold=True)
            pdf.cell(10, 4.5, percent(share), align="R")
            canvas.set_font(8, QUIET)
            pdf.cell(17, 4.5, interval((low, high)), align="R")
            start, length = LEFT + 50, 29.0
            canvas.bar(GAP, start, y + 1.9, length, 0.7)
            canvas.bar(COLOURS[emotion], start + low * length, y + 1.2, max(0.5, (high - low) * length), 2.1)
            canvas.bar(INK, start + share * length - 0.25, y + 0.6, 0.5, 3.3)
            pdf.set_xy(LEFT, y + 4.5)
        pdf.ln(1.5)
        pdf.set_x(LEFT)
        key = gettext("Dark stroke: as read. Coloured: where the true share lies.")
        canvas.text(key, 7, QUIET, width=80, max_lines=2)

    def _changes_and_notes(self, top: float) -> None:
        """List the biggest changes and the notes, to the right of the shares."""
        x, width, canvas = LEFT + 88, WIDTH - 88, self._canvas
        self.pdf.set_xy(x, top)
        if self._report.purpose is Purpose.EXPRESSIONS:
            self._changes(x, width)
        notes = self._report.notes
        if not notes:
            return
        self.pdf.ln(2)
        canvas.text(gettext("Notes"), 11, bold=True, x=x, width=width)
        for number, note in enumerate(notes[:MAX_NOTES], start=1):
            line = f"{number}  {clock(note.at, self._timezone)}  {note.text}"
            canvas.text(line, 9, x=x, width=width, max_lines=2)
        if len(notes) > MAX_NOTES:
            more = gettext("and %(count)s more", count=len(notes) - MAX_NOTES)
            canvas.text(more, 9, QUIET, x=x, width=width)

    def _changes(self, x: float, width: float) -> None:
        canvas = self._canvas
        canvas.text(gettext("Biggest changes"), 11, bold=True, x=x, width=width)
        changes = biggest_changes(self._report)
        for change in changes:
            when = f"{clock(change.start, self._timezone)}–{clock(change.end, self._timezone)}"
            words = gettext(
                "%(expression)s %(share)s, on average %(average)s (%(faces)s)",
                expression=expression_name(change.emotion),
                share=percent(change.share),
                average=percent(change.average),
                faces=faces(change.faces_mean),
            )
            canvas.text(f"{when}  {words}", 9, x=x, width=width, max_lines=2)
        if not changes:
            canvas.text(gettext("None that stand out."), 9, QUIET, x=x, width=width)

    def _table(self, rows: Sequence[ReportMinute]) -> None:
        pdf = self.pdf
        widths = (16.0, 16.0, 12.0, *[WIDTH / 8 - 5.5] * 8)
        height = min(4.6, 214 / (len(rows) + 1))
        names = ("", gettext("camera on"), gettext("faces"), *map(expression_name, COLOURS))
        if self._report.is_presence:
            widths = (16.0, 22.0, 16.0, 34.0)
            names = (*names[:3], gettext("turned to the front"))
        self._canvas.set_font(7.5, QUIET)
        for name, width in zip(names, widths, strict=True):
            pdf.cell(width, 5, name, align="R" if name else "L")
        pdf.ln(5)
        for minute in rows:
            self._row(minute, widths, height)

    def _row(self, minute: ReportMinute, widths: Sequence[float], height: float) -> None:
        pdf, y = self.pdf, self.pdf.get_y()
        pdf.set_draw_color(*GAP)
        pdf.set_line_width(0.15)
        pdf.line(LEFT, y, RIGHT, y)
        pdf.set_x(LEFT)
        self._canvas.set_font(7.5, QUIET if minute.is_weak else INK)
        pdf.cell(widths[0], height, clock(minute.minute, self._timezone))
        if self._report.is_presence and minute.faces_mean is not None:
            pdf.cell(widths[1], height, f"{minute.online_seconds:.0f} s", align="R")
            pdf.cell(widths[2], height, decimal(minute.faces_mean), align="R")
            share = minute.facing_share
            pdf.cell(widths[3], height, "–" if share is None else percent(share), align="R")
        elif minute.all_shares is None:
            pdf.cell(widths[1] + widths[2], height, "")
            pdf.cell(60, height, f"   {why_no_shares(minute.status)}")
        else:
            pdf.cell(widths[1], height, f"{minute.online_seconds:.0f} s", align="R")
            pdf.cell(widths[2], height, decimal(minute.faces_mean), align="R")
            for (expression, share), width in zip(minute.all_shares.items(), widths[3:], strict=True):
                x = pdf.get_x()
                self._canvas.bar(COLOURS[expression], x + 2, y + height - 0.75, share * (width - 2), 0.6)
                pdf.set_xy(x, y)
                pdf.cell(width, height, percent(share), align="R")
        pdf.set_xy(LEFT, y + height)

    def _explain_boxes(self) -> None:
        """Say what the boxes stand for, if there are any."""
        if self._canvas.has_boxes:
            self.pdf.set_xy(LEFT, BOTTOM + 2)
            self._canvas.text(
                gettext("□ is a letter that this file's font lacks. The page and the XLSX file show it."),
                7.5,
                QUIET,
            )
