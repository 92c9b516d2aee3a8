"""The sheet of a PDF with what students said."""

from zoneinfo import ZoneInfo

from flask_babel import gettext

from app.language import translate
from app.pulse.choice import CHOICE_COLOURS, CHOICE_NAMES, Choice
from app.report.exports.pdf_canvas import LEFT, QUIET, RIGHT, WIDTH, PdfCanvas
from app.report.lecture_report import PULSE_LIMITS
from app.report.pulse_report import PulseReport, PulseReportMinute
from app.report.pulse_wording import correlation_sentence, pulse_sentence
from app.report.wording import capital, clock, interval, percent
from app.vision.palette import rgb

LINE = (232, 235, 236)
CHART_HEIGHT = 45.0
MAX_ROWS = 34
SWATCH = 2.6
WIDTHS = (18.0, 20.0, *[34.0] * len(Choice))


def draw_pulse(canvas: PdfCanvas, pulse: PulseReport, timezone: ZoneInfo) -> None:
    """Draw the sentences, a column a minute and the table, every so many minutes if they are many."""
    canvas.text(gettext("What students said"), 13, bold=True, line=7)
    canvas.text(capital(pulse_sentence(pulse, timezone)) + ".", 10, line=5)
    if pulse.correlation is not None:
        canvas.text(correlation_sentence(pulse.correlation), 9, QUIET)
    for poll in pulse.polls:
        pairs = zip(poll.answers, poll.counts or (), strict=False)
        result = ", ".join(f"{text} {count}" for text, count in pairs) or gettext("too few answered")
        name = poll.text or gettext("Poll")
        canvas.text(f"{clock(poll.asked_at, timezone)}  {name} – {result}", 9, max_lines=2)
    _draw_chart(canvas, pulse, timezone)
    _draw_table(canvas, pulse, timezone)
    canvas.pdf.ln(3)
    canvas.text(translate(PULSE_LIMITS), 7.5, QUIET, line=3.7)


def _draw_chart(canvas: PdfCanvas, pulse: PulseReport, timezone: ZoneInfo) -> None:
    pdf, top = canvas.pdf, canvas.pdf.get_y() + 5
    step, every = WIDTH / len(pulse.minutes), -(-len(pulse.minutes) // 12)
    canvas.set_font(7, QUIET)
    for number, said in enumerate(pulse.minutes):
        x, y = LEFT + number * step, top + CHART_HEIGHT
        for choice, share in (said.shares or {}).items():
            y -= share * CHART_HEIGHT
            canvas.bar(rgb(CHOICE_COLOURS[choice]), x, y, step * 1.005, share * CHART_HEIGHT)
        if not said.shares:
            canvas.bar(LINE, x, top, step, CHART_HEIGHT)
        if said.lost_rises:
            canvas.bar(rgb(CHOICE_COLOURS[Choice.LOST]), x, top - 2, max(step, 0.8), 1.2)
        if number % every == 0:
            pdf.text(x, top + CHART_HEIGHT + 3.6, clock(said.minute, timezone))
    pdf.set_xy(LEFT, top + CHART_HEIGHT + 7)


def _draw_table(canvas: PdfCanvas, pulse: PulseReport, timezone: ZoneInfo) -> None:
    pdf = canvas.pdf
    canvas.set_font(7.5, QUIET)
    pdf.cell(WIDTHS[0], 5, "")
    pdf.cell(WIDTHS[1], 5, gettext("answered"), align="R")
    for choice, width in zip(Choice, WIDTHS[2:], strict=True):
        name = translate(CHOICE_NAMES[choice])
        left = pdf.get_x() + width - pdf.get_string_width(name) - SWATCH - 1
        canvas.bar(rgb(CHOICE_COLOURS[choice]), left, pdf.get_y() + 1.2, SWATCH, SWATCH)
        pdf.cell(width, 5, name, align="R")
    pdf.ln(5)
    for said in pulse.minutes[:: -(-len(pulse.minutes) // MAX_ROWS)]:
        _draw_row(canvas, said, timezone)


def _draw_row(canvas: PdfCanvas, said: PulseReportMinute, timezone: ZoneInfo) -> None:
    pdf, y = canvas.pdf, canvas.pdf.get_y()
    pdf.set_draw_color(*LINE)
    pdf.line(LEFT, y, RIGHT, y)
    canvas.set_font(7.5)
    pdf.cell(WIDTHS[0], 4.4, clock(said.minute, timezone))
    if not said.shares:
        pdf.cell(60, 4.4, "   " + gettext("too few answered"))
    else:
        pdf.cell(WIDTHS[1], 4.4, str(said.answered), align="R")
        for choice, width in zip(Choice, WIDTHS[2:], strict=True):
            share, ends = percent(said.shares[choice]), interval(said.share_intervals[choice])
            pdf.cell(width, 4.4, f"{said.counts[choice]} · {share} ({ends})", align="R")
    pdf.set_xy(LEFT, y + 4.4)
