"""Fonts of the system for letters that the PDF's own font lacks. Optional: Aula does not bring them along."""

from functools import cache
from pathlib import Path

FOLDER = Path("/usr/share/fonts/truetype")  # of Debian and its kin
DEJAVU = FOLDER / "dejavu" / "DejaVuSans.ttf"
"""Arabic, among others: 760 kB, package fonts-dejavu-core (Bitstream Vera's licence)."""
DROID = FOLDER / "droid" / "DroidSansFallbackFull.ttf"
"""Chinese and Japanese: 4 MB, package fonts-droid-fallback (Apache License)."""
NANUM = FOLDER / "nanum" / "NanumGothic.ttf"
"""Korean: package fonts-nanum (SIL Open Font License)."""
SYMBOLA = FOLDER / "ancient-scripts" / "Symbola_hint.ttf"
"""Emoji, without colours, and symbols: 3 MB, package fonts-symbola."""

PATHS = (DEJAVU, DROID, NANUM, SYMBOLA)


@cache
def letters_of(path: Path) -> frozenset[int]:
    """The code points that a font has; none if it is not installed."""
    from fontTools.ttLib import TTFont  # imported here, as fpdf2 in pdf_canvas

    if not path.exists():
        return frozenset()
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())
