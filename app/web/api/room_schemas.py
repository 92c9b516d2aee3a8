"""The fields of the list of rooms."""

from apiflask import Schema
from apiflask.fields import Integer, List, Nested, String

from app.web.api.lecture_schemas import LectureInsideSchema
from app.web.api.schema_fields import about
from app.web.api.state_schemas import CameraSchema, PauseSchema


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
