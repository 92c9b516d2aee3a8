"""Polls: a teacher's question with a few answers for the class to choose from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from app.language import Translatable
from app.pulse.publication import publication
from app.store.pulse_queries import PulseClosed, claim_version, record_published, store_answer, votes_of
from app.store.tables import Lecture, Poll, PollAnswer, Pulse, db

MIN_ANSWERS, MAX_ANSWERS = 2, 5
MAX_ANSWER_LENGTH = 40  # characters
MAX_POLL_LENGTH = 200  # characters, of the question


class PollError(Exception):
    """A poll can't be asked; its argument, `Translatable`, says why."""


def running_poll(lecture_id: int) -> Poll | None:
    """The poll that the class can answer now, if there is one."""
    return db.session.scalar(select(Poll).where(Poll.lecture_id == lecture_id, Poll.ended_at.is_(None)))


def newest_poll(lecture_id: int) -> Poll | None:
    """The running poll, else the last one."""
    return db.session.scalar(
        select(Poll).where(Poll.lecture_id == lecture_id).order_by(Poll.id.desc()).limit(1)
    )


def find_poll(lecture: Lecture, poll_id: int) -> Poll | None:
    """The poll with this id, if it belongs to this lecture."""
    poll = db.session.get(Poll, poll_id)
    return poll if poll is not None and poll.lecture_id == lecture.id else None


def polls_of(lecture: Lecture) -> Sequence[Poll]:
    """The polls of a lecture, oldest first."""
    return db.session.scalars(select(Poll).where(Poll.lecture_id == lecture.id).order_by(Poll.id)).all()


def ask_poll(lecture: Lecture, text: str, answers: Sequence[str], now: datetime) -> Poll:
    """Start a poll; one that is running ends. Raises PollError."""
    if db.session.get(Pulse, lecture.id) is None:
        raise PollError(Translatable("The pulse of this lecture is not open."))
    if not MIN_ANSWERS <= len(answers) <= MAX_ANSWERS:
        raise PollError(Translatable("Give two to five answers, with commas between them."))
    if max(map(len, answers)) > MAX_ANSWER_LENGTH:
        raise PollError(Translatable("An answer has at most %(count)s characters.", count=MAX_ANSWER_LENGTH))
    if running := running_poll(lecture.id):
        end_poll(running, now)
    poll = Poll(
        lecture_id=lecture.id,
        asked_at=now,
        text=text,
        answers=list(answers),
        counts=[0] * len(answers),
        is_shown=False,
    )
    db.session.add(poll)
    _announce(lecture.id)
    db.session.commit()
    return poll


def answer_poll(poll: Poll, device: str, choice: int, now: datetime) -> None:
    """Store a device's answer, the index `choice`, in place of its last one. Raises PulseClosed."""
    if poll.ended_at is not None or not 0 <= choice < len(poll.answers):
        raise PulseClosed(Translatable("This question is closed."))
    conditions = (PollAnswer.poll_id == poll.id,)
    store_answer(PollAnswer, conditions, poll.lecture_id, device, str(choice), now, poll_id=poll.id)


def answer_of(poll: Poll, device: str) -> int | None:
    """The index of the answer that a device gave; None if it gave none."""
    choice = db.session.scalar(
        select(PollAnswer.choice).where(PollAnswer.poll_id == poll.id, PollAnswer.device == device)
    )
    return None if choice is None else int(choice)


def publish_poll(pulse: Pulse, now: datetime) -> bool:
    """Publish the running poll's counts that may be shown now; gives whether they have changed."""
    known, poll = pulse.version, running_poll(pulse.lecture_id)
    if poll is None:
        return False
    answers = votes_of(PollAnswer, PollAnswer.poll_id == poll.id)
    step = publication(answers, pulse.minimum_group, now, silent_after=None)
    if not step.changes and step.is_shown == poll.is_shown:
        return False
    counts = [step.counts.get(str(number), 0) for number in range(len(poll.answers))]
    if not claim_version(pulse, known):
        return False
    poll.counts, poll.is_shown = counts, step.is_shown
    record_published(PollAnswer, step.changes)
    db.session.commit()
    return True


def end_poll(poll: Poll, now: datetime) -> None:
    """End a poll. Its counts stay; the devices' answers are deleted."""
    if poll.ended_at is None:
        poll.ended_at = now
    db.session.execute(delete(PollAnswer).where(PollAnswer.poll_id == poll.id))
    _announce(poll.lecture_id)
    db.session.commit()


def _announce(lecture_id: int) -> None:
    """Raise the pulse's version, by which every process sees that there is something new to show."""
    db.session.execute(update(Pulse).where(Pulse.lecture_id == lecture_id).values(version=Pulse.version + 1))
