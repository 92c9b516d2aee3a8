"""The chart of a lecture on a sheet: the stack of the page, legible in black and white."""

from flask_babel import gettext

from app.expression_names import expression_name
from app.report.exports.pdf_canvas import INK, LEFT, QUIET, RIGHT, PdfCanvas
from app.report.report_minute import MinuteStatus
from app.report.share_stack import PRESENCE_COLOURS, STACK_COLOURS
from app.report.stack_chart import Corner, Span, StackChart
from app.report.wording import decimal, why_no_shares
from app.vision.palette import ink_on, rgb

UNKNOWN, FACES = "#e2e6e7", "#b0b8bb"
LINE = (176, 184, 187)
PLOT_LEFT = LEFT + 11  # the axis stands before it
PLOT_WIDTH = RIGHT - PLOT_LEFT
STRIP_HEIGHT, FLAG_HEIGHT = 9.0, 4.2
HATCH_STEP = 1.6
MIN_WHY_WIDTH = 4.0  # a reason is written upwards

COLOURS = STACK_COLOURS | PRESENCE_COLOURS


def draw_chart(canvas: PdfCanvas, chart: StackChart, top: float, height: float, max_flags: int) -> float:
    """Draw at `top`, the stack `height` high; gives where it ends, in millimetres."""
    drawing = _Drawing(canvas, chart, top, height, max_flags)
    return drawing.draw()


class _Drawing:
    def __init__(
        self, canvas: PdfCanvas, chart: StackChart, top: float, height: float, max_flags: int
    ) -> None:
        self._canvas, self._pdf, self._chart = canvas, canvas.pdf, chart
        self._flags = chart.flags[:max_flags]
        self._is_shares = not chart.is_presence
        rows = max((flag.row for flag in self._flags), default=-1) + 1
        self._flags_top, self._top, self._height = top, top + rows * FLAG_HEIGHT, height

    def draw(self) -> float:
        for span in self._chart.read if self._is_shares else ():
            self._canvas.bar(rgb(UNKNOWN), self._x(span.start), self._top, self._width(span), self._height)
        for span in self._chart.unread:
            self._hatch(span)
        for area in self._chart.areas:
            self._polygon(COLOURS[area.kind], area.corners, self._chart.top, self._top, self._height)
        self._axis()
        self._draw_flags()
        self._names()
        bottom = self._top + self._height + 5
        if self._is_shares:
            self._faces(bottom)
            bottom += STRIP_HEIGHT + 1
        return bottom

    def _x(self, minute: float) -> float:
        return PLOT_LEFT + PLOT_WIDTH * minute / self._chart.minutes

    def _width(self, span: Span) -> float:
        return self._x(span.end) - self._x(span.start)

    def _polygon(
        self, colour: str, corners: tuple[Corner, ...], most: float, top: float, height: float
    ) -> None:
        points = [(self._x(x), top + height * (1 - y / most)) for x, y in corners]
        self._pdf.set_fill_color(*rgb(colour))
        self._pdf.set_draw_color(255)
        self._pdf.set_line_width(0.3)  # white between neighbours, which a printer without colours shows
        self._pdf.polygon(points, style="DF")

    def _hatch(self, span: Span) -> None:
        """Slanted lines without camera, dots of a line otherwise; and why, if there is room."""
        pdf, left, width = self._pdf, self._x(span.start), self._width(span)
        pdf.set_draw_color(*LINE)
        pdf.set_line_width(0.25)
        if span.status is not MinuteStatus.GAP:
            pdf.set_dash_pattern(dash=0.3, gap=0.9)
        with pdf.rect_clip(left, self._top, width, self._height):
            steps = int((width + self._height) / HATCH_STEP) + 1
            for step in range(steps):
                x = left + step * HATCH_STEP
                pdf.line(x, self._top, x - self._height, self._top + self._height)
        pdf.set_dash_pattern()
        if width >= MIN_WHY_WIDTH:
            self._canvas.set_font(7)
            why = why_no_shares(span.status)
            x, y = left + width / 2 + 0.9, self._top + self._height / 2
            length = pdf.get_string_width(why)
            self._canvas.bar((255, 255, 255), x - 2.6, y - length / 2 - 1, 3.4, length + 2)
            with pdf.rotation(90, x, y):
                pdf.text(x - length / 2, y, why)

    def _axis(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(*INK)
        pdf.set_line_width(0.2)
        bottom = self._top + self._height
        pdf.line(PLOT_LEFT, bottom, RIGHT, bottom)
        self._canvas.set_font(7, QUIET)
        marks = ((0.0, "0"), (1.0, decimal(self._chart.top)))
        if self._is_shares:
            marks = ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %"))
        for part, words in marks:
            y = self._top + self._height * (1 - part)
            pdf.line(PLOT_LEFT - 1, y, PLOT_LEFT, y)
            pdf.text(PLOT_LEFT - 1.6 - pdf.get_string_width(words), y + 0.9, words)
        for minute, words in self._chart.ticks:
            x = self._x(minute)
            pdf.line(x, bottom, x, bottom + 1)
            half = pdf.get_string_width(words) / 2
            pdf.text(min(max(x - half, PLOT_LEFT), RIGHT - 2 * half), bottom + 3.8, words)

    def _draw_flags(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(*INK)
        pdf.set_line_width(0.3)
        places = [
            (self._x(flag.x), self._top - (flag.row + 1) * FLAG_HEIGHT, flag.number) for flag in self._flags
        ]
        for x, y, _ in places:
            pdf.line(x, y + 1, x, self._top + self._height)
        for x, y, number in places:
            self._canvas.bar(INK, x - 0.15, y, 3.6, 3.4)
            self._canvas.set_font(6.5, (255, 255, 255), bold=True)
            pdf.text(x + 1.65 - pdf.get_string_width(str(number)) / 2, y + 2.5, str(number))

    def _names(self) -> None:
        for name in self._chart.names:
            colour = COLOURS[name.kind]
            self._canvas.set_font(8, rgb(ink_on(colour)), bold=True)
            words = expression_name(name.kind)
            half = self._pdf.get_string_width(words) / 2
            y = self._top + self._height * (1 - name.y / self._chart.top)
            self._pdf.text(self._x(name.x) - half, y + 1, words)

    def _faces(self, top: float) -> None:
        """The faces in view, as a strip."""
        for corners in self._chart.faces:
            self._polygon(FACES, corners, self._chart.faces_top, top, STRIP_HEIGHT)
        self._canvas.set_font(7, QUIET)
        most = f"{self._chart.faces_top:.0f}"
        self._pdf.text(PLOT_LEFT - 1.6 - self._pdf.get_string_width(most), top + 2, most)
        self._canvas.set_font(7)
        self._pdf.text(PLOT_LEFT + 1, top + STRIP_HEIGHT - 1.2, gettext("faces"))
