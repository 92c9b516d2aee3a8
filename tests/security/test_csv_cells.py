"""Text that people typed stays text in a spreadsheet."""

import csv

import pytest

from app.report.exports.csv_file import harmless


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        " =1+1",
        "@SUM(A1)",
        "Algebra;=1+1",
        "Algebra; +1",
        'Algebra;"=HYPERLINK(""http://evil.example"")"',
        '";=1+1;"',
        "a|=1|-1",
        "a\t=1",
        "a\r=1\n=2",
        "＝1+1",
    ],
)
def test_no_cell_is_a_formula_whatever_separates_the_cells(text, separator, tmp_path):
    file = tmp_path / "report.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerow(["2026-11-20", harmless(text), "end"])
    with file.open(newline="") as opened:
        cells = [cell for row in csv.reader(opened, delimiter=separator) for cell in row]
    assert len(cells) > 1 or separator not in text
    assert not [cell for cell in cells if cell.lstrip(' "').startswith(tuple("=+-@＝"))]


def test_ordinary_text_is_left_alone():
    for text in ("Algebra 2; part b", "5-6", "a = b; c", "C++"):
        assert harmless(text) == text
