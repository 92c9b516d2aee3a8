"""A report as a file, and as JSON."""

import csv
import json
import re
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

from flask_babel import gettext

from app.language import say
from app.report.exports.xlsx import to_xlsx
from app.report.report import LIMITS, Report, ReportMinute
from app.report.summary import changes, doubts, sentence
from app.vision.emotion import EMOTIONS

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the system's old code page
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")

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
    *EMOTIONS,
    "uncertain",
    *(f"{emotion}_{end}" for emotion in EMOTIONS for end in ("low", "high")),
    "notes",
    "lecture_coverage",
    "minimum_group",
    "network_sha256",
    "limits",
)


def to_csv(report: Report, timezone: ZoneInfo) -> bytes:
    """Give one row a minute, times with offset, in UTF-8 with a byte order mark. A gap has no figures.

    `happy_low` and `happy_high` are the ends of the 95 % interval. What holds for the whole lecture stands in
    every row, so that no row loses it.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for minute in report.minutes:
        writer.writerow(_row(report, minute, timezone))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _row(report: Report, minute: ReportMinute, timezone: ZoneInfo) -> list:
    shares = minute.shares or {}
    figures = [minute.faces_mean, minute.faces_max, minute.face_seconds]
    figures += [*(shares.get(emotion) for emotion in EMOTIONS), minute.uncertain_share]
    intervals = minute.share_intervals or {}
    figures += [end for emotion in EMOTIONS for end in intervals.get(emotion, (None, None))]
    notes = " · ".join(note.text for note in report.notes_in(minute))
    return [
        _local(minute.minute, timezone),
        *(_harmless(words) for words in (report.room, report.course, report.title)),
        minute.seen.value,
        round(minute.online_seconds, 1),
        minute.frames_analysed,
        *("" if figure is None else round(figure, 4) for figure in figures),
        _harmless(notes),
        round(report.coverage, 4),
        report.conditions.minimum_group,
        report.conditions.network.sha256,
        say(LIMITS),
    ]


def _harmless(words: str) -> str:
    """Keep a spreadsheet from taking somebody's title for a formula (CWE-1236)."""
    return f"'{words}" if words.startswith(FORMULA_SIGNS) else words


def to_json(report: Report, timezone: ZoneInfo) -> bytes:
    """Give the whole report, as `GET /api/v1/lectures/ID/report` does."""
    return json.dumps(as_dict(report, timezone), ensure_ascii=False, indent=1).encode()


def to_pdf(report: Report, timezone: ZoneInfo) -> bytes:
    """Give two sheets of A4."""
    from app.report.exports import pdf  # a quarter of a second and 20 MB that nothing else needs

    return pdf.to_pdf(report, timezone)


def as_dict(report: Report, timezone: ZoneInfo) -> dict:
    """The report in the words of the JSON API; times are RFC 3339, UTC, but for those in the sentence."""
    return {
        "id": report.id,
        "title": report.title,
        "course": report.course,
        "room": report.room,
        "started_at": rfc3339(report.started_at),
        "ended_at": rfc3339(report.ended_at) if report.ended_at else None,
        "summary": sentence(report, timezone),
        "doubts": doubts(report),
        "seconds": report.seconds,
        "online_seconds": report.online_seconds,
        "coverage": report.coverage,
        "faces_mean": report.faces_mean,
        "faces_max": report.faces_max,
        "shares": report.shares,
        "share_intervals": report.share_intervals,
        "uncertain_share": report.uncertain_share,
        "suppressed_minutes": report.suppressed_minutes,
        "minimum_group": report.conditions.minimum_group,
        "network_sha256": report.conditions.network.sha256,
        "limits": say(LIMITS),
        "changes": [
            {
                "emotion": change.emotion,
                "from": rfc3339(change.start),
                "to": rfc3339(change.end),
                "share": change.share,
                "average": change.average,
                "faces_mean": change.faces,
            }
            for change in changes(report)
        ],
        "notes": [{"id": note.id, "at": rfc3339(note.at), "text": note.text} for note in report.notes],
        "minutes": [
            {
                "minute": rfc3339(minute.minute),
                "seen": minute.seen,
                "online_seconds": minute.online_seconds,
                "frames_analysed": minute.frames_analysed,
                "faces_mean": minute.faces_mean,
                "faces_max": minute.faces_max,
                "face_seconds": minute.face_seconds,
                "shares": minute.shares,
                "share_intervals": minute.share_intervals,
                "uncertain_share": minute.uncertain_share,
                "weak": minute.is_weak,
            }
            for minute in report.minutes
        ],
    }


def rfc3339(moment: datetime) -> str:
    """A UTC moment as JSON has it."""
    return moment.isoformat().replace("+00:00", "Z")


def _local(moment: datetime, timezone: ZoneInfo) -> str:
    return moment.astimezone(timezone).isoformat(timespec="seconds")


FORMATS: dict[str, tuple[str, Callable[[Report, ZoneInfo], bytes]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
    "pdf": ("application/pdf", to_pdf),
    "csv": ("text/csv", to_csv),
    "json": ("application/json", to_json),
}


def filename(report: Report, extension: str, timezone: ZoneInfo) -> str:
    """A name such as `aula_Algebra-2_2026-11-20_1030.csv`."""
    title = re.sub(r"[^\w.]+", "-", report.title).strip("-.")[:60] or gettext("lecture")
    return f"aula_{title}_{report.started_at.astimezone(timezone):%Y-%m-%d_%H%M}.{extension}"
