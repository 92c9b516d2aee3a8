"""The fields of the timetable."""

from apiflask import Schema
from apiflask.fields import Boolean, List, Nested, String

from app.web.api.schema_fields import MomentField, about


class PlannedLectureSchema(Schema):
    begins_at = MomentField(metadata=about("When it begins.", "2026-11-23T10:15:00Z"))
    ends_at = MomentField(metadata=about("When it ends.", "2026-11-23T11:00:00Z"))
    title = String(metadata=about("The title that it will have.", "Mathematics"))
    course = String(metadata=about("The course that it will have, or an empty text.", "Mathematics 6a"))
    teacher = String(metadata=about("Whose it will be; empty if the timetable doesn't say.", "Anna Berg"))


class TimetableSchema(Schema):
    lectures = List(Nested(PlannedLectureSchema), metadata=about("What is planned, oldest first."))
    only_in_timetable = Boolean(metadata=about("Whether nothing is read while no lecture runs.", False))
    calendar_fetched_at = MomentField(
        allow_none=True,
        metadata=about(
            "When the subscribed calendar was last read; null without one.", "2026-11-20T09:00:00Z"
        ),
    )
