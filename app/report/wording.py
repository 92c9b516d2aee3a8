"""How expressions, figures and times read, in the reader's language."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import gettext, ngettext

from app.language import Words, language, say
from app.report.interval import Interval
from app.report.report import Coverage
from app.vision.emotion import Emotion

UNCERTAIN = "uncertain"

WORDS = {
    Emotion.ANGRY: Words("angry"),
    Emotion.DISGUST: Words("disgust"),
    Emotion.FEAR: Words("fear"),
    Emotion.HAPPY: Words("happy"),
    Emotion.SAD: Words("sad"),
    Emotion.SURPRISE: Words("surprise"),
    Emotion.NEUTRAL: Words("neutral"),
    UNCERTAIN: Words("uncertain"),
}

UNREAD = {
    Coverage.GAP: Words("no camera"),
    Coverage.PAUSED: Words("paused"),
    Coverage.NOBODY: Words("nobody in view"),
    Coverage.TOO_FEW: Words("too few people; not kept"),
}


def word(kind: str) -> str:
    """An expression, or "uncertain"."""
    return say(WORDS[kind])


def why_unread(seen: Coverage) -> str:
    """Why a minute has no shares."""
    return say(UNREAD[seen])


def capital(sentence: str) -> str:
    """A sentence that begins with a capital letter, and is as it was otherwise."""
    return f"{sentence}"[:1].upper() + f"{sentence}"[1:]


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{share * 100:.0f} %"


def interval(ends: Interval, sign: bool = True) -> str:
    """Where a share lies, in whole percentages."""
    low, high = ends
    return f"{low * 100:.0f}–{high * 100:.0f}{' %' if sign else ''}"


def decimal(number: float) -> str:
    """A number with one digit after the point, or the comma."""
    return format_decimal(number, "0.0", language())


def faces(number: float) -> str:
    """How many faces, in words."""
    return ngettext("%(num)s face", "%(num)s faces", round(number))


def clock(moment: datetime, timezone: ZoneInfo) -> str:
    """The time of day."""
    return f"{moment.astimezone(timezone):%H:%M}"


def day(moment: datetime, timezone: ZoneInfo) -> str:
    """The date, in figures."""
    return format_date(moment.astimezone(timezone), gettext("yyyy-MM-dd"))


def day_and_time(moment: datetime, timezone: ZoneInfo) -> str:
    """The date and the time of day."""
    return f"{day(moment, timezone)} {clock(moment, timezone)}"


def zone(moment: datetime, timezone: ZoneInfo) -> str:
    """The short name of the zone at that moment, as CET."""
    return f"{moment.astimezone(timezone):%Z}"


def duration(seconds: float) -> str:
    """A length such as 52 min or 1 h 05 min."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
