"""The timetable of the room: everybody who is signed in reads it, administrators change it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.language import current_language, translate
from app.store import room_queries, timetable_queries
from app.store.audit_queries import AuditAction
from app.store.room_queries import zone_of
from app.store.tables import Room, TimetableLine
from app.timetable.calendar import read_calendar
from app.timetable.calendar_request import check_address, redacted_address
from app.timetable.errors import CalendarError
from app.timetable.planned_lecture import PlannedLecture
from app.timetable.week import WEEKDAYS, TimetableError
from app.timetable.wording import day_and_clock
from app.web.audit import record
from app.web.extensions import current_time, reload_settings
from app.web.forms import CalendarForm, TimetableLineForm
from app.web.rate_limiter import limiter
from app.web.request_checks import row_id
from app.web.requested_room import requested_room, room_route

pages = Blueprint("timetable", __name__)

DAYS = 7


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day and the lectures that are planned to begin on it."""

    date: date
    lectures: list[PlannedLecture]

    @property
    def name(self) -> str:
        """The weekday in the reader's language."""
        return translate(WEEKDAYS[self.date.weekday()])

    @property
    def short_date(self) -> str:
        """The date without the year, as “Nov 30”."""
        return format_skeleton("MMMd", self.date, locale=current_language())


@room_route(pages, "/timetable")
def timetable():
    """Show the next seven days; with `?line=ID` its form is filled with that line."""
    room = requested_room()
    line_id = request.args.get("line", type=row_id)
    line = timetable_queries.find_line(room, line_id) if line_id is not None else None
    return _page(room, _form_of(line), CalendarForm(formdata=None))


@room_route(pages, "/timetable/line", methods=["POST"])
def save_line():
    """Add a line, or change the one that the form names."""
    room, form, problem = requested_room(), TimetableLineForm(), None
    _offer_choices(form)
    if form.validate():
        line_id = request.form.get("line", type=row_id)
        teacher_id = int(form.teacher.data) if form.teacher.data else None
        names = ("weekday", "begins", "ends", "title", "course")
        columns = {name: form[name].data for name in names}
        try:
            timetable_queries.store_line(room, line_id, **columns, teacher_id=teacher_id)
        except TimetableError as error:
            problem = translate(error)
    if form.errors or problem:
        return _page(room, form, CalendarForm(formdata=None), problem), 400
    return _saved(room)


@room_route(pages, "/timetable/line/<int:line_id>/remove", methods=["POST"])
def remove_line(line_id: int):
    """Remove a line; a lecture that it began goes on."""
    room = requested_room()
    timetable_queries.remove_line(room, line_id)
    return _saved(room)


@room_route(pages, "/timetable/calendar", methods=["POST"])
@limiter.limit("20/minute")
def save_calendar():
    """Subscribe to a calendar, once it could be read."""
    room, form = requested_room(), CalendarForm()
    if form.validate():
        try:
            address = check_address(form.address.data)
            lectures = read_calendar(address, current_time(), zone_of(room))
        except CalendarError as error:
            form.address.errors = [translate(error)]
        else:
            timetable_queries.store_calendar(room, address, lectures, current_time())
            return _saved(room)
    return _page(room, _form_of(None), form), 400


@room_route(pages, "/timetable/calendar/remove", methods=["POST"])
def remove_calendar():
    """End the subscription."""
    room = requested_room()
    timetable_queries.remove_calendar(room)
    return _saved(room)


@room_route(pages, "/timetable/only", methods=["POST"])
def save_switch():
    """Read the room only during lectures (`only=on`), or always."""
    room = requested_room()
    room_queries.change_room(room, only_in_timetable=request.form.get("only") == "on")
    return _saved(room)


def _saved(room: Room):
    record(AuditAction.SETTINGS_CHANGED, "timetable", room)
    reload_settings(room)
    flash(gettext("Saved. The changes take effect within a few seconds."))
    return redirect(url_for("timetable.timetable"))


def _form_of(line: TimetableLine | None) -> TimetableLineForm:
    """The form with what is stored of a line; empty without one."""
    form = TimetableLineForm(formdata=None, obj=line)
    if line is not None:
        form.line.data, form.teacher.data = str(line.id), str(line.teacher_id or "")
    return form


def _offer_choices(form: TimetableLineForm) -> None:
    form.weekday.choices = [(number, translate(day)) for number, day in enumerate(WEEKDAYS)]
    teachers = [(str(user.id), user.name) for user in timetable_queries.possible_teachers()]
    form.teacher.choices = [("", "–"), *teachers]


def _page(
    room: Room, line_form: TimetableLineForm, calendar_form: CalendarForm, line_problem: str | None = None
) -> str:
    _offer_choices(line_form)
    now, zone = current_time(), zone_of(room)
    planned_days = _days(room, now, zone)
    upcoming = timetable_queries.next_planned(room, now)
    problem = timetable_queries.calendar_problem(room)
    return render_template(
        "timetable.html",
        room=room,
        zone=zone,
        now=now,
        days=planned_days,
        upcoming=upcoming,
        upcoming_when=upcoming and translate(day_and_clock(upcoming.begins_at, now, zone)),
        calendar_address=room.calendar_url and redacted_address(room.calendar_url),
        calendar_problem=problem and translate(problem),
        line_form=line_form,
        line_problem=line_problem,
        calendar_form=calendar_form,
    )


def _days(room: Room, now: datetime, zone: ZoneInfo) -> list[PlannedDay]:
    """The next seven days from this morning on; every weekly line is in one of them."""
    today = now.astimezone(zone).date()
    dates = [today + timedelta(days=number) for number in range(DAYS)]
    midnight = datetime.combine(today, time(), zone).astimezone(UTC)
    planned = timetable_queries.planned_between(room, midnight, midnight + timedelta(days=DAYS + 1))
    return [
        PlannedDay(day, [each for each in planned if each.begins_at.astimezone(zone).date() == day])
        for day in dates
    ]
