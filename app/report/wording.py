"""How figures and times read, in the reader's language."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import gettext, ngettext

from app.language import Translatable, current_language, translate
from app.report.interval import Interval
from app.report.report_minute import MinuteStatus

NO_SHARES = {
    MinuteStatus.GAP: Translatable("no camera"),
    MinuteStatus.PAUSED: Translatable("paused"),
    MinuteStatus.NOBODY: Translatable("nobody in view"),
    MinuteStatus.TOO_FEW: Translatable("too few people; not kept"),
    MinuteStatus.COUNTED: Translatable("faces counted only"),
}


def why_no_shares(status: MinuteStatus) -> str:
    """Why a minute of this status has no shares."""
    return translate(NO_SHARES[status])


def capital(sentence: str) -> str:
    """A sentence with a capital first letter; unlike str.capitalize, the rest stays as it is."""
    return f"{sentence}"[:1].upper() + f"{sentence}"[1:]


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{share * 100:.0f} %"


def interval(ends: Interval, sign: bool = True) -> str:
    """An interval of shares in whole percentages, as 20–35 %."""
    low, high = ends
    return f"{low * 100:.0f}–{high * 100:.0f}{' %' if sign else ''}"


def decimal(number: float) -> str:
    """A number with one decimal place."""
    return format_decimal(number, "0.0", current_language())


def signed(number: float) -> str:
    """A number with its sign and two decimal places, as +0.42."""
    return format_decimal(number, "+0.00;-0.00", current_language())


def faces(number: float) -> str:
    """A number of faces, as “12 faces”."""
    return ngettext("%(num)s face", "%(num)s faces", round(number))


def clock(moment: datetime, timezone: ZoneInfo) -> str:
    """The time of day, as 13:05."""
    return f"{moment.astimezone(timezone):%H:%M}"


def day(moment: datetime, timezone: ZoneInfo) -> str:
    """The date, in figures."""
    return format_date(moment.astimezone(timezone), gettext("yyyy-MM-dd"))


def day_in_words(moment: datetime, timezone: ZoneInfo) -> str:
    """The day without its year, as 27 November."""
    return format_date(moment.astimezone(timezone), gettext("d MMMM"), current_language())


def untitled(course: str, moment: datetime, timezone: ZoneInfo) -> str:
    """What a lecture without a title is called: its course and its day."""
    name = course or gettext("Lecture")
    return f"{name}, {day_in_words(moment, timezone)}"


def day_and_time(moment: datetime, timezone: ZoneInfo) -> str:
    """The date and the time of day."""
    return f"{day(moment, timezone)} {clock(moment, timezone)}"


def zone(moment: datetime, timezone: ZoneInfo) -> str:
    """The short name of the time zone at that moment, as CET."""
    return f"{moment.astimezone(timezone):%Z}"


def duration(seconds: float) -> str:
    """A length, as 52 min or 1 h 05 min."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
