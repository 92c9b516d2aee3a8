"""The notes of a lecture."""

from app.store import note_queries
from app.web.api.blueprint import SECURITY, api
from app.web.api.note_schemas import NewNoteSchema, NoteSchema, NotesSchema
from app.web.extensions import current_time
from app.web.lecture_lookup import lecture_or_404, note_or_404, own_lecture_or_403
from app.web.problems import problem


@api.get("/lectures/<int:lecture_id>/notes")
@api.output(NotesSchema)
@api.doc(tags=["Notes"], security=SECURITY)
def lecture_notes(lecture_id):
    """All notes of a lecture, oldest first."""
    return {"notes": note_queries.notes_of_lecture(lecture_or_404(lecture_id))}


@api.post("/lectures/<int:lecture_id>/notes")
@api.input(NewNoteSchema, arg_name="new")
@api.output(NoteSchema, status_code=201)
@api.doc(tags=["Notes"], security=SECURITY, responses={409: "The moment lies outside the lecture"})
def add_note(lecture_id, new):
    """Add a note to a moment of a lecture."""
    now = current_time()
    try:
        return note_queries.add_note(own_lecture_or_403(lecture_id), new.get("at", now), new["text"], now)
    except note_queries.NoteError as error:
        return problem(409, error)


@api.delete("/lectures/<int:lecture_id>/notes/<int:note_id>")
@api.output({}, status_code=204)
@api.doc(tags=["Notes"], security=SECURITY)
def delete_note(lecture_id, note_id):
    """Delete a note."""
    note_queries.delete_note(note_or_404(own_lecture_or_403(lecture_id), note_id))
    return ""
