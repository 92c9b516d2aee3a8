"""The JSON that the API takes and gives. The OpenAPI document is made from these schemas.

Every field says what it is, its unit where it has one, and an example: `tests/test_api_description.py`.
"""

from datetime import UTC, datetime

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range, Regexp
from marshmallow import ValidationError, post_load, pre_load, validates_schema

from app.camera.errors import Reason
from app.pulse.choice import Choice
from app.purpose import Purpose
from app.report.exports.json_file import rfc3339
from app.report.report_minute import MinuteStatus
from app.store.note_queries import MAX_NOTE_LENGTH
from app.vision.emotion import EMOTIONS, EXPRESSIONS
from app.web.access import may_change
from app.web.advice import Advice
from app.web.request_checks import MAX_ROW_ID, ONE_LINE, ONE_LINE_WITH_A_LETTER

IS_ONE_LINE = Regexp(ONE_LINE, error="Must be one line of text.")
IS_NOT_BLANK = Regexp(ONE_LINE_WITH_A_LETTER, error="Must be one line of text.")

SHARES = {
    "angry": 0.02,
    "disgust": 0.01,
    "fear": 0.02,
    "happy": 0.24,
    "sad": 0.05,
    "surprise": 0.04,
    "neutral": 0.5,
}
SHARE_INTERVALS = {
    "angry": [0.0, 0.06],
    "disgust": [0.0, 0.04],
    "fear": [0.0, 0.07],
    "happy": [0.17, 0.32],
    "sad": [0.0, 0.12],
    "surprise": [0.01, 0.08],
    "neutral": [0.4, 0.61],
}
SAID = {"clear": 14, "lost": 4, "too_fast": 3, "too_slow": 0}
SAID_SHARES = {"clear": 0.67, "lost": 0.19, "too_fast": 0.14, "too_slow": 0.0}
SAID_INTERVALS = {
    "clear": [0.45, 0.83],
    "lost": [0.08, 0.4],
    "too_fast": [0.05, 0.35],
    "too_slow": [0.0, 0.15],
}
"""Examples, which fit together: a minute of a lecture."""


def about(sentence: str, example: object = None) -> dict:
    """What the OpenAPI document says of a field; one that holds another schema needs no example."""
    return {"description": sentence} | ({} if example is None else {"example": example})


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

    def __init__(self, sentence: str, example: dict = SHARES):
        super().__init__(
            keys=String(validate=OneOf(EMOTIONS)),
            values=Float(),
            allow_none=True,
            metadata=about(sentence, example),
        )


class IntervalsField(Dict):
    """The 95 % interval of each share, as its lower and its upper end, 0 to 1."""

    def __init__(self, sentence: str, example: dict):
        super().__init__(
            keys=String(),
            values=List(Float(), validate=Length(equal=2)),
            allow_none=True,
            metadata=about(sentence, example),
        )


class PurposeField(String):
    """What is read of the faces. For presence every share of an expression is null."""

    def __init__(self, sentence: str):
        super().__init__(validate=OneOf(tuple(Purpose)), metadata=about(sentence, "expressions"))


class FiguresSchema(Schema):
    """A minute and its figures."""

    minute = MomentField(metadata=about("When it begins.", "2026-11-20T10:30:00Z"))
    online_seconds = Float(metadata=about("How long the camera was read, in seconds: 0 to 60.", 60.0))
    frames_analysed = Integer(metadata=about("How many frames of the camera were analysed.", 900))
    faces_mean = Float(
        allow_none=True,
        metadata=about(
            "Faces in view on average while the camera was read; null in a gap of a report.", 23.5
        ),
    )
    faces_max = Integer(
        allow_none=True,
        metadata=about("The most faces that were in view at once; null in a gap of a report.", 26),
    )
    face_seconds = Float(
        allow_none=True,
        metadata=about("Person-time in view, in seconds: two faces for a minute are 120.", 1410.0),
    )
    counted_seconds = Float(
        allow_none=True,
        metadata=about(
            "Person-time in view together with at least MINIMUM_GROUP people, in seconds. Shares are parts "
            "of it.",
            1380.0,
        ),
    )
    shares = SharesField(
        "The part of counted_seconds that each expression has, 0 to 1; null while the minute lasts, and if "
        "nobody or too few people were seen."
    )
    uncertain_share = Float(
        allow_none=True,
        metadata=about(
            "The part of counted_seconds in which no expression could be named, 0 to 1. It and the seven "
            "shares add up to 1.",
            0.12,
        ),
    )
    facing_share = Float(
        allow_none=True,
        metadata=about(
            "Where only presence is read: the part of counted_seconds in which a face was turned to the "
            "front, 0 to 1; null as for shares, and where the detector can't tell.",
            0.81,
        ),
    )


class MinuteSchema(FiguresSchema):
    room = String(attribute="room.name", metadata=about("The name of its room.", "Room 7"))
    lecture_id = Integer(
        allow_none=True, metadata=about("The number of its lecture; null outside lectures.", 12)
    )
    suppressed = Boolean(
        metadata=about("True if people were in view, but never MINIMUM_GROUP at once.", False)
    )


class PauseBetweenSchema(Schema):
    start = MomentField(data_key="from", metadata=about("When it began.", "2026-11-20T10:40:00Z"))
    end = MomentField(
        data_key="to",
        metadata=about(
            "When it ended; the end of the requested time if it had not ended by then.",
            "2026-11-20T10:45:00Z",
        ),
    )


class PulseCountsSchema(Schema):
    clear = Integer(metadata=about("How many students say that it is clear.", SAID["clear"]))
    lost = Integer(metadata=about("How many students say that they are lost.", SAID["lost"]))
    too_fast = Integer(metadata=about("How many students say that it is too fast.", SAID["too_fast"]))
    too_slow = Integer(metadata=about("How many students say that it is too slow.", SAID["too_slow"]))


class PulseMinuteSchema(Schema):
    minute = MomentField(metadata=about("When it begins.", "2026-11-20T10:30:00Z"))
    answered = Integer(
        allow_none=True,
        metadata=about("How many students the counts hold; null if too few answered.", 21),
    )
    counts = Nested(
        PulseCountsSchema,
        allow_none=True,
        metadata=about("What they said at its end; null if too few answered."),
    )
    lost_rises = Boolean(metadata=about("True where *lost* begins to rise.", False))


class MinutesSchema(Schema):
    minutes = List(Nested(MinuteSchema), metadata=about("The minutes, oldest first. A gap has no minute."))
    pauses = List(Nested(PauseBetweenSchema), metadata=about("The room's pauses in that time."))
    lectures_of_others = List(
        Nested(PauseBetweenSchema),
        metadata=about("Lectures there that you may not read: their minutes are left out."),
    )
    cursor = String(
        allow_none=True,
        metadata=about("Send it to get the next page; null on the last one.", "MTc5NTE3MDYwMCA0Mg=="),
    )
    pulse = List(
        Nested(PulseMinuteSchema),
        metadata=about("Of a lecture: what students said, minute by minute; else empty."),
    )


class QuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    start = MomentField(
        data_key="from",
        metadata=about("Only those that begin at this moment or later.", "2026-11-20T00:00:00Z"),
    )
    end = MomentField(
        data_key="to", metadata=about("Only those that begin before this moment.", "2026-11-21T00:00:00Z")
    )
    limit = Integer(
        load_default=100,
        validate=Range(1, 1000),
        metadata=about("How many a page has at most, 1 to 1000.", 100),
    )

    @validates_schema
    def _in_order(self, data, **_):
        if "start" in data and "end" in data and data["end"] < data["start"]:
            raise ValidationError("Must not lie before `from`.", "to")


class MinutesQuerySchema(QuerySchema):
    room = String(metadata=about("The name of a room; by default the one in the address.", "Room 7"))
    cursor = String(metadata=about("The one that the page before gave.", "MTc5NTE3MDYwMCA0Mg=="))


class FramesQuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    room = String(metadata=about("The name of a room; by default the one in the address.", "Room 7"))


class AcceptedFrameSchema(Schema):
    bytes = Integer(metadata=about("The size of the accepted picture, in bytes.", 48213))


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


class NowSchema(Schema):
    at = MomentField(metadata=about("When the frame was taken.", "2026-11-20T10:30:12.480000Z"))
    purpose = PurposeField("What is read of the faces in this room.")
    faces = Integer(metadata=about("Faces in view.", 24))
    scored = Integer(metadata=about("Of these, the faces large enough to be read.", 22))
    shares = SharesField(
        "The part of the faces in view that shows each expression, 0 to 1; null if nobody or too few people "
        "are in view."
    )
    uncertain = Float(
        allow_none=True,
        metadata=about(
            "The part of the faces in view whose expression can't be named, 0 to 1; null as for shares.", 0.12
        ),
    )
    valence = Float(
        allow_none=True,
        metadata=about("The share of happy minus those of angry, disgust, fear and sad: -1 to 1.", 0.14),
    )
    facing = Float(
        allow_none=True,
        metadata=about(
            "For presence: the share of faces that are turned to the front, 0 to 1; null for nobody, too few "
            "people, or where the detector can't tell.",
            0.81,
        ),
    )
    suppressed = Boolean(metadata=about("True if fewer than MINIMUM_GROUP faces are in view.", False))


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


class StrippedSchema(Schema):
    """An object whose texts lose the blanks around them."""

    @pre_load
    def _strip(self, data, **_):
        if not isinstance(data, dict):
            return data
        return {key: value.strip() if isinstance(value, str) else value for key, value in data.items()}


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


class NoteSchema(Schema):
    id = Integer(metadata=about("Its number, which addresses name.", 3))
    at = MomentField(metadata=about("The moment that it is about.", "2026-11-20T10:31:00Z"))
    text = String(metadata=about("What was noted.", "group work"))


class NoteInsideSchema(NoteSchema):
    """A note inside another object: OpenAPI needs a second name for it."""


class NotesSchema(Schema):
    notes = List(Nested(NoteInsideSchema), metadata=about("The notes, oldest first."))


class NewNoteSchema(StrippedSchema):
    at = MomentField(metadata=about("A moment of the lecture; by default now.", "2026-11-20T10:31:00Z"))
    text = String(
        required=True,
        validate=[Length(1, MAX_NOTE_LENGTH), IS_NOT_BLANK],
        metadata=about("What is noted, one line.", "group work"),
    )


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


class ReportPulseMinuteSchema(Schema):
    answered = Integer(
        allow_none=True, metadata=about("How many students the counts hold; null if too few answered.", 21)
    )
    counts = Dict(
        keys=String(validate=OneOf(tuple(Choice))),
        values=Integer(),
        allow_none=True,
        metadata=about("How many students said each at its end; null if too few answered.", SAID),
    )
    share_intervals = IntervalsField(
        "The 95 % interval of each choice's share, as [from, to], 0 to 1; null without counts.",
        SAID_INTERVALS,
    )
    lost_rises = Boolean(metadata=about("True where *lost* begins to rise.", False))
    minimum_group = Integer(metadata=about("How many students had to answer for counts to be shown.", 5))


class ReportMinuteSchema(FiguresSchema):
    """A minute of a report, where a gap has one too."""

    seen = String(
        validate=OneOf(tuple(MinuteStatus)),
        metadata=about("Whether expressions were read in it (`read`), and if not, why.", "read"),
    )
    share_intervals = IntervalsField(
        "Where the true share of each expression lies in 95 of 100 such minutes, as [from, to], 0 to 1; null "
        "without shares.",
        SHARE_INTERVALS,
    )
    weak = Boolean(metadata=about("True if the minute rests on very few faces.", False))
    pulse = Nested(
        ReportPulseMinuteSchema,
        allow_none=True,
        metadata=about("What students said in it; null if they were not asked."),
    )


class CorrelationSchema(Schema):
    value = Float(metadata=about("Spearman's rank correlation over the minutes with both, -1 to 1.", 0.31))
    interval = List(
        Float(),
        validate=Length(equal=2),
        metadata=about("Its 95 % interval, as [from, to], -1 to 1.", [-0.05, 0.6]),
    )
    minutes = Integer(metadata=about("How many minutes have both.", 38))


class ReportPollSchema(Schema):
    asked_at = MomentField(metadata=about("When it was asked.", "2026-11-20T10:41:00Z"))
    text = String(metadata=about("What was asked; empty if it was only spoken.", "Is 2/4 equal to 1/2?"))
    answers = List(String(), metadata=about("The answers that could be chosen.", ["yes", "no"]))
    counts = List(
        Integer(),
        allow_none=True,
        metadata=about("How many students chose each answer; null if too few answered.", [17, 5]),
    )


class ReportPulseSchema(Schema):
    answered_mean = Float(
        allow_none=True,
        metadata=about("How many students answered on average, in the minutes with counts.", 19.4),
    )
    shares = Dict(
        keys=String(validate=OneOf(tuple(Choice))),
        values=Float(),
        allow_none=True,
        metadata=about(
            "The part of all answers that each choice has, 0 to 1; null without counts.", SAID_SHARES
        ),
    )
    share_intervals = IntervalsField(
        "The 95 % interval of each of these shares, as [from, to], 0 to 1; null without counts.",
        SAID_INTERVALS,
    )
    lost_rises = List(
        MomentField(),
        metadata=about("The minutes in which *lost* began to rise.", ["2026-11-20T10:37:00Z"]),
    )
    correlation = Nested(
        CorrelationSchema,
        allow_none=True,
        metadata=about("How *lost* went together with unpleasant expressions; null with too few minutes."),
    )
    polls = List(Nested(ReportPollSchema), metadata=about("The questions to the class, oldest first."))


class ChangeSchema(Schema):
    emotion = String(validate=OneOf(EMOTIONS), metadata=about("Which expression.", "happy"))
    start = MomentField(data_key="from", metadata=about("When it began.", "2026-11-20T10:33:00Z"))
    end = MomentField(data_key="to", metadata=about("When it ended.", "2026-11-20T10:37:00Z"))
    share = Float(metadata=about("Its share of the person-time in that time, 0 to 1.", 0.5))
    average = Float(metadata=about("Its share in the whole lecture, 0 to 1.", 0.24))
    faces_mean = Float(metadata=about("Faces in view on average in that time.", 23.5))


class ReportSchema(Schema):
    id = Integer(metadata=about("The number of the lecture.", 12))
    title = String(metadata=about("Its title.", "Fractions"))
    course = String(metadata=about("Its course, or an empty text.", "Mathematics 6a"))
    room = String(metadata=about("The name of its room.", "Room 7"))
    purpose = PurposeField("What it was recorded for.")
    started_at = MomentField(metadata=about("When it began.", "2026-11-20T10:15:00Z"))
    ended_at = MomentField(
        allow_none=True, metadata=about("When it ended; null while it runs.", "2026-11-20T11:00:00Z")
    )
    ended_by_itself = Boolean(
        metadata=about("True if nobody ended it, until `planned_end` or for LECTURE_HOURS.", False)
    )
    planned_end = MomentField(
        allow_none=True, metadata=about("When the timetable was to end it.", "2026-11-20T11:00:00Z")
    )
    from_recording = Boolean(metadata=about("True if it was read from a file.", False))
    summary = String(
        metadata=about(
            "The lecture in one sentence; its times are local.", "Mostly neutral, at times happy (10:33)."
        )
    )
    doubts = List(
        String(),
        metadata=about(
            "Why the report is weak evidence, in sentences; mostly none.",
            ["The camera saw only 60 % of the lecture."],
        ),
    )
    seconds = Float(metadata=about("The length of the lecture so far, in seconds.", 2700.0))
    online_seconds = Float(metadata=about("How long the camera was read, in seconds.", 2640.0))
    coverage = Float(metadata=about("The part of the lecture in which the camera was read, 0 to 1.", 0.98))
    faces_mean = Float(
        allow_none=True,
        metadata=about("Faces in view on average while the camera was read; null if it never was.", 23.5),
    )
    faces_max = Integer(metadata=about("The most faces that were in view at once.", 26))
    shares = SharesField(
        "The part of the counted person-time that each expression has, 0 to 1; null if none was counted."
    )
    share_intervals = IntervalsField(
        "Where the true share of each expression lies in 95 of 100 such lectures, as [from, to], 0 to 1; "
        "null without shares.",
        SHARE_INTERVALS,
    )
    uncertain_share = Float(
        allow_none=True,
        metadata=about(
            "The part of the counted person-time in which no expression could be named, 0 to 1.", 0.12
        ),
    )
    facing_share = Float(
        allow_none=True,
        metadata=about(
            "For presence: the part of the counted person-time in which a face was turned to the front, 0 to "
            "1; null if the detector can't tell.",
            0.81,
        ),
    )
    suppressed_minutes = Integer(
        metadata=about("How many minutes have no expressions, since too few people were in view.", 0)
    )
    minimum_group = Integer(metadata=about("Expressions of fewer people than this many are not kept.", 5))
    network_sha256 = String(
        allow_none=True,
        metadata=about(
            "SHA-256 of the weights of the network that read the expressions; null if none were read.",
            "0f343b0931126a20f133d67c2b018a3b5ff5c15af2f1e4e9a4d9f4d3ca0a1f4c",
        ),
    )
    limits = String(metadata=about("What the figures can't say.", "Faces that were missed are in no share."))
    changes = List(
        Nested(ChangeSchema),
        metadata=about("The biggest changes against the lecture's own average, at most 4."),
    )
    notes = List(Nested(NoteInsideSchema), metadata=about("The notes, oldest first."))
    minutes = List(
        Nested(ReportMinuteSchema), metadata=about("Every minute from its start to its end, gaps too.")
    )
    pulse = Nested(
        ReportPulseSchema, allow_none=True, metadata=about("What students said; null if they were not asked.")
    )


class SenderSchema(Schema):
    name = String(metadata=about("Who is sending.", "Anna Berg"))
    since = MomentField(metadata=about("Since when.", "2026-11-20T10:14:30Z"))


class CameraSchema(Schema):
    online = Boolean(metadata=about("Whether the camera gives pictures.", True))
    reason = String(
        allow_none=True,
        validate=OneOf(tuple(Reason)),
        metadata=about("Why it is dark, in one word; null while it is not.", "refused"),
    )
    detail = String(
        allow_none=True,
        metadata=about("The same in a sentence.", "The camera refused the password."),
    )
    since = MomentField(allow_none=True, metadata=about("Since when it is as it is.", "2026-11-20T10:14:30Z"))
    source = String(metadata=about("The camera's address, without any password.", "rtsp://camera-7/stream"))
    capture_fps = Float(metadata=about("Pictures a second that the camera gives.", 25.0))
    picture_age_s = Float(
        allow_none=True,
        metadata=about(
            "Age of the newest picture in seconds; it grows while nobody watches. Null if there is none.",
            0.08,
        ),
    )
    sender = Nested(
        SenderSchema,
        allow_none=True,
        metadata=about("Who is sending pictures, if the camera is `browser`."),
    )


class MonitorSchema(Schema):
    running = Boolean(metadata=about("Whether the room's camera process runs.", True))
    restarts = Integer(metadata=about("How often it was started again since the server started.", 0))
    heartbeat_age_s = Float(
        allow_none=True, metadata=about("Seconds since it last said that it lives; null before that.", 0.3)
    )
    detect_fps = Float(metadata=about("Frames a second to be analysed at most (DETECT_FPS).", 15.0))
    analysed_fps = Float(metadata=about("Frames a second that are analysed.", 14.8))
    frames_dropped = Integer(
        metadata=about("How many frames a newer one replaced before they were analysed.", 120)
    )


class ViewerSchema(Schema):
    fps = Float(metadata=about("Pictures a second that this viewer gets.", 24.9))
    dropped = Integer(metadata=about("How many pictures it was too slow for.", 3))
    frame_age_ms = Integer(
        allow_none=True, metadata=about("Age of its newest picture when it left, in milliseconds.", 41)
    )


class PauseSchema(Schema):
    since = MomentField(metadata=about("When it began.", "2026-11-20T10:40:00Z"))
    by = String(metadata=about("Who paused the room.", "Anna Berg"))


class RecentSharesSchema(Schema):
    shares = SharesField(
        "The mean part of the faces in view that shows each expression, 0 to 1; null if nobody or too few "
        "people are in view."
    )
    uncertain = Float(
        allow_none=True,
        metadata=about("The mean part whose expression can't be named, 0 to 1; null as for shares.", 0.12),
    )
    facing = Float(
        allow_none=True,
        metadata=about(
            "For presence: the mean part that is turned to the front, 0 to 1; null as in `now`.", 0.81
        ),
    )


class StateSchema(Schema):
    room = String(metadata=about("The name of the room.", "Room 7"))
    purpose = PurposeField("What is read of the faces in this room.")
    camera = Nested(CameraSchema, metadata=about("The room's camera."))
    monitor = Nested(MonitorSchema, metadata=about("The process that reads the camera."))
    viewers = List(Nested(ViewerSchema), metadata=about("Whoever watches the room's stream."))
    paused = Nested(
        PauseSchema,
        allow_none=True,
        metadata=about("The pause; while it lasts, nothing is read. Null without one."),
    )
    faces_hidden = Boolean(metadata=about("Whether the stream hides the faces.", False))
    stored = Boolean(
        metadata=about("False while the database has not taken a pause or hidden faces yet.", True)
    )
    lecture = Nested(
        LectureInsideSchema, allow_none=True, metadata=about("The running lecture; null if none runs.")
    )
    recent = Nested(
        RecentSharesSchema,
        allow_none=True,
        metadata=about(
            "The means of the last 5 s, which the live page's bars and the sentence show; null while "
            "there is no reading."
        ),
    )
    advice = String(
        allow_none=True,
        validate=OneOf([each.value for each in Advice]),
        metadata=about(
            "What would let more faces be read: `larger_faces` (a closer camera or a larger picture, since "
            "most are narrower than 36 pixels) or `better_detector` (YuNet, since many are turned away or "
            "lean); null if nothing.",
            None,
        ),
    )
    sentence = String(
        metadata=about(
            "What is seen and whether it is changing, else why nothing is, in words.",
            "Mostly neutral; smiles rising for 3 minutes",
        )
    )
    version = String(metadata=about("The version of the program.", "0.2.0"))
    started_at = MomentField(metadata=about("When the server started.", "2026-11-20T06:00:00Z"))


class TriedFaceSchema(Schema):
    box = List(
        Integer(),
        validate=Length(equal=4),
        metadata=about("Left, top, width and height in pixels of the upright picture.", [412, 220, 96, 96]),
    )
    detector = String(metadata=about("What found it: a cascade's name, or `yunet`.", "yunet"))
    rotation = Float(
        metadata=about("Degrees by which it leans clockwise; it is turned upright to be read.", 0.0)
    )
    face_probability = Float(metadata=about("How sure the network is that this is a face, 0 to 1.", 0.99))
    scores = SharesField(
        "How probable each expression is, 0 to 1; null if the face is too small, or seen from the side and "
        "unsure."
    )
    expression = String(
        allow_none=True,
        validate=OneOf(EXPRESSIONS),
        metadata=about(
            "That of the highest score, or `uncertain`; null if the face is too small.", "neutral"
        ),
    )
    why = String(
        allow_none=True,
        validate=OneOf(("too-small", "unsure", "from-the-side")),
        metadata=about("Why no expression is named; null if one is.", "unsure"),
    )


class TriedPictureSchema(Schema):
    width = Integer(metadata=about("Of the picture turned upright, in pixels.", 1920))
    height = Integer(metadata=about("Of the picture turned upright, in pixels.", 1080))
    model = String(
        metadata=about(
            "SHA-256 of the network's weights.",
            "0f343b0931126a20f133d67c2b018a3b5ff5c15af2f1e4e9a4d9f4d3ca0a1f4c",
        )
    )
    faces = List(Nested(TriedFaceSchema), metadata=about("The largest first, at most 100."))


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


class PollSchema(Schema):
    id = Integer(metadata=about("Its number.", 5))
    text = String(metadata=about("What was asked; empty if it was only spoken.", "Is 2/4 equal to 1/2?"))
    answers = List(String(), metadata=about("The answers that can be chosen.", ["yes", "no"]))
    counts = List(
        Integer(),
        allow_none=True,
        metadata=about("How many students chose each answer; null if too few have answered.", [17, 5]),
    )
    ended_at = MomentField(
        allow_none=True, metadata=about("When it ended; null while it is open.", "2026-11-20T10:43:00Z")
    )


class PulseSchema(Schema):
    lecture_id = Integer(metadata=about("The number of the running lecture.", 12))
    code = String(metadata=about("What students type; another one in each lecture.", "K7MPQ4"))
    address = String(metadata=about("The page of the students.", "https://school.example.org/p/K7MPQ4"))
    answered = Integer(
        allow_none=True, metadata=about("How many devices the counts hold; null as for counts.", 21)
    )
    counts = Nested(
        PulseCountsSchema,
        allow_none=True,
        metadata=about(
            "What they say; null if fewer than the minimum group answer, or if you may not see them."
        ),
    )
    minimum_group = Integer(metadata=about("How many students must answer for counts to be shown.", 5))
    lost_rises = Boolean(metadata=about("True while *lost* is higher than in the minutes before.", False))
    minutes = List(Nested(PulseMinuteSchema), metadata=about("The last 15, oldest first."))
    questions = Integer(
        allow_none=True,
        metadata=about("How many questions were asked; null unless the lecture is yours.", 2),
    )
    poll = Nested(PollSchema, allow_none=True, metadata=about("The newest poll; null without one."))


class QuestionSchema(Schema):
    id = Integer(metadata=about("Its number, which addresses name.", 8))
    at = MomentField(metadata=about("When it was asked.", "2026-11-20T10:36:00Z"))
    text = String(metadata=about("What was asked.", "Why do we need a common denominator?"))


class QuestionsSchema(Schema):
    questions = List(Nested(QuestionSchema), metadata=about("The questions, oldest first."))


class RoomSchema(Schema):
    id = Integer(metadata=about("Its number, which addresses of the API name.", 1))
    name = String(metadata=about("Its name.", "Room 7"))
    slug = String(metadata=about("Its part of a page's address: /rooms/SLUG.", "room-7"))
    faces = Integer(allow_none=True, metadata=about("Faces in view; null without a reading.", 24))
    camera = Nested(CameraSchema, metadata=about("Its camera."))
    paused = Nested(
        PauseSchema,
        allow_none=True,
        metadata=about("The pause; while it lasts, nothing is read. Null without one."),
    )
    lecture = Nested(
        LectureInsideSchema, allow_none=True, metadata=about("The running lecture; null if none runs.")
    )


class RoomsSchema(Schema):
    rooms = List(Nested(RoomSchema), metadata=about("The rooms in use, by name."))
