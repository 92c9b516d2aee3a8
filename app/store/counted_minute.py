"""A minute while it is being counted."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.store.minute_figures import ExpressionSeconds, MinuteFigures
from app.vision.emotion import EXPRESSIONS

NO_EXPRESSION_SECONDS: ExpressionSeconds = (0.0,) * len(EXPRESSIONS)

MinuteKey = tuple[datetime, int | None]
"""Start of the minute and id of its lecture: unique within a room."""


@dataclass(frozen=True, slots=True)
class CountedMinute(MinuteFigures):
    """What is known so far of one minute, inside one lecture or outside any."""

    minute: datetime
    """Its start, UTC."""
    lecture_id: int | None
    online_seconds: float = 0.0
    """Time between readings; the rest of the minute is a gap."""
    frames_analysed: int = 0
    faces_max: int = 0
    face_seconds: float = 0.0
    """Person-time: two faces for half a minute are 60 s."""
    expression_seconds: ExpressionSeconds | None = NO_EXPRESSION_SECONDS
    """Adds up to `face_seconds`; None if suppressed."""

    @property
    def key(self) -> MinuteKey:
        """Identifies the minute within its room."""
        return (self.minute, self.lecture_id)

    @property
    def is_suppressed(self) -> bool:
        """Whether its expressions were dropped because too few people were in view."""
        return self.expression_seconds is None

    def suppressed_below(self, minimum_group: int) -> "CountedMinute":
        """The minute as it may be kept: without expressions if fewer people were in view on average.

        A minimum group of 1 keeps them all.
        """
        has_too_few = minimum_group > 1 and self.face_seconds > 0 and self.faces_mean < minimum_group
        return replace(self, expression_seconds=None) if has_too_few else self

    def merged_with(self, other: "CountedMinute") -> "CountedMinute":
        """Add the figures of another part of the same minute; suppressed if either part is."""
        expression_seconds = None
        if not (self.is_suppressed or other.is_suppressed):
            pairs = zip(self.expression_seconds, other.expression_seconds, strict=True)
            expression_seconds = tuple(a + b for a, b in pairs)
        return replace(
            self,
            online_seconds=self.online_seconds + other.online_seconds,
            frames_analysed=self.frames_analysed + other.frames_analysed,
            faces_max=max(self.faces_max, other.faces_max),
            face_seconds=self.face_seconds + other.face_seconds,
            expression_seconds=expression_seconds,
        )
