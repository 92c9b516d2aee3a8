"""The picture that is shown while there is none: why it is dark, and since when."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from app import fonts

BACKGROUND = "#16181d"
QUIET = "#9aa3b2"
LOUD = "#f2f4f8"
ACCENT = "#f0b35a"


@lru_cache(maxsize=32)
def draw_card(title: str, detail: str, since: str, size: tuple[int, int]) -> bytes:
    """Draw a card as JPEG, `size` (width, height) pixels: what is wrong, why, and since when."""
    width, height = size
    unit = min(width / 16, height / 9)
    card = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(card)
    left, top = width * 0.12, height * 0.36
    title_font, body, small = (ImageFont.truetype(fonts.REGULAR, unit * part) for part in (0.62, 0.34, 0.3))
    pen.rounded_rectangle(
        (left - unit * 0.5, top, left - unit * 0.38, top + unit * 2.6), radius=unit * 0.06, fill=ACCENT
    )
    pen.text((left, top), title, font=title_font, fill=LOUD)
    line = top + unit * 1.05
    for words in _wrapped(detail, body, width * 0.76)[:4]:
        pen.text((left, line), words, font=body, fill=QUIET)
        line += unit * 0.46
    pen.text((left, line + unit * 0.18), since, font=small, fill=ACCENT)
    encoded = BytesIO()
    card.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break a text into lines that fit into `width` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
