"""Sheets of A4 to draw a report on, in millimetres from the top left corner."""

from pathlib import Path

from app import fonts
from app.report.exports import system_fonts
from app.report.exports.drawable_text import BOX, drawable

LEFT, RIGHT, WIDTH = 18.0, 192.0, 174.0
TOP, BOTTOM = 18.0, 281.0

Colour = tuple[int, int, int]
INK: Colour = (24, 30, 33)
QUIET: Colour = (96, 108, 112)


class PdfCanvas:
    """A PDF that is being drawn; `pdf` is fpdf2's own object, for lines and cells."""

    def __init__(self) -> None:
        from fpdf import FPDF  # imported here: it takes 0.25 s and 20 MB, which only a PDF needs

        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(LEFT, TOP, 210 - RIGHT)
        self.pdf.c_margin = 0
        self.pdf.add_font("DejaVu", "", fonts.REGULAR)
        self.pdf.add_font("DejaVu", "B", fonts.BOLD)
        self.pdf.set_text_shaping(True)  # joins the letters of Arabic; right-to-left words run so
        self._known = set(self.pdf.fonts["dejavu"].cmap)
        self._fallbacks: list[str] = []
        self.has_boxes = False
        """Whether a box stands for a letter that the font lacks."""

    def set_font(self, size: float, colour: Colour = INK, bold: bool = False) -> None:
        """Choose the font of the next words."""
        self.pdf.set_font("DejaVu", "B" if bold else "", size)
        self.pdf.set_text_color(*colour)

    def bar(self, colour: Colour, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle; one without an area is left out."""
        if width > 0 and height > 0:
            self.pdf.set_fill_color(*colour)
            self.pdf.rect(x, y, width, height, style="F")

    def text(
        self,
        words: str,
        size: float,
        colour: Colour = INK,
        bold: bool = False,
        line: float | None = None,
        x: float = LEFT,
        width: float = WIDTH,
        max_lines: int | None = None,
    ) -> None:
        """Write words at `x`, below what is there, in lines of `width`."""
        self.set_font(size, colour, bold)
        lines = self.pdf.multi_cell(width, text=self._drawable(words), dry_run=True, output="LINES")
        if max_lines is not None and len(lines) > max_lines:
            lines = [*lines[: max_lines - 1], self._shortened(lines[max_lines - 1], width)]
        for text in lines:
            self.pdf.set_x(x)
            self.pdf.cell(width, line or size * 0.47, text, new_x="LEFT", new_y="NEXT")

    def fitted(self, words: str, width: float) -> str:
        """The words as they can be drawn in one line, with an ellipsis if they are cut."""
        words = self._drawable(words)
        return words if self.pdf.get_string_width(words) <= width else self._shortened(words, width)

    def _shortened(self, words: str, width: float) -> str:
        while words and self.pdf.get_string_width(words + "…") > width - 2:
            words = words[:-1]
        return words.rstrip("… ") + "…"

    def _drawable(self, words: str) -> str:
        for path in system_fonts.PATHS:
            self._add_if_needed(path, words)
        drawn = drawable(words, self._known)
        self.has_boxes |= BOX in drawn
        return drawn

    def _add_if_needed(self, path: Path, words: str) -> None:
        """Add a font of the system that has letters which are missing so far."""
        lacking = {ord(letter) for letter in words} - self._known
        if path.stem in self._fallbacks or not lacking & system_fonts.letters_of(path):
            return
        self.pdf.add_font(path.stem, "", path)
        self._fallbacks.append(path.stem)
        self.pdf.set_fallback_fonts(self._fallbacks, exact_match=False)  # bold letters become regular ones
        self._known |= system_fonts.letters_of(path)
