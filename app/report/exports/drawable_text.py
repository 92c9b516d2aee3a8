"""Text as a PDF can draw it: a box for a letter that no font has."""

import unicodedata
from collections.abc import Container

BOX = "□"
"""In place of a letter that the font lacks. A font with all letters would be 16 MB large."""


def drawable(words: str, known: Container[int]) -> str:
    """The words with a box for each letter that is not in `known`, and without invisible signs."""
    return "".join(letter if ord(letter) in known else _in_place_of(letter) for letter in words)


def _in_place_of(letter: str) -> str:
    return "" if unicodedata.category(letter) in ("Cf", "Mn") else BOX
