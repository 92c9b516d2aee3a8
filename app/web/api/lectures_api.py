"""The lectures, with the report of each."""

from flask import g
from flask_login import current_user
from marshmallow import RAISE

from app.language import Translatable
from app.report.exports.json_file import as_dict
from app.report.unusual import unusual_expressions
from app.store import lecture_queries, minute_queries, user_queries
from app.store.audit_queries import AuditAction
from app.web.api.blueprint import SECURITY, api
from app.web.api.lecture_schemas import (
    LectureChangeSchema,
    LectureSchema,
    LecturesQuerySchema,
    LecturesSchema,
    LectureWithReadersSchema,
    NewLectureSchema,
    UnusualNowSchema,
)
from app.web.api.report_schemas import ReportSchema
from app.web.audit import record, record_sharing
from app.web.extensions import current_settings, current_time, current_zone, pulse_keeper
from app.web.lecture_end import end_lecture
from app.web.lecture_lookup import lecture_or_404, own_lecture_or_403, report_or_404
from app.web.problems import problem
from app.web.request_scope import current_scope
from app.web.requested_room import requested_room


@api.get("/lectures")
@api.get("/rooms/<int:room_id>/lectures")
@api.input(LecturesQuerySchema, location="query", arg_name="query", unknown=RAISE)
@api.output(LecturesSchema)
@api.doc(tags=["Lectures"], security=SECURITY)
def lectures(query):
    """Lectures, of one room or of all, newest first; `cursor` gives the next page."""
    limit = query["limit"]
    rows = lecture_queries.newest_lectures(
        current_scope(),
        limit + 1,
        query.get("cursor"),
        course=query.get("course", ""),
        room=requested_room() if g.room_id is not None else None,
        owner=query.get("owner", ""),
        start=query.get("start"),
        end=query.get("end"),
    )
    page = rows[:limit]
    return {"lectures": page, "cursor": str(page[-1].id) if len(rows) > limit else None}


@api.post("/lectures")
@api.post("/rooms/<int:room_id>/lectures")
@api.input(NewLectureSchema, arg_name="new")
@api.output(LectureSchema, status_code=201)
@api.doc(tags=["Lectures"], security=SECURITY, responses={409: "A lecture is running already"})
def start_lecture(new):
    """Start a lecture in the room."""
    room, now = requested_room(), current_time()
    try:
        lecture = lecture_queries.start_lecture(
            room, new["title"], new["course"], now, current_user, current_settings(room).purpose
        )
    except lecture_queries.LectureError as error:
        return problem(409, error)
    record(AuditAction.LECTURE_STARTED, lecture.id, room)
    pulse_keeper().wake()
    return lecture


@api.get("/lectures/<int:lecture_id>")
@api.output(LectureWithReadersSchema)
@api.doc(tags=["Lectures"], security=SECURITY)
def lecture(lecture_id):
    """One lecture."""
    return lecture_or_404(lecture_id)


@api.patch("/lectures/<int:lecture_id>")
@api.input(LectureChangeSchema, arg_name="change")
@api.output(LectureWithReadersSchema)
@api.doc(
    tags=["Lectures"],
    security=SECURITY,
    responses={409: "The lecture has ended already", 422: "Somebody it can't be shared with"},
)
def change_lecture(lecture_id, change):
    """Rename a lecture, share it, or end it with `{"ended_at": "now"}`."""
    changed = own_lecture_or_403(lecture_id)
    colleagues = {user.name: user for user in user_queries.colleagues(changed)}
    if unknown := set(change.get("shared_with", ())) - colleagues.keys():
        return problem(
            422, Translatable("There is no other teacher %(name)s.", name=", ".join(sorted(unknown)))
        )
    if "ended_at" in change:  # first, since it may be refused, and then nothing may change
        try:
            end_lecture(changed)
        except lecture_queries.LectureError as error:
            return problem(409, error)
    if change.keys() & {"title", "course"}:
        lecture_queries.rename_lecture(changed, change.get("title"), change.get("course"))
        record(AuditAction.LECTURE_RENAMED, lecture_id, changed.room)
    if "shared_with" in change:
        readers = [colleagues[name] for name in dict.fromkeys(change["shared_with"])]
        lecture_queries.share_lecture(changed, readers)
        record_sharing(changed)
    return changed


@api.delete("/lectures/<int:lecture_id>")
@api.output({}, status_code=204)
@api.doc(tags=["Lectures"], security=SECURITY)
def delete_lecture(lecture_id):
    """Delete a lecture, its minutes and its notes."""
    lecture = own_lecture_or_403(lecture_id)
    room = lecture.room
    lecture_queries.delete_lecture(lecture)
    record(AuditAction.LECTURE_DELETED, lecture_id, room)
    return ""


@api.get("/lectures/<int:lecture_id>/unusual")
@api.output(UnusualNowSchema)
@api.doc(tags=["Lectures"], security=SECURITY)
def lecture_unusual(lecture_id):
    """What is seen more than usual at this moment, against the lecture's own average; mostly nothing."""
    now = current_time()
    minutes = minute_queries.minutes_of_lecture(lecture_or_404(lecture_id), now)
    return {"unusual": unusual_expressions(minutes, now)}


@api.get("/lectures/<int:lecture_id>/report")
@api.doc(
    tags=["Lectures"],
    security=SECURITY,
    responses={
        200: {
            "description": "The report",
            "content": {"application/json": {"schema": ReportSchema}},
        }
    },
)
def lecture_report(lecture_id):
    """A lecture's report: every minute with gaps named, and the lecture as a whole."""
    return as_dict(report_or_404(lecture_id), current_zone())
