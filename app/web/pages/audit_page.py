"""The audit: a page with a filter, and a CSV. For administrators."""

import csv
from io import StringIO

from flask import Blueprint, Response, abort, current_app, render_template, request

from app.language import Translatable, translate
from app.report.exports.csv_file import BYTE_ORDER_MARK, harmless
from app.store import audit_queries
from app.store.audit_queries import AuditAction, AuditFilter
from app.store.tables import AuditEntry
from app.web.extensions import current_time
from app.web.request_checks import row_id

pages = Blueprint("audit", __name__)

PAGE_SIZE = 50

ACTION_NAMES = {
    AuditAction.LECTURE_STARTED: Translatable("Lecture started"),
    AuditAction.LECTURE_ENDED: Translatable("Lecture ended"),
    AuditAction.LECTURE_RESUMED: Translatable("Lecture resumed"),
    AuditAction.LECTURE_RENAMED: Translatable("Lecture renamed"),
    AuditAction.LECTURE_SHARED: Translatable("Lecture shared"),
    AuditAction.LECTURE_DELETED: Translatable("Lecture deleted"),
    AuditAction.LECTURE_RESTORED: Translatable("Lecture restored"),
    AuditAction.LECTURE_EXPORTED: Translatable("Report downloaded"),
    AuditAction.RECORDING_ADDED: Translatable("Recording added"),
    AuditAction.RECORDING_REMOVED: Translatable("Recording removed"),
    AuditAction.SETTINGS_CHANGED: Translatable("Settings changed"),
    AuditAction.PURPOSE_CHOSEN: Translatable("Purpose chosen"),
    AuditAction.AREAS_CHANGED: Translatable("Privacy areas changed"),
    AuditAction.ROOM_ADDED: Translatable("Room added"),
    AuditAction.ROOM_ARCHIVED: Translatable("Room archived"),
    AuditAction.ROOM_RESTORED: Translatable("Room restored"),
    AuditAction.ROOM_DELETED: Translatable("Room deleted"),
    AuditAction.ROOM_PAUSED: Translatable("Room paused"),
    AuditAction.ROOM_RESUMED: Translatable("Room resumed"),
    AuditAction.FACES_HIDDEN: Translatable("Faces hidden"),
    AuditAction.FACES_SHOWN: Translatable("Faces shown"),
    AuditAction.SIGNED_IN: Translatable("Signed in"),
    AuditAction.SIGN_IN_FAILED: Translatable("Wrong password"),
    AuditAction.PASSWORD_CHANGED: Translatable("Password changed"),
    AuditAction.SIGN_INS_ENDED: Translatable("Signed out elsewhere"),
    AuditAction.KEY_CREATED: Translatable("Key created"),
    AuditAction.KEY_REVOKED: Translatable("Key revoked"),
    AuditAction.PERSON_INVITED: Translatable("Somebody invited"),
    AuditAction.INVITATION_WITHDRAWN: Translatable("Invitation withdrawn"),
    AuditAction.ACCOUNT_CREATED: Translatable("Account created"),
    AuditAction.PASSWORD_LINK_MADE: Translatable("Link for a new password made"),
    AuditAction.ROLE_CHANGED: Translatable("Role changed"),
    AuditAction.ROOMS_CHANGED: Translatable("Rooms changed"),
    AuditAction.ACCOUNT_REMOVED: Translatable("Account removed"),
    AuditAction.BACKUP_RESTORED: Translatable("Backup restored"),
    AuditAction.DETECTOR_CHANGED: Translatable("Face detector changed"),
}


@pages.get("/audit")
def audit():
    """List who did what, newest first."""
    wanted, after = _filter(), request.args.get("after", type=row_id)
    if after is None and "after" in request.args:
        abort(404, Translatable("after must be the number of an entry."))
    found = audit_queries.newest_entries(wanted, PAGE_SIZE + 1, after)
    entries = found[:PAGE_SIZE]
    return render_template(
        "audit.html",
        entries=entries,
        older_than=entries[-1].id if len(found) > PAGE_SIZE else None,
        wanted=wanted,
        names=audit_queries.names(),
        actions={action: translate(name) for action, name in ACTION_NAMES.items()},
        now=current_time(),
    )


@pages.get("/audit.csv")
def download():
    """Give all entries that match as CSV, newest first, in UTF-8 with a byte order mark."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("time", "who", "from", "action", "subject", "room"))
    zone = current_app.config["SETTINGS"].timezone
    for entry in audit_queries.newest_entries(_filter()):
        writer.writerow([entry.at.astimezone(zone).isoformat(timespec="seconds"), *_texts(entry)])
    response = Response((BYTE_ORDER_MARK + text.getvalue()).encode(), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=aula_audit.csv"
    return response


def _texts(entry: AuditEntry) -> list[str]:
    room = entry.room.name if entry.room else ""
    return [harmless(text) for text in (entry.who, entry.address or "", entry.action, entry.subject, room)]


def _filter() -> AuditFilter:
    return AuditFilter(request.args.get("who", ""), request.args.get("action", ""))
