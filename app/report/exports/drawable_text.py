"""Text as a PDF can draw it: a box for a letter that the font lacks, right-to-left lines reordered."""

import unicodedata
from collections.abc import Container

BOX = "□"
"""In place of a letter that the font lacks. A font with all letters would be 16 MB large."""


def drawable(words: str, known: Container[int]) -> str:
    """The words with a box for each letter that is not in `known`, and without invisible signs."""
    return "".join(letter if ord(letter) in known else _in_place_of(letter) for letter in words)


def _in_place_of(letter: str) -> str:
    return "" if unicodedata.category(letter) in ("Cf", "Mn") else BOX


def as_seen(line: str) -> str:
    """The letters of a line in the order in which they are drawn, left to right; Hebrew is reordered."""
    if any(unicodedata.bidirectional(letter) == "R" for letter in line):
        from fpdf.bidi import BidiParagraph  # imported here, as in pdf_canvas

        return BidiParagraph(line).get_reordered_string()
    return line
