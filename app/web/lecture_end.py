"""Ends a lecture so that its report is complete when it opens."""

from app.store import lecture_queries
from app.store.audit_queries import AuditAction
from app.store.tables import Lecture
from app.web.audit import record
from app.web.extensions import current_time, hub

WRITE_SECONDS = 3.0
"""The monitor notices the end within a second, and says within half a second that all is written."""


def end_lecture(lecture: Lecture) -> None:
    """End a lecture now, and wait for its last minute; raises LectureError if it has ended already."""
    room, lecture_id = lecture.room, lecture.id
    lecture_queries.end_lecture(lecture, current_time())
    room_hub = hub(room)
    record(AuditAction.LECTURE_ENDED, lecture_id, room)
    room_hub.wait_until_written(lecture_id, WRITE_SECONDS)
