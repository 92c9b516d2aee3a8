"""How the timetable reads."""

from datetime import datetime, timedelta, tzinfo

from app.language import Translatable
from app.timetable.week import WEEKDAYS

WEEK = timedelta(days=7)


def day_and_clock(moment: datetime, now: datetime, zone: tzinfo) -> Translatable:
    """A later moment, as “today 13:30”, “Monday 08:00” or, more than six days away, “2026-11-30 08:00”."""
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    time = f"{local:%H:%M}"
    if days == 0:
        return Translatable("today %(time)s", time=time)
    if days < WEEK.days:
        return Translatable("%(day)s %(time)s", day=WEEKDAYS[local.weekday()], time=time)
    return Translatable("%(day)s %(time)s", day=f"{local:%Y-%m-%d}", time=time)


def nothing_is_read(next_lecture_at: datetime | None, now: datetime, zone: tzinfo) -> Translatable:
    """Why the camera is closed while no lecture runs."""
    if next_lecture_at is None:
        return Translatable("Nothing is read outside the timetable; no lecture is planned.")
    when = day_and_clock(next_lecture_at, now, zone)
    return Translatable("Nothing is read outside the timetable; next lecture %(when)s.", when=when)
