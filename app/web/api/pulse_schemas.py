"""The fields of the pulse: what students say, now and minute by minute, polls and questions."""

from apiflask import Schema
from apiflask.fields import Boolean, Integer, List, Nested, String

from app.web.api.schema_examples import SAID
from app.web.api.schema_fields import MomentField, about


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
