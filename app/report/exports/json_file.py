"""A report as JSON."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from app.language import translate
from app.report.lecture_report import Report
from app.report.pulse_report import PulseReport, PulseReportMinute
from app.report.report_minute import ReportMinute
from app.report.summary import ExpressionChange, biggest_changes, doubts, summary_sentence
from app.store.minute_figures import figures_of


def to_json(report: Report, timezone: ZoneInfo) -> bytes:
    """The whole report, as `GET /api/v1/lectures/ID/report` gives it."""
    return json.dumps(as_dict(report, timezone), ensure_ascii=False, indent=1).encode()


def as_dict(report: Report, timezone: ZoneInfo) -> dict:
    """The report in the words of the JSON API. Times are RFC 3339, UTC; in the sentence they are local."""
    return {
        "id": report.id,
        "title": report.title,
        "course": report.course,
        "room": report.room,
        "purpose": report.purpose,
        "started_at": rfc3339(report.started_at),
        "ended_at": rfc3339(report.ended_at) if report.ended_at else None,
        "ended_by_itself": report.ended_by_itself,
        "planned_end": rfc3339(report.planned_end) if report.planned_end else None,
        "from_recording": report.from_recording,
        "summary": summary_sentence(report, timezone),
        "doubts": doubts(report),
        "seconds": report.seconds,
        "online_seconds": report.online_seconds,
        "coverage": report.coverage,
        "faces_mean": report.faces_mean,
        "faces_max": report.faces_max,
        "shares": report.shares,
        "share_intervals": report.share_intervals,
        "uncertain_share": report.uncertain_share,
        "facing_share": report.facing_share,
        "suppressed_minutes": report.suppressed_minutes,
        "minimum_group": report.conditions.minimum_group,
        "network_sha256": report.network_sha256,
        "limits": translate(report.limits),
        "changes": [_change(change) for change in biggest_changes(report)],
        "notes": [{"id": note.id, "at": rfc3339(note.at), "text": note.text} for note in report.notes],
        "minutes": [_minute(minute, report.pulse) for minute in report.minutes],
        "pulse": _pulse(report.pulse) if report.pulse else None,
    }


def _pulse(pulse: PulseReport) -> dict:
    correlation = pulse.correlation
    return {
        "answered_mean": pulse.answered_mean,
        "shares": pulse.shares,
        "share_intervals": pulse.share_intervals,
        "lost_rises": [rfc3339(said.minute) for said in pulse.minutes if said.lost_rises],
        "correlation": correlation
        and {
            "value": correlation.value,
            "interval": (correlation.low, correlation.high),
            "minutes": correlation.minutes,
        },
        "polls": [
            {
                "asked_at": rfc3339(poll.asked_at),
                "text": poll.text,
                "answers": poll.answers,
                "counts": poll.counts,
            }
            for poll in pulse.polls
        ],
    }


def _said(said: PulseReportMinute | None) -> dict | None:
    """What students said in a minute; null if it was not counted."""
    if said is None:
        return None
    return {
        "answered": said.answered,
        "counts": said.counts,
        "share_intervals": said.share_intervals,
        "lost_rises": said.lost_rises,
        "minimum_group": said.minimum_group,
    }


def _change(change: ExpressionChange) -> dict:
    return {
        "emotion": change.emotion,
        "from": rfc3339(change.start),
        "to": rfc3339(change.end),
        "share": change.share,
        "average": change.average,
        "faces_mean": change.faces_mean,
    }


def _minute(minute: ReportMinute, pulse: PulseReport | None) -> dict:
    return {
        "minute": rfc3339(minute.minute),
        "seen": minute.status,
        **figures_of(minute),
        "share_intervals": minute.share_intervals,
        "weak": minute.is_weak,
        "pulse": _said(pulse.minute_at(minute.minute)) if pulse else None,
    }


def rfc3339(moment: datetime) -> str:
    """A UTC moment as JSON gives it, as 2026-11-20T12:00:00Z."""
    return moment.isoformat().replace("+00:00", "Z")
