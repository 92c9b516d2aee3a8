"""An iCalendar text (RFC 5545) becomes planned lectures.

Only the process of `app.timetable.calendar` imports this module: a calendar comes from outside, and a short
one can describe billions of lectures.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import recurring_ical_events
from icalendar import Calendar, Event

from app.language import Translatable
from app.timetable.calendar_request import NO_CALENDAR
from app.timetable.errors import DAMAGED, CalendarError
from app.timetable.planned_lecture import PlannedLecture

MAX_LECTURES = 3000  # within PLANNED_DAYS: more than 30 a day
LONGEST = timedelta(hours=24)  # what is longer, as a holiday, is no lecture


def planned_in_calendar(
    calendar: bytes, start: datetime, end: datetime, zone: tzinfo
) -> list[PlannedLecture]:
    """The lectures in the calendar that take place between two moments, oldest first.

    A time without a zone is in `zone`. Events for whole days, cancelled ones, and ones that last longer than
    a day are left out. Raises CalendarError.
    """
    text = calendar.decode("utf-8-sig", errors="replace")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise CalendarError(NO_CALENDAR)
    if not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise CalendarError(Translatable("The calendar is cut off; its end is missing."))
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except ValueError:
        calendars = []
    if not calendars:  # or where an event has no end
        raise CalendarError(DAMAGED)
    lectures = set()
    for each in calendars:
        for event in recurring_ical_events.of(each, skip_bad_series=True).between(start, end):
            lectures.update(_planned(event, zone))
    if len(lectures) > MAX_LECTURES:
        raise CalendarError(
            Translatable("The calendar has more than %(limit)s lectures in three months.", limit=MAX_LECTURES)
        )
    return sorted(each for each in lectures if max(each.begins_at, start) < min(each.ends_at, end))


def _planned(event: Event, zone: tzinfo) -> Iterator[PlannedLecture]:
    """The lecture that an event is, if it is one."""
    begins, ends = event.start, event.end
    if not isinstance(begins, datetime) or not isinstance(ends, datetime):
        return
    begins_at, ends_at = (
        (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        for moment in (begins, ends)
    )
    if timedelta(0) < ends_at - begins_at <= LONGEST and str(event.get("STATUS")).upper() != "CANCELLED":
        title = _line(event.get("SUMMARY", ""), 200) or "?"
        organizer = event.get("ORGANIZER")
        teacher = _line(organizer.params.get("CN", ""), 80) if hasattr(organizer, "params") else ""
        course = next((_line(word, 200) for word in event.categories), "")
        yield PlannedLecture(begins_at, ends_at, title, course, teacher)


def _line(text: object, limit: int) -> str:
    """One line of at most `limit` characters."""
    printable = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(printable.split())[:limit].rstrip()
