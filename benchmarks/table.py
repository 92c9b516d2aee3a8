"""A benchmark's result as a table for people and one line of JSON for programs."""

import json
from collections.abc import Sequence


def show(name: str, rows: Sequence[dict]) -> None:
    """Print rows that have the same keys: first as a table, then as one line of JSON."""
    cells = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    print(json.dumps({"benchmark": name, "rows": rows}), flush=True)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)
