"""The fields of a lecture's report, with its minutes, changes, pulse and polls."""

from apiflask import Schema
from apiflask.fields import Boolean, Dict, Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf

from app.pulse.choice import Choice
from app.report.report_minute import MinuteStatus
from app.vision.emotion import EMOTIONS
from app.web.api.minute_schemas import FiguresSchema
from app.web.api.note_schemas import NoteInsideSchema
from app.web.api.schema_examples import SAID, SAID_INTERVALS, SAID_SHARES, SHARE_INTERVALS
from app.web.api.schema_fields import IntervalsField, MomentField, PurposeField, SharesField, about


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
