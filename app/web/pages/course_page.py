"""A course over time: all its lectures, and its mean lecture."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from flask import Blueprint, abort, g, render_template, request
from flask_babel import gettext

from app.clock import EPOCH, MINUTE
from app.language import Translatable, translate
from app.purpose import Purpose
from app.report.course_report import CourseReport, course_report
from app.report.lecture_report import (
    LIMITS,
    PRESENCE_LIMITS,
    PULSE_LIMITS,
    ReportConditions,
)
from app.report.stack_chart import stack_chart
from app.store import lecture_queries
from app.store.effective_settings import effective_settings
from app.store.room_queries import zone_of
from app.store.tables import Lecture
from app.vision.model_card import read_model_card
from app.web.extensions import current_time
from app.web.request_scope import current_scope

pages = Blueprint("course", __name__)


@pages.get("/courses")
def course():
    """Show a course whose name is in the query: browsers and proxies change a path such as `/courses/..`."""
    return _page(request.args.get("name", ""))


@pages.get("/courses/<path:name>")
def named(name: str):
    """Show a course at the address that is easier to type."""
    return _page(name.rstrip("/"))


def _page(name: str) -> str:
    """The lectures of a course that may be read, oldest first."""
    if not name:
        abort(404, Translatable("Which course? Choose one among the lectures."))
    lectures = lecture_queries.lectures_of_course(current_scope(), name)
    if not lectures:
        abort(404, Translatable("There is no course %(name)s.", name=name))
    room = lectures[-1].room
    g.zone = zone_of(room)
    conditions = ReportConditions(effective_settings(room).minimum_group, read_model_card())
    report = course_report(name, lectures, current_time(), conditions)
    chart = stack_chart(report.minutes, (), UTC, time=_minutes_since_begin) if report.minutes else None
    return render_template(
        "course.html",
        course=report,
        chart=chart,
        whole=_whole(report),
        limits=" ".join(map(translate, _limits(report, lectures))),
    )


def _limits(report: CourseReport, lectures: Sequence[Lecture]) -> list[Translatable]:
    has_camera = any(lecture.purpose != Purpose.PULSE for lecture in lectures)
    of_faces = [LIMITS if report.read else PRESENCE_LIMITS] if has_camera else []
    return [*of_faces, PULSE_LIMITS] if report.said or not has_camera else of_faces


def _minutes_since_begin(moment: datetime, _zone: tzinfo) -> str:
    return gettext("%(count)s min", count=int((moment - EPOCH) / MINUTE))


def _whole(report: CourseReport) -> dict:
    """All lectures as one, under the names that the templates of a report use."""
    whole = report.whole
    return {
        "is_presence": False,
        "faces_mean": whole.faces_mean,
        "online_seconds": whole.online_seconds,
        "shares": whole.shares,
        "uncertain_share": whole.uncertain_share,
        "share_intervals": report.share_intervals,
    }
