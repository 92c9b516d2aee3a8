"""Notes: what people write down during a lecture or afterwards."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.language import Translatable
from app.store.deletion import UNDO_TIME
from app.store.tables import Lecture, Note, db

MAX_NOTE_LENGTH = 500  # characters
MAX_NOTES = 200  # a lecture; a program that adds more is faulty, and no chart could show them


class NoteError(Exception):
    """A note can't be added as asked; its argument, `Translatable`, says why."""


def notes_of_lecture(lecture: Lecture) -> Sequence[Note]:
    """A lecture's notes, oldest first."""
    return db.session.scalars(
        select(Note).where(Note.lecture_id == lecture.id).order_by(Note.at, Note.id)
    ).all()


def find_note(lecture: Lecture, note_id: int) -> Note | None:
    """The note with this id, if it belongs to this lecture."""
    note = db.session.get(Note, note_id)
    return note if note is not None and note.lecture_id == lecture.id else None


def add_note(lecture: Lecture, at: datetime, text: str, now: datetime) -> Note:
    """Add a note to a moment of the lecture; raises NoteError outside it or beyond MAX_NOTES."""
    end = lecture.ended_at or now
    if not lecture.started_at <= at <= end:
        raise NoteError(
            Translatable(
                "A note must lie within its lecture: from %(start)s to %(end)s UTC.",
                start=f"{lecture.started_at:%Y-%m-%d %H:%M:%S}",
                end=f"{end:%Y-%m-%d %H:%M:%S}",
            )
        )
    if len(notes_of_lecture(lecture)) >= MAX_NOTES:
        raise NoteError(Translatable("A lecture has %(count)s notes at most.", count=MAX_NOTES))
    note = Note(lecture_id=lecture.id, at=at, text=text)
    db.session.add(note)
    db.session.commit()
    return note


def hide_note(note: Note, now: datetime) -> None:
    """Delete a note so that it can be restored for UNDO_TIME."""
    note.deleted_at = now
    db.session.commit()


def restore_note(lecture: Lecture, note_id: int, now: datetime) -> bool:
    """Undo the deletion of a lecture's note; gives whether it was still possible."""
    restored = db.session.execute(
        update(Note)
        .where(Note.id == note_id, Note.lecture_id == lecture.id, Note.deleted_at > now - UNDO_TIME)
        .values(deleted_at=None)
    )
    db.session.commit()
    return restored.rowcount == 1


def delete_note(note: Note) -> None:
    """Delete a note for good."""
    db.session.delete(note)
    db.session.commit()
