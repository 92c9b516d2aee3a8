"""The kinds of field that schemas share: moments, shares, intervals, purposes, lines of text.

Every field says what it is, its unit where it has one, and an example: `tests/test_api_description.py`.
"""

from datetime import UTC, datetime

from apiflask.fields import DateTime, Dict, Float, List, String
from apiflask.validators import Length, OneOf, Regexp
from marshmallow import ValidationError

from app.purpose import Purpose
from app.report.exports.json_file import rfc3339
from app.vision.emotion import EMOTIONS
from app.web.api.schema_examples import SHARES
from app.web.request_checks import ONE_LINE, ONE_LINE_WITH_A_LETTER

IS_ONE_LINE = Regexp(ONE_LINE, error="Must be one line of text.")
IS_NOT_BLANK = Regexp(ONE_LINE_WITH_A_LETTER, error="Must be one line of text.")


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
