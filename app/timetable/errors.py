"""Why a calendar is refused."""


class CalendarError(Exception):
    """A calendar can't be used; its argument, `Translatable`, is a sentence for people without any secret."""
