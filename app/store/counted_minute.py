"""A minute while it is being counted."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.purpose import Purpose
from app.store.minute_figures import ExpressionSeconds, MinuteFigures, PresenceSeconds
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
    expression_seconds: ExpressionSeconds = NO_EXPRESSION_SECONDS
    """Counted only while the minimum group is in view."""
    presence_seconds: PresenceSeconds | None = None
    """The same for presence; None where the detector can't tell who is turned to the front."""
    purpose: Purpose = Purpose.EXPRESSIONS
    """What it was read for; presence if any part of it was."""

    @property
    def key(self) -> MinuteKey:
        """Identifies the minute within its room."""
        return (self.minute, self.lecture_id)

    @property
    def is_suppressed(self) -> bool:
        """Whether people were in view, but never the minimum group, so that figures are withheld."""
        if self.purpose is Purpose.PRESENCE and self.presence_seconds is None:
            return False
        return self.face_seconds > 0 and not self.counted_seconds

    def merged_with(self, other: "CountedMinute") -> "CountedMinute":
        """Add the figures of another part of the same minute."""
        pairs = zip(self.expression_seconds, other.expression_seconds, strict=True)
        parts = [each.presence_seconds for each in (self, other) if each.presence_seconds is not None]
        return replace(
            self,
            online_seconds=self.online_seconds + other.online_seconds,
            frames_analysed=self.frames_analysed + other.frames_analysed,
            faces_max=max(self.faces_max, other.faces_max),
            face_seconds=self.face_seconds + other.face_seconds,
            expression_seconds=tuple(a + b for a, b in pairs),
            presence_seconds=tuple(map(sum, zip(*parts, strict=True))) if parts else None,
            purpose=Purpose.PRESENCE if Purpose.PRESENCE in (self.purpose, other.purpose) else self.purpose,
        )
