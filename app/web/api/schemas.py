"""The JSON that the API takes and gives. The OpenAPI document is made from these schemas."""

from datetime import UTC, datetime

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range, Regexp
from marshmallow import ValidationError, post_load, pre_load, validates_schema

from app.purpose import Purpose
from app.report.exports.json_file import rfc3339
from app.store.note_queries import MAX_NOTE_LENGTH
from app.vision.emotion import EMOTIONS, EXPRESSIONS
from app.web.access import may_change
from app.web.request_checks import MAX_ROW_ID, ONE_LINE, ONE_LINE_WITH_A_LETTER

IS_ONE_LINE = Regexp(ONE_LINE, error="Must be one line of text.")
IS_NOT_BLANK = Regexp(ONE_LINE_WITH_A_LETTER, error="Must be one line of text.")


class MomentField(DateTime):
    """A moment in RFC 3339: any offset in requests, UTC in responses."""

    def __init__(self, **kwargs):
        super().__init__(format="iso", **kwargs)

    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else rfc3339(value.astimezone(UTC))

    def _deserialize(self, value, attr, data, **kwargs) -> datetime:
        try:
            # in a URL, a bare + means a blank
            moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):  # OverflowError: before year 1 or after 9999 in UTC
            pass
        raise ValidationError(f"{value!r} is not a time such as 2026-11-20T10:30:00Z.")


class SharesField(Dict):
    """The share of each expression, 0 to 1; null if nobody or too few people were in view."""

    def __init__(self, **kwargs):
        super().__init__(keys=String(validate=OneOf(EMOTIONS)), values=Float(), allow_none=True, **kwargs)


class PurposeField(String):
    """What is read of the faces. For presence every share of an expression is null."""

    def __init__(self, **kwargs):
        super().__init__(validate=OneOf(Purpose), **kwargs)


class MinuteSchema(Schema):
    minute = MomentField(metadata={"description": "When it begins."})
    room = String(attribute="room.name")
    lecture_id = Integer(allow_none=True)
    online_seconds = Float(metadata={"description": "Seconds during which the camera was read."})
    frames_analysed = Integer()
    faces_mean = Float(metadata={"description": "Faces in view on average while the camera was read."})
    faces_max = Integer()
    face_seconds = Float(metadata={"description": "Person-time in view."})
    counted_seconds = Float(
        metadata={"description": "Person-time in view together with at least MINIMUM_GROUP people."}
    )
    shares = SharesField(
        metadata={
            "description": "Shares of counted_seconds; null while the minute lasts, "
            "and if nobody or too few people were seen."
        }
    )
    uncertain_share = Float(allow_none=True)
    facing_share = Float(
        allow_none=True,
        metadata={
            "description": "Where only presence is read: the part of counted_seconds in which a face was "
            "turned to the front; null as for shares, and where the detector can't tell."
        },
    )
    suppressed = Boolean(
        metadata={"description": "True if people were in view, but never MINIMUM_GROUP at once."}
    )


class PauseBetweenSchema(Schema):
    start = MomentField(data_key="from")
    end = MomentField(
        data_key="to",
        metadata={"description": "The end of the requested time if the pause had not ended by then."},
    )


class PulseCountsSchema(Schema):
    clear = Integer()
    lost = Integer()
    too_fast = Integer()
    too_slow = Integer()


class PulseMinuteSchema(Schema):
    minute = MomentField()
    answered = Integer(allow_none=True)
    counts = Nested(PulseCountsSchema, allow_none=True)
    lost_rises = Boolean(metadata={"description": "True where *lost* begins to rise."})


class MinutesSchema(Schema):
    minutes = List(Nested(MinuteSchema))
    pauses = List(
        Nested(PauseBetweenSchema),
        metadata={"description": "The room's pauses in that time."},
    )
    lectures_of_others = List(
        Nested(PauseBetweenSchema),
        metadata={"description": "Lectures there that you may not read: their minutes are left out."},
    )
    cursor = String(
        allow_none=True, metadata={"description": "Send it to get the next page; null on the last one."}
    )
    pulse = List(
        Nested(PulseMinuteSchema),
        metadata={"description": "Of a lecture: what students said, minute by minute; else empty."},
    )


class QuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    limit = Integer(load_default=100, validate=Range(1, 1000))


class MinutesQuerySchema(QuerySchema):
    start = MomentField(data_key="from")
    end = MomentField(data_key="to")
    room = String(metadata={"description": "The name of a room; by default the one in the address."})
    cursor = String()

    @validates_schema
    def _in_order(self, data, **_):
        if "start" in data and "end" in data and data["end"] < data["start"]:
            raise ValidationError("Must not lie before `from`.", "to")


class FramesQuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    room = String(metadata={"description": "The name of a room; by default the one in the address."})


class TakenSchema(Schema):
    bytes = Integer(metadata={"description": "The size of the accepted picture."})


class LecturesQuerySchema(QuerySchema):
    cursor = Integer(validate=Range(0, MAX_ROW_ID))


class NowSchema(Schema):
    at = MomentField()
    purpose = PurposeField()
    faces = Integer(metadata={"description": "Faces in view."})
    scored = Integer(metadata={"description": "Of these, the faces large enough to be read."})
    shares = SharesField()
    uncertain = Float(allow_none=True)
    valence = Float(
        allow_none=True,
        metadata={"description": "The share of happy minus those of angry, disgust, fear and sad: -1 to 1."},
    )
    facing = Float(
        allow_none=True,
        metadata={
            "description": "For presence: the share of faces that are turned to the front; null for nobody, "
            "too few people, or where the detector can't tell."
        },
    )
    suppressed = Boolean(metadata={"description": "True if fewer than MINIMUM_GROUP faces are in view."})


class LectureSchema(Schema):
    id = Integer()
    title = String(allow_none=True, metadata={"description": "Null in a state if you may not read it."})
    course = String(allow_none=True, metadata={"description": "Null in a state if you may not read it."})
    room = String(attribute="room.name")
    purpose = PurposeField(metadata={"description": "What it was recorded for."})
    owner = String(
        attribute="owner.name",
        dump_default=None,
        allow_none=True,
        metadata={"description": "Whose it is; null if it belongs to the administrators."},
    )
    started_at = MomentField()
    ended_at = MomentField(allow_none=True)
    ended_by_itself = Boolean(
        metadata={"description": "True if nobody ended it, until `planned_end` or for LECTURE_HOURS."}
    )
    planned_end = MomentField(
        allow_none=True, metadata={"description": "When the timetable ends it if nobody does before."}
    )
    from_recording = Boolean(metadata={"description": "True if it was read from a file."})


class ReadersField(List):
    """The names of those with whom a lecture is shared, for whoever may change that; else null."""

    def __init__(self, **kwargs):
        super().__init__(String(), allow_none=True, **kwargs)

    def _serialize(self, value, attr, obj, **kwargs):
        return [user.name for user in value] if may_change(obj) else None


class LectureWithReadersSchema(LectureSchema):
    """One lecture, asked for by itself."""

    shared_with = ReadersField(
        metadata={"description": "Who may read it besides its owner; null unless you may change that."}
    )


class LectureInsideSchema(LectureSchema):
    """A lecture inside another object: OpenAPI needs a second name for it."""


class LecturesSchema(Schema):
    lectures = List(Nested(LectureInsideSchema))
    cursor = String(allow_none=True)


class StrippedSchema(Schema):
    """An object whose texts lose the blanks around them."""

    @pre_load
    def _strip(self, data, **_):
        if not isinstance(data, dict):
            return data
        return {key: value.strip() if isinstance(value, str) else value for key, value in data.items()}


class NewLectureSchema(StrippedSchema):
    title = String(required=True, validate=[Length(1, 200), IS_NOT_BLANK])
    course = String(load_default="", validate=[Length(0, 200), IS_ONE_LINE])


class LectureChangeSchema(StrippedSchema):
    title = String(validate=[Length(1, 200), IS_NOT_BLANK])
    course = String(validate=[Length(0, 200), IS_ONE_LINE])
    ended_at = String(validate=OneOf(["now"]))
    shared_with = List(
        String(validate=[Length(1, 80), IS_ONE_LINE]),
        metadata={
            "description": "The names of the teachers who may read it, besides its owner; replaces the list."
        },
    )

    @post_load
    def _has_a_change(self, data, **_):
        if not data:
            raise ValidationError("Give a title, a course, ended_at, or shared_with.")
        return data


class NoteSchema(Schema):
    id = Integer()
    at = MomentField()
    text = String()


class NoteInsideSchema(NoteSchema):
    """A note inside another object: OpenAPI needs a second name for it."""


class NotesSchema(Schema):
    notes = List(Nested(NoteInsideSchema))


class NewNoteSchema(StrippedSchema):
    at = MomentField(metadata={"description": "A moment of the lecture; by default now."})
    text = String(required=True, validate=[Length(1, MAX_NOTE_LENGTH), IS_NOT_BLANK])


class UnusualSchema(Schema):
    emotion = String(validate=OneOf(EMOTIONS))
    share = Float(metadata={"description": "Its share of the person-time now."})
    average = Float(metadata={"description": "Its share earlier in the lecture."})
    times = Float(allow_none=True, metadata={"description": "share / average; null if not seen before."})
    minutes = Integer(metadata={"description": "How many minutes it has lasted."})


class UnusualNowSchema(Schema):
    unusual = List(Nested(UnusualSchema))


class SenderSchema(Schema):
    name = String()
    since = MomentField()


class CameraSchema(Schema):
    online = Boolean()
    reason = String(allow_none=True, metadata={"description": "Why it is dark, in one word."})
    detail = String(allow_none=True, metadata={"description": "The same in a sentence."})
    since = MomentField(allow_none=True)
    source = String(metadata={"description": "Without any password."})
    capture_fps = Float()
    picture_age_s = Float(
        allow_none=True,
        metadata={
            "description": "Age of the newest picture; it grows while nobody watches. Null if there is none."
        },
    )
    sender = Nested(
        SenderSchema,
        allow_none=True,
        metadata={"description": "Who is sending pictures, if the camera is `browser`."},
    )


class MonitorSchema(Schema):
    running = Boolean()
    restarts = Integer()
    heartbeat_age_s = Float(allow_none=True)
    detect_fps = Float()
    analysed_fps = Float()
    frames_dropped = Integer()


class ViewerSchema(Schema):
    fps = Float()
    dropped = Integer()
    frame_age_ms = Integer(allow_none=True)


class PauseSchema(Schema):
    since = MomentField()
    by = String()


class StateSchema(Schema):
    room = String()
    purpose = PurposeField()
    camera = Nested(CameraSchema)
    monitor = Nested(MonitorSchema)
    viewers = List(Nested(ViewerSchema))
    paused = Nested(
        PauseSchema, allow_none=True, metadata={"description": "While it lasts, nothing is read."}
    )
    faces_hidden = Boolean(metadata={"description": "Whether the stream hides the faces."})
    stored = Boolean(
        metadata={"description": "False while the database has not taken a pause or hidden faces yet."}
    )
    lecture = Nested(LectureInsideSchema, allow_none=True)
    sentence = String(
        metadata={"description": "What is seen and whether it is changing, else why nothing is, in words."}
    )
    version = String()
    started_at = MomentField(metadata={"description": "When the server started."})


class TriedFaceSchema(Schema):
    box = List(
        Integer(),
        validate=Length(equal=4),
        metadata={"description": "Left, top, width and height in pixels of the upright picture."},
    )
    detector = String(metadata={"description": "What found it: a cascade's name, or `yunet`."})
    rotation = Float(
        metadata={"description": "Degrees by which it leans clockwise; it is turned upright to be read."}
    )
    face_probability = Float(metadata={"description": "How sure the network is that this is a face."})
    scores = SharesField(
        metadata={"description": "Null if it is too small, or seen from the side and unsure."}
    )
    expression = String(
        allow_none=True,
        validate=OneOf(EXPRESSIONS),
        metadata={"description": "That of the highest score, or `uncertain`; null if it is too small."},
    )
    why = String(
        allow_none=True,
        validate=OneOf(("too-small", "unsure", "from-the-side")),
        metadata={"description": "Why no expression is named; null if one is."},
    )


class TriedPictureSchema(Schema):
    width = Integer(metadata={"description": "Of the picture turned upright, pixels."})
    height = Integer()
    model = String(metadata={"description": "SHA-256 of the network's weights."})
    faces = List(Nested(TriedFaceSchema), metadata={"description": "The largest first, at most 100."})


class PlannedLectureSchema(Schema):
    begins_at = MomentField()
    ends_at = MomentField()
    title = String()
    course = String()
    teacher = String(metadata={"description": "Empty if the timetable doesn't say."})


class TimetableSchema(Schema):
    lectures = List(Nested(PlannedLectureSchema))
    only_in_timetable = Boolean(metadata={"description": "Whether nothing is read while no lecture runs."})
    calendar_fetched_at = MomentField(
        allow_none=True, metadata={"description": "When the subscribed calendar was last read."}
    )


class PollSchema(Schema):
    id = Integer()
    text = String(metadata={"description": "Empty if it was only spoken."})
    answers = List(String())
    counts = List(Integer(), allow_none=True, metadata={"description": "Null if too few have answered."})
    ended_at = MomentField(allow_none=True)


class PulseSchema(Schema):
    lecture_id = Integer()
    code = String(metadata={"description": "What students type; another one in each lecture."})
    address = String(metadata={"description": "The page of the students."})
    answered = Integer(
        allow_none=True, metadata={"description": "How many devices the counts hold; null as for counts."}
    )
    counts = Nested(
        PulseCountsSchema,
        allow_none=True,
        metadata={"description": "Null if fewer than the minimum group answer, or if you may not see them."},
    )
    minimum_group = Integer()
    lost_rises = Boolean(metadata={"description": "True while *lost* is higher than in the minutes before."})
    minutes = List(Nested(PulseMinuteSchema), metadata={"description": "The last 15, oldest first."})
    questions = Integer(
        allow_none=True, metadata={"description": "How many were asked; null unless the lecture is yours."}
    )
    poll = Nested(PollSchema, allow_none=True, metadata={"description": "The newest poll."})


class QuestionSchema(Schema):
    id = Integer()
    at = MomentField()
    text = String()


class QuestionsSchema(Schema):
    questions = List(Nested(QuestionSchema))


class RoomSchema(Schema):
    id = Integer()
    name = String()
    slug = String(metadata={"description": "Its part of an address: /rooms/SLUG."})
    faces = Integer(allow_none=True, metadata={"description": "Faces in view; null without a reading."})
    camera = Nested(CameraSchema)
    paused = Nested(PauseSchema, allow_none=True)
    lecture = Nested(LectureInsideSchema, allow_none=True)


class RoomsSchema(Schema):
    rooms = List(Nested(RoomSchema))
