"""A minute while it is being counted."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.vision.emotion import EMOTIONS

Spans = tuple[float, ...]
"""Seconds of each of EMOTIONS, then of no certain expression."""

NO_TIME: Spans = (0.0,) * (len(EMOTIONS) + 1)

Key = tuple[datetime, int | None]
"""Start of the minute and lecture: what tells one minute of a room from another."""


@dataclass(frozen=True, slots=True)
class CountedMinute:
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
    spans: Spans | None = NO_TIME
    """Adds up to `face_seconds`; None where a stored minute did not keep it."""

    @property
    def key(self) -> Key:
        """What tells it from other minutes of the room."""
        return (self.minute, self.lecture_id)

    @property
    def faces_mean(self) -> float:
        """Faces in view on average while the camera was on."""
        return faces_on_average(self.face_seconds, self.online_seconds)

    def too_few(self, minimum_group: int) -> bool:
        """Whether the expressions of so few people must not be kept. A minimum of 1 keeps them all."""
        return minimum_group > 1 and self.face_seconds > 0 and self.faces_mean < minimum_group

    def plus(self, other: "CountedMinute") -> "CountedMinute":
        """Put two parts of the same minute together."""
        spans = None
        if self.spans is not None and other.spans is not None:
            spans = tuple(a + b for a, b in zip(self.spans, other.spans, strict=True))
        return replace(
            self,
            online_seconds=self.online_seconds + other.online_seconds,
            frames_analysed=self.frames_analysed + other.frames_analysed,
            faces_max=max(self.faces_max, other.faces_max),
            face_seconds=self.face_seconds + other.face_seconds,
            spans=spans,
        )


def faces_on_average(face_seconds: float, online_seconds: float) -> float:
    """Faces in view on average while the camera was on, free of the crumbs that sums of seconds leave."""
    return round(face_seconds / online_seconds, 9) if online_seconds else 0.0
