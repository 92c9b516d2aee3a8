"""The fields of pictures that programs send: a camera's frames, and pictures to try."""

from apiflask import Schema
from apiflask.fields import Float, Integer, List, Nested, String
from apiflask.validators import Length, OneOf

from app.vision.emotion import EXPRESSIONS
from app.web.api.schema_fields import SharesField, about


class FramesQuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    room = String(metadata=about("The name of a room; by default the one in the address.", "Room 7"))


class AcceptedFrameSchema(Schema):
    bytes = Integer(metadata=about("The size of the accepted picture, in bytes.", 48213))


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
