"""Why a calendar is refused."""

from app.language import Translatable

DAMAGED = Translatable("The calendar is damaged and can't be read.")


class CalendarError(Exception):
    """A calendar can't be used; its argument, `Translatable`, is a sentence for people without any secret."""
