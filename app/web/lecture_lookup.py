"""The lecture, note or report that an address names, or the answer 404."""

from flask import abort, current_app, g

from app.language import Translatable
from app.report.lecture_report import Report, ReportConditions, report_of
from app.store import lecture_queries, note_queries
from app.store.effective_settings import effective_settings
from app.store.room_queries import zone_of
from app.store.tables import Lecture, Note
from app.vision.model_card import read_model_card
from app.web.extensions import current_time
from app.web.request_scope import current_scope, may_change, may_see_room


def lecture_or_404(lecture_id: int) -> Lecture:
    """The lecture of that id. One that may not be seen is not there."""
    lecture = lecture_queries.find_visible_lecture(current_scope(), lecture_id)
    if lecture is None:
        abort(404, Translatable("There is no lecture %(number)s.", number=lecture_id))
    g.zone = zone_of(lecture.room)
    return lecture


def own_lecture_or_403(lecture_id: int) -> Lecture:
    """The lecture of that id, for somebody who wants to change it."""
    lecture = lecture_or_404(lecture_id)
    if not may_change(lecture):
        abort(403, Translatable("Only its owner or an administrator may change a lecture."))
    return lecture


def lecture_to_end(lecture_id: int) -> Lecture:
    """The lecture of that id, for somebody who wants to end it.

    A teacher may end whatever is running in their room: the one before may have forgotten to.
    """
    lecture = lecture_queries.find_lecture(lecture_id)
    if lecture is not None and lecture.ended_at is None and may_see_room(lecture.room):
        return lecture
    return own_lecture_or_403(lecture_id)


def can_read(lecture: Lecture) -> bool:
    """Whether this request may read a lecture that is known to be there."""
    return lecture_queries.find_visible_lecture(current_scope(), lecture.id) is not None


def note_or_404(lecture: Lecture, note_id: int) -> Note:
    """The note of that id in this lecture."""
    note = note_queries.find_note(lecture, note_id)
    if note is None:
        abort(404, Translatable("There is no note %(number)s in this lecture.", number=note_id))
    return note


def report_or_404(lecture_id: int) -> Report:
    """The report of a lecture; of a running one, up to now."""
    lecture = lecture_or_404(lecture_id)
    card = read_model_card(current_app.config["SETTINGS"].network)
    conditions = ReportConditions(effective_settings(lecture.room).minimum_group, card)
    return report_of(lecture, current_time(), conditions)
