"""A report on two sheets of A4: what to know, and every minute. Drawn as vectors, without a browser."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask_babel import gettext
from fpdf import FPDF

from app import fonts
from app.language import language, say
from app.report.exports.drawable_text import BOX, as_seen, drawable
from app.report.report import LIMITS, MINUTE, Report, ReportMinute, in_steps
from app.report.summary import changes, doubts, sentence
from app.report.wording import (
    UNCERTAIN,
    clock,
    day_and_time,
    decimal,
    duration,
    faces,
    interval,
    percent,
    why_unread,
    word,
    zone,
)
from app.vision.emotion import EMOTIONS
from app.vision.palette import COLOURS as EMOTION_COLOURS
from app.vision.palette import UNCERTAIN as UNCERTAIN_COLOUR
from app.vision.palette import rgb

LEFT, RIGHT, WIDTH = 18.0, 192.0, 174.0  # mm, on A4
TOP, BOTTOM = 18.0, 281.0
INK, QUIET, LINE, GAP = (24, 30, 33), (96, 108, 112), (214, 220, 222), (232, 235, 236)
ROWS = 54  # of minutes that fit on the second sheet
COLUMNS = 360  # of the chart; half a millimetre each
MOST_NOTES = 12  # that fit on the first sheet; the other files hold all

COLOURS = {kind: rgb(colour) for kind, colour in (*EMOTION_COLOURS.items(), (UNCERTAIN, UNCERTAIN_COLOUR))}


def to_pdf(report: Report, timezone: ZoneInfo) -> bytes:
    """Give the two sheets, times in `timezone`."""
    sheets = _Sheets(report, timezone)
    sheets.first()
    sheets.second()
    return bytes(sheets.pdf.output())


class _Sheets:
    """Two sheets being drawn, from top to bottom."""

    def __init__(self, report: Report, timezone: ZoneInfo) -> None:
        self._report, self._timezone = report, timezone
        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(LEFT, TOP, 210 - RIGHT)
        self.pdf.c_margin = 0
        self.pdf.add_font("DejaVu", "", fonts.REGULAR)
        self.pdf.add_font("DejaVu", "B", fonts.BOLD)
        self.pdf.set_title(report.title)
        self.pdf.set_creator("Aula")
        self.pdf.set_subject(say(LIMITS))
        self.pdf.set_lang(language())
        self.pdf.set_creation_date(report.ended_at or report.started_at)
        self._known = self.pdf.fonts["dejavu"].cmap
        self._lacks_letters = False

    def first(self) -> None:
        """Draw title, sentence, figures, chart, shares, changes and notes."""
        self._new_sheet(1)
        self._heading()
        self._figures()
        self._chart(height=80)
        self._legend()
        below = self.pdf.get_y() + 7
        self._shares(below)
        self._beside(below)
        self._hint()

    def second(self) -> None:
        """Draw a table of the minutes, several to a row where they are many, and the limits."""
        self._new_sheet(2)
        step = -(-len(self._report.minutes) // ROWS)
        title = gettext("Minute by minute") if step == 1 else gettext("Every %(count)s minutes", count=step)
        self._text(title, 11, bold=True)
        self.pdf.ln(1)
        self._table(in_steps(self._report.minutes, step))
        self.pdf.set_xy(LEFT, 252)
        self._text(say(LIMITS), 7.5, QUIET, line=3.7)
        conditions = self._report.conditions
        self._text(
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

    def _new_sheet(self, number: int) -> None:
        pdf, report = self.pdf, self._report
        pdf.add_page()
        self._font(8, QUIET)
        pdf.set_xy(LEFT, 288)
        pdf.cell(WIDTH / 2, 4, as_seen(self._fit(f"Aula · {report.title}", WIDTH / 2)))
        pdf.cell(WIDTH / 2, 4, f"{number} / 2", align="R")
        pdf.set_xy(LEFT, TOP)

    def _heading(self) -> None:
        report = self._report
        self._text(report.title, 19, bold=True, line=8.2, most=2)
        end = f"–{clock(report.ended_at, self._timezone)}" if report.ended_at else ""
        begin = day_and_time(report.started_at, self._timezone)
        when = f"{begin}{end} {zone(report.started_at, self._timezone)} ({self._timezone.key})"
        running = "" if report.ended_at else gettext("still running")
        line = " · ".join(part for part in (report.course, report.room, when, running) if part)
        self._text(line, 9, QUIET, most=2)
        self.pdf.ln(2.5)
        self._text(sentence(report, self._timezone), 11.5, line=5.6, most=5)
        for doubt in doubts(report):
            self._text(doubt, 9, (154, 91, 0))
        self.pdf.ln(3)

    def _figures(self) -> None:
        report, pdf = self._report, self.pdf
        top = pdf.get_y()
        figures = (
            (gettext("Length"), duration(report.seconds)),
            (gettext("Seen by the camera"), percent(report.coverage)),
            (gettext("Faces on average"), "–" if report.faces_mean is None else decimal(report.faces_mean)),
            (
                gettext("Uncertain"),
                "–" if report.uncertain_share is None else percent(report.uncertain_share),
            ),
        )
        for number, (name, value) in enumerate(figures):
            pdf.set_xy(LEFT + number * WIDTH / len(figures), top)
            self._font(8, QUIET)
            pdf.cell(text=name)
            pdf.set_xy(LEFT + number * WIDTH / len(figures), top + 4)
            self._font(14, bold=True)
            pdf.cell(text=value)
        pdf.set_xy(LEFT, top + 14)

    def _chart(self, height: float) -> None:
        """Stack the shares of each minute; a gap is grey and empty, a note a numbered line."""
        pdf, top = self.pdf, self.pdf.get_y() + 3
        minutes = in_steps(self._report.minutes, -(-len(self._report.minutes) // COLUMNS))
        step = WIDTH / len(minutes)
        for number, minute in enumerate(minutes):
            self._column(minute, LEFT + number * step, top, step, height)
        pdf.set_draw_color(*LINE)
        pdf.set_line_width(0.2)
        for quarter in range(5):
            pdf.line(LEFT, top + quarter * height / 4, RIGHT, top + quarter * height / 4)
        self._font(7, QUIET)
        every = -(-len(minutes) // 12)
        for number in range(0, len(minutes), every):
            pdf.text(LEFT + number * step, top + height + 3.6, clock(minutes[number].minute, self._timezone))
        self._note_marks(top, height)
        pdf.set_xy(LEFT, top + height + 6)

    def _column(self, minute: ReportMinute, x: float, top: float, step: float, height: float) -> None:
        if minute.shares is None:
            self._bar(GAP, x, top, step, height)
            return
        bottom = top + height
        parts = [*((emotion, minute.shares[emotion]) for emotion in reversed(EMOTIONS))]
        for kind, share in [*parts, (UNCERTAIN, minute.uncertain_share)]:
            bottom -= share * height
            self._bar(COLOURS[kind], x, bottom, step * 1.005, share * height)

    def _note_marks(self, top: float, height: float) -> None:
        pdf, first = self.pdf, self._report.minutes[0].minute
        span = len(self._report.minutes) * MINUTE
        pdf.set_draw_color(*INK)
        pdf.set_line_width(0.3)
        self._font(6.5, bold=True)
        for number, note in enumerate(self._report.notes[:MOST_NOTES], start=1):
            x = LEFT + WIDTH * ((note.at - first) / span)
            pdf.line(x, top - 1, x, top + height)
            pdf.text(x - 0.7, top - 1.8, str(number))

    def _legend(self) -> None:
        pdf, y = self.pdf, self.pdf.get_y()
        x = LEFT
        self._font(8)
        for kind, colour in COLOURS.items():
            self._bar(colour, x, y + 0.7, 2.6, 2.6)
            pdf.set_xy(x + 3.2, y)
            pdf.cell(h=4, text=word(kind))
            x = pdf.get_x() + 3
        self._bar(GAP, x, y + 0.7, 2.6, 2.6)
        pdf.set_xy(x + 3.2, y)
        pdf.cell(h=4, text=gettext("no reading"))
        pdf.set_xy(LEFT, y + 4)

    def _shares(self, top: float) -> None:
        """List each share with its interval, as figures and as a line."""
        pdf, report = self.pdf, self._report
        pdf.set_xy(LEFT, top)
        self._text(gettext("Whole lecture, with %(level)s intervals", level=percent(0.95)), 11, bold=True)
        if report.shares is None:
            self._text(gettext("No expressions could be read."), 9, QUIET)
            return
        intervals = report.share_intervals or {}
        for emotion, share in report.shares.items():
            y = pdf.get_y() + 1.2
            low, high = intervals.get(emotion, (share, share))
            self._font(9)
            pdf.set_xy(LEFT, y)
            pdf.cell(20, 4.5, word(emotion))
            self._font(9, bold=True)
            pdf.cell(10, 4.5, percent(share), align="R")
            self._font(8, QUIET)
            pdf.cell(17, 4.5, interval((low, high)), align="R")
            start, length = LEFT + 50, 29.0
            self._bar(GAP, start, y + 1.9, length, 0.7)
            self._bar(COLOURS[emotion], start + low * length, y + 1.2, max(0.5, (high - low) * length), 2.1)
            self._bar(INK, start + share * length - 0.25, y + 0.6, 0.5, 3.3)
            pdf.set_xy(LEFT, y + 4.5)
        self.pdf.ln(1.5)
        pdf.set_x(LEFT)
        key = gettext("Dark stroke: as read. Coloured: where the true share lies.")
        self._text(key, 7, QUIET, width=80, most=2)

    def _beside(self, top: float) -> None:
        """List the biggest changes and the notes, right of the shares."""
        x, width = LEFT + 88, WIDTH - 88
        self.pdf.set_xy(x, top)
        self._text(gettext("Biggest changes"), 11, bold=True, x=x, width=width)
        found = changes(self._report)
        for change in found:
            when = f"{clock(change.start, self._timezone)}–{clock(change.end, self._timezone)}"
            words = gettext(
                "%(expression)s %(share)s, on average %(average)s (%(faces)s)",
                expression=word(change.emotion),
                share=percent(change.share),
                average=percent(change.average),
                faces=faces(change.faces),
            )
            self._text(f"{when}  {words}", 9, x=x, width=width, most=2)
        if not found:
            self._text(gettext("None that stand out."), 9, QUIET, x=x, width=width)
        notes = self._report.notes
        if not notes:
            return
        self.pdf.ln(2)
        self._text(gettext("Notes"), 11, bold=True, x=x, width=width)
        for number, note in enumerate(notes[:MOST_NOTES], start=1):
            self._text(
                f"{number}  {clock(note.at, self._timezone)}  {note.text}", 9, x=x, width=width, most=2
            )
        if len(notes) > MOST_NOTES:
            more = gettext("and %(count)s more", count=len(notes) - MOST_NOTES)
            self._text(more, 9, QUIET, x=x, width=width)

    def _table(self, rows: Sequence[ReportMinute]) -> None:
        pdf = self.pdf
        widths = (16.0, 16.0, 12.0, *[WIDTH / 8 - 5.5] * 8)
        height = min(4.6, 214 / (len(rows) + 1))
        names = ("", gettext("camera on"), gettext("faces"), *(word(kind) for kind in COLOURS))
        self._font(7.5, QUIET)
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
        self._font(7.5, QUIET if minute.is_weak else INK)
        pdf.cell(widths[0], height, clock(minute.minute, self._timezone))
        if minute.shares is None:
            pdf.cell(widths[1] + widths[2], height, "")
            pdf.cell(60, height, f"   {why_unread(minute.seen)}")
        else:
            pdf.cell(widths[1], height, f"{minute.online_seconds:.0f} s", align="R")
            pdf.cell(widths[2], height, decimal(minute.faces_mean), align="R")
            shares = [*minute.shares.values(), minute.uncertain_share]
            for share, colour, width in zip(shares, COLOURS.values(), widths[3:], strict=True):
                x = pdf.get_x()
                self._bar(colour, x + 2, y + height - 0.75, share * (width - 2), 0.6)
                pdf.set_xy(x, y)
                pdf.cell(width, height, percent(share), align="R")
        pdf.set_xy(LEFT, y + height)

    def _bar(self, colour: tuple[int, int, int], x: float, y: float, width: float, height: float) -> None:
        if width > 0 and height > 0:
            self.pdf.set_fill_color(*colour)
            self.pdf.rect(x, y, width, height, style="F")

    def _font(self, size: float, colour: tuple[int, int, int] = INK, bold: bool = False) -> None:
        self.pdf.set_font("DejaVu", "B" if bold else "", size)
        self.pdf.set_text_color(*colour)

    def _text(
        self,
        words: str,
        size: float,
        colour: tuple[int, int, int] = INK,
        bold: bool = False,
        line: float | None = None,
        x: float = LEFT,
        width: float = WIDTH,
        most: int | None = None,
    ) -> None:
        """Write words at `x` below what is there, in lines of `width`, `most` of them."""
        self._font(size, colour, bold)
        lines = self.pdf.multi_cell(width, text=self._drawable(words), dry_run=True, output="LINES")
        if most is not None and len(lines) > most:
            lines = [*lines[: most - 1], self._fit(lines[most - 1] + "…", width, cut=True)]
        for text in lines:
            self.pdf.set_x(x)
            self.pdf.cell(width, line or size * 0.47, as_seen(text), new_x="LEFT", new_y="NEXT")

    def _fit(self, words: str, width: float, cut: bool = False) -> str:
        """Shorten words to a line, with an ellipsis where something is left out."""
        words = self._drawable(words)
        if not cut and self.pdf.get_string_width(words) <= width:
            return words
        while words and self.pdf.get_string_width(words + "…") > width - 2:
            words = words[:-1]
        return words.rstrip("… ") + "…"

    def _drawable(self, words: str) -> str:
        drawn = drawable(words, self._known)
        self._lacks_letters |= BOX in drawn
        return drawn

    def _hint(self) -> None:
        """Say what the boxes are, where there are some."""
        if self._lacks_letters:
            self.pdf.set_xy(LEFT, BOTTOM + 2)
            self._text(
                gettext("□ is a letter that this file's font lacks. The page and the XLSX file show it."),
                7.5,
                QUIET,
            )
