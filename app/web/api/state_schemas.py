"""The fields of a room's state: what is seen now, its camera, its monitor, its viewers and its pause."""

from apiflask import Schema
from apiflask.fields import Boolean, Float, Integer, List, Nested, String
from apiflask.validators import OneOf

from app.camera.errors import Reason
from app.web.advice import Advice
from app.web.api.lecture_schemas import LectureInsideSchema
from app.web.api.schema_fields import MomentField, PurposeField, SharesField, about


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
            "larger_faces",
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
