"""The lecture, note or report that an address names, or the answer 404."""

from flask import abort

from app.language import Translatable
from app.report.lecture_report import Report, ReportConditions, report_of
from app.store import lecture_queries, note_queries
from app.store.effective_settings import effective_settings
from app.store.tables import Lecture, Note
from app.vision.model_card import read_model_card
from app.web.extensions import current_time


def lecture_or_404(lecture_id: int) -> Lecture:
    """The lecture of that id."""
    lecture = lecture_queries.find_lecture(lecture_id)
    if lecture is None:
        abort(404, Translatable("There is no lecture %(number)s.", number=lecture_id))
    return lecture


def note_or_404(lecture: Lecture, note_id: int) -> Note:
    """The note of that id in this lecture."""
    note = note_queries.find_note(lecture, note_id)
    if note is None:
        abort(404, Translatable("There is no note %(number)s in this lecture.", number=note_id))
    return note


def report_or_404(lecture_id: int) -> Report:
    """The report of a lecture; of a running one, up to now."""
    lecture = lecture_or_404(lecture_id)
    conditions = ReportConditions(effective_settings(lecture.room).minimum_group, read_model_card())
    return report_of(lecture, current_time(), conditions)
