"""The pulse of a lecture: its code, the votes while it runs, the counts of its minutes, the questions."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import MINUTE, start_of_minute
from app.language import Translatable
from app.pulse.choice import Choice
from app.pulse.code import new_code
from app.pulse.publication import SILENT_AFTER, Vote, publication
from app.store.tables import Lecture, Poll, PollAnswer, Pulse, PulseMinute, PulseVote, Question, Room, db

LATE = timedelta(seconds=15)
"""The counts shown later than this after a minute's end are not stored as that minute's."""
MAX_DEVICES = 2000
"""Of one lecture: more than any hall holds, and few enough to count at every publication."""
MAX_QUESTIONS = 200
"""Of one lecture."""
MAX_QUESTION_LENGTH = 300  # characters


class PulseClosed(Exception):
    """An answer or a question is refused; its argument, `Translatable`, says why."""


def open_pulse(lecture: Lecture, minimum_group: int, now: datetime) -> Pulse:
    """Open the pulse of a running lecture under a new code; gives the open one where there is one."""
    pulse = db.session.get(Pulse, lecture.id)
    while pulse is None:
        db.session.add(
            Pulse(
                lecture_id=lecture.id,
                code=new_code(),
                key=secrets.token_bytes(32),
                counts={},
                is_shown=False,
                minimum_group=minimum_group,
                version=0,
                counted_until=start_of_minute(now),
            )
        )
        try:
            db.session.commit()
        except IntegrityError:  # another process was faster, or another lecture has this code
            db.session.rollback()
        pulse = db.session.get(Pulse, lecture.id)
    return pulse


def open_pulses() -> Sequence[Pulse]:
    """Every pulse that is open, but not those of deleted lectures."""
    return db.session.scalars(select(Pulse).join(Pulse.lecture)).all()


def pulse_of_room(room: Room) -> Pulse | None:
    """The open pulse of a room; None if no lecture runs, or if its pulse is not on."""
    return db.session.scalar(
        select(Pulse)
        .join(Lecture, Pulse.lecture_id == Lecture.id)
        .where(Lecture.room_id == room.id, Lecture.ended_at.is_(None))
    )


def pulse_of_code(code: str) -> Pulse | None:
    """The open pulse with this code."""
    return db.session.scalar(select(Pulse).join(Pulse.lecture).where(Pulse.code == code))


def counts_of(pulse: Pulse) -> dict[Choice, int] | None:
    """The published counts of a pulse; None while fewer than the minimum group answer."""
    return {choice: pulse.counts.get(choice, 0) for choice in Choice} if pulse.is_shown else None


def vote(lecture_id: int, device: str, choice: Choice, now: datetime) -> None:
    """Store a device's choice in place of its last one. Raises PulseClosed."""
    store_answer(PulseVote, (PulseVote.lecture_id == lecture_id,), lecture_id, device, choice, now)


def store_answer(
    table: type[PulseVote | PollAnswer],
    conditions: tuple,
    lecture_id: int,
    device: str,
    choice: str,
    now: datetime,
    **columns,
) -> None:
    """Insert or replace a device's answer, in one short transaction. Raises PulseClosed.

    `conditions` select the answers to the same pulse or poll; `columns` are further ones of a new row.
    """
    change = update(table).where(*conditions, table.device == device).values(choice=choice, at=now)
    if not db.session.execute(change).rowcount:
        if db.session.scalar(select(func.count()).select_from(table).where(*conditions)) >= MAX_DEVICES:
            db.session.rollback()
            raise PulseClosed(Translatable("No more devices can take part in this lecture."))
        row = dict(lecture_id=lecture_id, device=device, choice=choice, at=now, **columns)
        try:
            db.session.execute(insert(table).values(row))
        except IntegrityError:  # the same device at the same moment, or the lecture has just ended
            db.session.rollback()
            if not db.session.execute(change).rowcount:
                db.session.rollback()
                raise PulseClosed(Translatable("This lecture has ended.")) from None
    db.session.commit()


def choice_of(lecture_id: int, device: str, now: datetime) -> Choice | None:
    """The choice of a device; None if it made none within SILENT_AFTER."""
    row = db.session.execute(
        select(PulseVote.choice, PulseVote.at).where(
            PulseVote.lecture_id == lecture_id, PulseVote.device == device
        )
    ).one_or_none()
    return Choice(row.choice) if row and now - row.at < SILENT_AFTER else None


def publish(pulse: Pulse, now: datetime) -> bool:
    """Publish the counts that may be shown now; gives whether they differ from those before."""
    known = pulse.version
    step = publication(
        votes_of(PulseVote, PulseVote.lecture_id == pulse.lecture_id), pulse.minimum_group, now
    )
    if not step.changes and step.is_shown == pulse.is_shown:
        return False
    if not claim_version(pulse, known, counts=dict(step.counts), is_shown=step.is_shown):
        return False
    record_published(PulseVote, step.changes)
    db.session.commit()
    return True


def claim_version(pulse: Pulse, known: int, **columns) -> bool:
    """Raise the pulse's version and store `columns`, if its version is still `known`; gives whether it was.

    So only one of several processes publishes a step. It commits; the others are rolled back here.
    """
    is_first = (Pulse.lecture_id == pulse.lecture_id) & (Pulse.version == known)
    if not db.session.execute(update(Pulse).where(is_first).values(version=known + 1, **columns)).rowcount:
        db.session.rollback()
        return False
    return True


def votes_of(table: type[PulseVote | PollAnswer], condition) -> list[Vote]:
    """The answers that meet a condition."""
    query = select(table.id, table.choice, table.at, table.shown).where(condition)
    return [Vote(*row) for row in db.session.execute(query)]


def record_published(table: type[PulseVote | PollAnswer], changes) -> None:
    """Store for each changed answer which choice the published counts hold for it.

    `changes` are the ids of answers by choice, as in `Publication`. The caller commits.
    """
    for choice, ids in changes.items():
        db.session.execute(update(table).where(table.id.in_(ids)).values(shown=choice))


def write_minute(pulse: Pulse, now: datetime) -> bool:
    """Store the counts of the minute that has just ended; gives whether a row was added.

    A minute whose end no process saw, because none ran, has no row.
    """
    current = start_of_minute(now)
    if current <= pulse.counted_until:
        return False
    claimed = db.session.execute(
        update(Pulse)
        .where(Pulse.lecture_id == pulse.lecture_id, Pulse.counted_until == pulse.counted_until)
        .values(counted_until=current)
    )
    if not claimed.rowcount:
        db.session.rollback()
        return False
    is_seen = now - current < LATE
    if is_seen:
        db.session.add(_row_of(pulse, current - MINUTE))
    db.session.commit()
    return is_seen


def _row_of(pulse: Pulse, minute: datetime) -> PulseMinute:
    counts = {str(choice): count for choice, count in (counts_of(pulse) or {}).items()}
    group = pulse.minimum_group
    return PulseMinute(lecture_id=pulse.lecture_id, minute=minute, minimum_group=group, **counts)


def minutes_of_pulse(lecture_id: int, newest: int | None = None) -> Sequence[PulseMinute]:
    """The minutes of a lecture whose pulse was counted, oldest first; at most the `newest` ones."""
    query = select(PulseMinute).where(PulseMinute.lecture_id == lecture_id)
    rows = db.session.scalars(query.order_by(PulseMinute.minute.desc()).limit(newest)).all()
    return rows[::-1]


def minutes_of_pulses(lectures: Sequence[Lecture]) -> dict[int, list[PulseMinute]]:
    """The minutes of lectures whose pulse was counted, by lecture id, oldest first, in one query."""
    minutes = {lecture.id: [] for lecture in lectures}
    query = select(PulseMinute).where(PulseMinute.lecture_id.in_(minutes)).order_by(PulseMinute.minute)
    for row in db.session.scalars(query):
        minutes[row.lecture_id].append(row)
    return minutes


def close_pulse(lecture_id: int, at: datetime) -> None:
    """Close the pulse of a lecture that ends at `at`: its key, code and votes are deleted.

    The counts shown last become its last minute. The caller commits.
    """
    pulse = db.session.get(Pulse, lecture_id)
    if pulse is None:
        return
    minute = start_of_minute(at)
    if minute >= pulse.counted_until:
        db.session.add(_row_of(pulse, minute))
    db.session.execute(
        update(Poll).where(Poll.lecture_id == lecture_id, Poll.ended_at.is_(None)).values(ended_at=at)
    )
    db.session.expunge(pulse)
    db.session.execute(delete(Pulse).where(Pulse.lecture_id == lecture_id))  # the database deletes the votes


def ask_question(lecture_id: int, text: str, now: datetime) -> None:
    """Store a question. Raises PulseClosed beyond MAX_QUESTIONS."""
    count = db.session.scalar(select(func.count()).where(Question.lecture_id == lecture_id))
    if count >= MAX_QUESTIONS:
        raise PulseClosed(Translatable("This lecture takes no more questions."))
    db.session.add(Question(lecture_id=lecture_id, at=now, text=text))
    db.session.commit()


def questions_of(lecture: Lecture) -> Sequence[Question]:
    """What students asked in a lecture, oldest first."""
    query = select(Question).where(Question.lecture_id == lecture.id).order_by(Question.id)
    return db.session.scalars(query).all()


def count_questions(lecture_id: int) -> int:
    """How many questions students asked in a lecture."""
    return db.session.scalar(select(func.count()).where(Question.lecture_id == lecture_id))


def find_question(lecture: Lecture, question_id: int) -> Question | None:
    """The question with this id, if it belongs to this lecture."""
    question = db.session.get(Question, question_id)
    return question if question is not None and question.lecture_id == lecture.id else None


def delete_question(question: Question) -> None:
    """Delete a question."""
    db.session.delete(question)
    db.session.commit()
