"""The fields of lectures: filtered, listed, started and changed; and of what is unusual in one now."""

from apiflask import Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from marshmallow import ValidationError, post_load

from app.vision.emotion import EMOTIONS
from app.web.api.base_schemas import QuerySchema, StrippedSchema
from app.web.api.schema_fields import IS_NOT_BLANK, IS_ONE_LINE, MomentField, PurposeField, about
from app.web.request_checks import MAX_ROW_ID
from app.web.request_scope import may_change


class LecturesQuerySchema(QuerySchema):
    course = String(
        validate=[Length(1, 200), IS_ONE_LINE],
        metadata=about("Only lectures of exactly this course.", "Mathematics 6a"),
    )
    owner = String(
        validate=[Length(1, 80), IS_ONE_LINE],
        metadata=about("Only lectures of the teacher with exactly this name.", "Anna Berg"),
    )
    cursor = Integer(validate=Range(0, MAX_ROW_ID), metadata=about("The one that the page before gave.", 12))


class LectureSchema(Schema):
    id = Integer(metadata=about("Its number, which addresses name.", 12))
    title = String(
        allow_none=True, metadata=about("Its title; null in a state if you may not read it.", "Fractions")
    )
    course = String(
        allow_none=True,
        metadata=about(
            "Its course, or an empty text; null in a state if you may not read it.", "Mathematics 6a"
        ),
    )
    room = String(attribute="room.name", metadata=about("The name of its room.", "Room 7"))
    purpose = PurposeField("What it was recorded for.")
    owner = String(
        attribute="owner.name",
        dump_default=None,
        allow_none=True,
        metadata=about("Whose it is; null if it belongs to the administrators.", "Anna Berg"),
    )
    started_at = MomentField(metadata=about("When it began.", "2026-11-20T10:15:00Z"))
    ended_at = MomentField(
        allow_none=True, metadata=about("When it ended; null while it runs.", "2026-11-20T11:00:00Z")
    )
    ended_by_itself = Boolean(
        metadata=about("True if nobody ended it, until `planned_end` or for LECTURE_HOURS.", False)
    )
    planned_end = MomentField(
        allow_none=True,
        metadata=about("When the timetable ends it if nobody does before.", "2026-11-20T11:00:00Z"),
    )
    from_recording = Boolean(metadata=about("True if it was read from a file.", False))


class ReadersField(List):
    """The names of those with whom a lecture is shared, for whoever may change that; else null."""

    def __init__(self, **kwargs):
        super().__init__(String(), allow_none=True, **kwargs)

    def _serialize(self, value, attr, obj, **kwargs):
        return [user.name for user in value] if may_change(obj) else None


class LectureWithReadersSchema(LectureSchema):
    """One lecture, asked for by itself."""

    shared_with = ReadersField(
        metadata=about(
            "The names of those who may read it besides its owner; null unless you may change that.",
            ["Bert Kraus"],
        )
    )


class LectureInsideSchema(LectureSchema):
    """A lecture inside another object: OpenAPI needs a second name for it."""


class LecturesSchema(Schema):
    lectures = List(Nested(LectureInsideSchema), metadata=about("The lectures, newest first."))
    cursor = String(
        allow_none=True, metadata=about("Send it to get the next page; null on the last one.", "12")
    )


class NewLectureSchema(StrippedSchema):
    title = String(
        required=True,
        validate=[Length(1, 200), IS_NOT_BLANK],
        metadata=about("Its title, one line.", "Fractions"),
    )
    course = String(
        load_default="",
        validate=[Length(0, 200), IS_ONE_LINE],
        metadata=about("Its course, one line; it may be empty.", "Mathematics 6a"),
    )


class LectureChangeSchema(StrippedSchema):
    title = String(
        validate=[Length(1, 200), IS_NOT_BLANK], metadata=about("Its new title, one line.", "Fractions")
    )
    course = String(
        validate=[Length(0, 200), IS_ONE_LINE],
        metadata=about(
            "Its new course, one line; an empty text takes it out of its course.", "Mathematics 6a"
        ),
    )
    ended_at = String(validate=OneOf(["now"]), metadata=about("`now` ends it.", "now"))
    shared_with = List(
        String(validate=[Length(1, 80), IS_ONE_LINE]),
        metadata=about(
            "The names of the teachers who may read it, besides its owner; replaces the list.", ["Bert Kraus"]
        ),
    )

    @post_load
    def _has_a_change(self, data, **_):
        if not data:
            raise ValidationError("Give a title, a course, ended_at, or shared_with.")
        return data


class UnusualSchema(Schema):
    emotion = String(validate=OneOf(EMOTIONS), metadata=about("Which expression.", "happy"))
    share = Float(metadata=about("Its share of the person-time now, 0 to 1.", 0.5))
    average = Float(metadata=about("Its share earlier in the lecture, 0 to 1.", 0.24))
    times = Float(
        allow_none=True,
        metadata=about("How many times as frequent: share / average; null if not seen before.", 2.1),
    )
    minutes = Integer(metadata=about("How many minutes it has lasted.", 2))


class UnusualNowSchema(Schema):
    unusual = List(Nested(UnusualSchema), metadata=about("What is unusual now; mostly nothing."))
