"""Letters that a font lacks, and lines that run from right to left, on paper."""

import unicodedata
from collections.abc import Container

from fpdf.bidi import BidiParagraph

BOX = "□"
"""In place of a letter that the font lacks. A font that had them all would be 16 MB large."""


def drawable(words: str, known: Container[int]) -> str:
    """Put a box for each letter that is not in `known`, and nothing for a sign that is never seen."""
    return "".join(letter if ord(letter) in known else _in_place_of(letter) for letter in words)


def _in_place_of(letter: str) -> str:
    return "" if unicodedata.category(letter) in ("Cf", "Mn") else BOX


def as_seen(line: str) -> str:
    """The letters of a line from left to right: Hebrew is written the other way."""
    if any(unicodedata.bidirectional(letter) == "R" for letter in line):
        return BidiParagraph(line).get_reordered_string()
    return line
