"""The fields of a lecture's notes."""

from apiflask import Schema
from apiflask.fields import Integer, List, Nested, String
from apiflask.validators import Length

from app.store.note_queries import MAX_NOTE_LENGTH
from app.web.api.base_schemas import StrippedSchema
from app.web.api.schema_fields import IS_NOT_BLANK, MomentField, about


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
