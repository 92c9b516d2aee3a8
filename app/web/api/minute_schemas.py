"""The fields of minutes and of their figures, which a report's minutes share."""

from apiflask import Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String

from app.web.api.base_schemas import QuerySchema
from app.web.api.pulse_schemas import PulseMinuteSchema
from app.web.api.schema_fields import MomentField, SharesField, about


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


class MinutesQuerySchema(QuerySchema):
    room = String(metadata=about("The name of a room; by default the one in the address.", "Room 7"))
    cursor = String(metadata=about("The one that the page before gave.", "MTc5NTE3MDYwMCA0Mg=="))
