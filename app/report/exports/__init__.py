"""A report as a file. To add a format, write a module beside this one and put its function into FORMATS."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask_babel import gettext

from app.report.exports.csv_file import to_csv
from app.report.exports.json_file import to_json
from app.report.exports.pdf_file import to_pdf
from app.report.exports.xlsx_file import to_xlsx
from app.report.lecture_report import Report


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A kind of file."""

    mimetype: str
    write: Callable[[Report, ZoneInfo], bytes]
    """Gives the file, with times in that zone."""


FORMATS = {
    "xlsx": ExportFormat("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
    "pdf": ExportFormat("application/pdf", to_pdf),
    "csv": ExportFormat("text/csv", to_csv),
    "json": ExportFormat("application/json", to_json),
}
"""Every format by its extension."""


def filename(report: Report, extension: str, timezone: ZoneInfo) -> str:
    """A name such as `aula_Algebra-2_2026-11-20_1030.csv`."""
    title = re.sub(r"[^\w.]+", "-", report.title).strip("-.")[:60] or gettext("lecture")
    return f"aula_{title}_{report.started_at.astimezone(timezone):%Y-%m-%d_%H%M}.{extension}"
