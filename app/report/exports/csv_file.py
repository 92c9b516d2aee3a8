"""A report as CSV: one row a minute."""

import csv
import re
from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

from app.language import translate
from app.pulse.choice import Choice
from app.report.lecture_report import Report
from app.report.pulse_report import PulseReportMinute
from app.report.report_minute import ReportMinute
from app.vision.emotion import EMOTIONS, EXPRESSIONS

BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for the system's old code page
FORMULA_START = re.compile(r"""(^|[;|\t\r\n])(?=[\s"]*[=+\-@＝＋－＠])""")
"""Where a spreadsheet may find a formula. One that separates by semicolons, bars or tabs begins a cell after
each of these, whatever the quotation marks around the whole text."""

COLUMNS = (
    "minute",
    "room",
    "course",
    "lecture",
    "seen",
    "online_seconds",
    "frames_analysed",
    "faces_mean",
    "faces_max",
    "face_seconds",
    "counted_seconds",
    "facing_share",
    *EXPRESSIONS,
    *(f"{emotion}_{end}" for emotion in EMOTIONS for end in ("low", "high")),
    "pulse_answered",
    *(f"pulse_{choice}" for choice in Choice),
    *(f"pulse_{choice}_{end}" for choice in Choice for end in ("low", "high")),
    "notes",
    "from_recording",
    "lecture_coverage",
    "minimum_group",
    "network_sha256",
    "limits",
)


EXPRESSION_COLUMNS = {
    *EXPRESSIONS,
    *(f"{emotion}_{end}" for emotion in EMOTIONS for end in ("low", "high")),
    "network_sha256",
}
"""Columns that a report of presence doesn't have; it has `facing_share` instead."""

FACE_COLUMNS = set(COLUMNS[COLUMNS.index("seen") : COLUMNS.index("pulse_answered")]) | {
    "from_recording",
    "lecture_coverage",
    "network_sha256",
}
"""Columns that a report without a camera doesn't have."""

PULSE_COLUMNS = {column for column in COLUMNS if column.startswith("pulse_")}


def to_csv(report: Report, timezone: ZoneInfo) -> bytes:
    """The report in UTF-8 with a byte order mark, times with their offset. A gap has no figures.

    `happy_low` and `happy_high` are the ends of the 95 % interval. What holds for the whole lecture is
    repeated in every row, so that no row loses it.
    """
    text = StringIO()
    columns = [name for name in COLUMNS if name not in _absent(report)]
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for minute in report.minutes:
        writer.writerow(dict(zip(COLUMNS, _row(report, minute, timezone), strict=True)))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _absent(report: Report) -> set[str]:
    without_pulse = set() if report.pulse else PULSE_COLUMNS
    if not report.has_camera:
        return FACE_COLUMNS | without_pulse
    return (EXPRESSION_COLUMNS if report.is_presence else {"facing_share"}) | without_pulse


def _row(report: Report, minute: ReportMinute, timezone: ZoneInfo) -> list:
    shares, intervals = minute.all_shares or {}, minute.share_intervals or {}
    figures = [
        minute.faces_mean,
        minute.faces_max,
        minute.face_seconds,
        minute.counted_seconds,
        minute.facing_share,
        *(shares.get(expression) for expression in EXPRESSIONS),
        *(end for emotion in EMOTIONS for end in intervals.get(emotion, (None, None))),
    ]
    said = report.pulse and report.pulse.minute_at(minute.minute)
    notes = " · ".join(note.text for note in report.notes_in(minute))
    return [
        _local(minute.minute, timezone),
        *(harmless(text) for text in (report.room, report.course, report.title)),
        minute.status.value,
        round(minute.online_seconds, 1),
        minute.frames_analysed,
        *("" if figure is None else round(figure, 4) for figure in [*figures, *_said(said)]),
        harmless(notes),
        report.from_recording,
        round(report.coverage, 4),
        report.conditions.minimum_group,
        report.network_sha256,
        translate(report.limits),
    ]


def _said(said: PulseReportMinute | None) -> list[float | None]:
    """How many answered, how many said each, and the ends of the intervals of their shares."""
    counts, intervals = (said and said.counts) or {}, (said and said.share_intervals) or {}
    return [
        said and said.answered,
        *(counts.get(choice) for choice in Choice),
        *(end for choice in Choice for end in intervals.get(choice, (None, None))),
    ]


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking what people wrote for a formula (CWE-1236)."""
    return FORMULA_START.sub(r"\1'", text)


def _local(moment: datetime, timezone: ZoneInfo) -> str:
    return moment.astimezone(timezone).isoformat(timespec="seconds")
