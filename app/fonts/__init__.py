"""The letters of everything that is drawn: the stream's labels, its card, the PDF."""

from pathlib import Path

REGULAR = Path(__file__).parent / "DejaVuSansCondensed.ttf"
BOLD = Path(__file__).parent / "DejaVuSansCondensed-Bold.ttf"
