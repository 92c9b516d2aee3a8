"""Lists of lectures: looked for, by course, and as small as a sparkline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.store.minute_queries import SPAN_COLUMNS
from app.store.tables import Lecture, Minute, db


@dataclass(frozen=True, slots=True)
class SparklineMinute:
    """As much of a minute as a sparkline shows."""

    minute: datetime
    spans: tuple[float, ...] | None
    """Seconds of each expression and of none; None where they were not kept."""


def find_lectures(words: str, course: str, limit: int, after: int | None = None) -> Sequence[Lecture]:
    """Lectures with these words in title or course, newest first, from the one after the id `after`."""
    query = select(Lecture).order_by(Lecture.id.desc()).limit(limit)
    if words:
        query = query.where(
            Lecture.title.icontains(words, autoescape=True) | Lecture.course.icontains(words, autoescape=True)
        )
    if course:
        query = query.where(Lecture.course == course)
    if after is not None:
        query = query.where(Lecture.id < after)
    return db.session.scalars(query).all()


def courses() -> Sequence[str]:
    """Every course that a lecture is of, by name."""
    return db.session.scalars(
        select(Lecture.course).where(Lecture.course != "").distinct().order_by(Lecture.course)
    ).all()


def others_of_course(lecture: Lecture, limit: int) -> Sequence[Lecture]:
    """The newest other lectures of a lecture's course."""
    return db.session.scalars(
        select(Lecture)
        .where(Lecture.course == lecture.course, Lecture.id != lecture.id)
        .order_by(Lecture.id.desc())
        .limit(limit)
    ).all()


def sparkline_minutes(lectures: Sequence[Lecture]) -> dict[int, list[SparklineMinute]]:
    """The minutes of many lectures in one query, by lecture, oldest first."""
    columns = [getattr(Minute, name) for name in SPAN_COLUMNS]
    rows = db.session.execute(
        select(Minute.lecture_id, Minute.minute, *columns)
        .where(Minute.lecture_id.in_([lecture.id for lecture in lectures]))
        .order_by(Minute.minute)
    )
    found = {lecture.id: [] for lecture in lectures}
    for lecture_id, minute, *spans in rows:
        found[lecture_id].append(SparklineMinute(minute, None if None in spans else tuple(spans)))
    return found
