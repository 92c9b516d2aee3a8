"""What people write down during a lecture, or later."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.language import Words
from app.store.tables import Lecture, Note, db

LONGEST_NOTE = 500
MOST_NOTES = 200  # of a lecture; more is a mistake of some program, and no chart could show them


class NoteError(Exception):
    """A note can't be kept as asked; its argument is the `Words` that say why."""


def notes_of_lecture(lecture: Lecture) -> Sequence[Note]:
    """A lecture's notes, oldest first."""
    return db.session.scalars(
        select(Note).where(Note.lecture_id == lecture.id).order_by(Note.at, Note.id)
    ).all()


def find_note(lecture: Lecture, note_id: int) -> Note | None:
    """The note of that id, if it is of this lecture."""
    note = db.session.get(Note, note_id)
    return note if note is not None and note.lecture_id == lecture.id else None


def add_note(lecture: Lecture, at: datetime, text: str, now: datetime) -> Note:
    """Add a note to a moment of the lecture; raises NoteError outside it, or for one note too many."""
    end = lecture.ended_at or now
    if not lecture.started_at <= at <= end:
        raise NoteError(
            Words(
                "A note belongs into its lecture: from %(start)s to %(end)s UTC.",
                start=f"{lecture.started_at:%Y-%m-%d %H:%M:%S}",
                end=f"{end:%Y-%m-%d %H:%M:%S}",
            )
        )
    if len(notes_of_lecture(lecture)) >= MOST_NOTES:
        raise NoteError(Words("A lecture has %(count)s notes at most.", count=MOST_NOTES))
    note = Note(lecture_id=lecture.id, at=at, text=text)
    db.session.add(note)
    db.session.commit()
    return note


def delete_note(note: Note) -> None:
    """Delete a note."""
    db.session.delete(note)
    db.session.commit()
