"""What students say in a room at this moment, and what they asked."""

from collections.abc import Sequence

from flask import abort, url_for

from app.language import Translatable
from app.pulse.lost_rise import lost_rises, marks
from app.store import poll_queries, pulse_queries
from app.store.tables import Poll, Pulse, PulseMinute, Room
from app.web.api.blueprint import SECURITY, api
from app.web.api.pulse_schemas import PulseSchema, QuestionsSchema
from app.web.lecture_lookup import can_read, own_lecture_or_403
from app.web.problems import problem
from app.web.request_scope import may_change
from app.web.requested_room import requested_room

MINUTES = 15
"""Of the line on the live page."""


@api.get("/pulse")
@api.get("/rooms/<int:room_id>/pulse")
@api.output(PulseSchema)
@api.doc(tags=["Pulse"], security=SECURITY)
def pulse():
    """What students say. While no lecture runs, or where the pulse is off, there is none: 503."""
    found = pulse_of(requested_room())
    if found is None:
        return problem(503, "No pulse is open: no lecture is running here, or the room's pulse is off.")
    return found


@api.get("/lectures/<int:lecture_id>/questions")
@api.output(QuestionsSchema)
@api.doc(tags=["Pulse"], security=SECURITY)
def questions(lecture_id):
    """What students asked in a lecture, oldest first; for its owner alone."""
    return {"questions": pulse_queries.questions_of(own_lecture_or_403(lecture_id))}


@api.delete("/lectures/<int:lecture_id>/questions/<int:question_id>")
@api.output({}, status_code=204)
@api.doc(tags=["Pulse"], security=SECURITY)
def delete_question(lecture_id, question_id):
    """Delete a question, which was answered for instance."""
    question = pulse_queries.find_question(own_lecture_or_403(lecture_id), question_id)
    if question is None:
        abort(404, Translatable("There is no question %(number)s in this lecture.", number=question_id))
    pulse_queries.delete_question(question)
    return ""


def pulse_of(room: Room) -> dict | None:
    """What `GET /pulse` gives; None if none is open. Queries the database."""
    pulse = pulse_queries.pulse_of_room(room)
    if pulse is None:
        return None
    may_read = can_read(pulse.lecture)
    sees_counts = may_read or room.pulse_on_screen
    counts = pulse_queries.counts_of(pulse) if sees_counts else None
    minutes = pulse_queries.minutes_of_pulse(pulse.lecture_id, MINUTES) if may_read else []
    return {
        "lecture_id": pulse.lecture_id,
        "code": pulse.code,
        "address": url_for("pulse.page", code=pulse.code, _external=True),
        "answered": _answered(counts),
        "counts": counts,
        "minimum_group": pulse.minimum_group,
        "lost_rises": lost_rises([minute.counts for minute in minutes], counts),
        "minutes": minutes_said(minutes),
        "questions": _count_questions(pulse),
        "poll": _poll(poll_queries.newest_poll(pulse.lecture_id) if sees_counts else None),
    }


def minutes_said(minutes: Sequence[PulseMinute]) -> list[dict]:
    """The counts of minutes, oldest first, and where *lost* began to rise."""
    rises = marks([minute.counts for minute in minutes])
    return [
        {
            "minute": minute.minute,
            "answered": _answered(minute.counts),
            "counts": minute.counts,
            "lost_rises": rise,
        }
        for minute, rise in zip(minutes, rises, strict=True)
    ]


def _answered(counts: dict | None) -> int | None:
    return None if counts is None else sum(counts.values())


def _count_questions(pulse: Pulse) -> int | None:
    is_own = can_read(pulse.lecture) and may_change(pulse.lecture)
    return pulse_queries.count_questions(pulse.lecture_id) if is_own else None


def _poll(poll: Poll | None) -> dict | None:
    if poll is None:
        return None
    return {
        "id": poll.id,
        "text": poll.text,
        "answers": poll.answers,
        "counts": poll.counts if poll.is_shown else None,
        "ended_at": poll.ended_at,
    }
