"""The figures of a minute, under the names that the API and every file give them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.vision.emotion import EMOTIONS, EXPRESSIONS, UNCERTAIN, Emotion

ExpressionSeconds = tuple[float, ...]
"""Person-time of each of EXPRESSIONS, in seconds."""

PresenceSeconds = tuple[float, float]
"""Person-time of faces that were turned to the front, and of all others, in seconds."""

FIGURES = (
    "online_seconds",
    "frames_analysed",
    "faces_mean",
    "faces_max",
    "face_seconds",
    "counted_seconds",
    "shares",
    "uncertain_share",
    "facing_share",
)


def figures_of(minute: Any) -> dict[str, Any]:
    """The figures of a stored, counted or reported minute, by name."""
    return {name: getattr(minute, name) for name in FIGURES}


def mean_faces(face_seconds: float, online_seconds: float) -> float:
    """Faces in view on average while the camera was on, rounded so that sums of seconds leave no residue."""
    return round(face_seconds / online_seconds, 9) if online_seconds else 0.0


class MinuteFigures:
    """What follows from the seconds of one minute, or of several."""

    __slots__ = ()

    online_seconds: float
    """How long the camera was on."""
    face_seconds: float | None
    """Person-time; None where there was no camera."""
    expression_seconds: ExpressionSeconds | None
    """Counted only while the minimum group was in view; None where there was no camera, never a group, or
    where only presence was read."""
    presence_seconds: PresenceSeconds | None
    """The same for presence; None where expressions were read."""

    @property
    def faces_mean(self) -> float | None:
        """Faces in view on average while the camera was on."""
        return None if self.face_seconds is None else mean_faces(self.face_seconds, self.online_seconds)

    @property
    def counted_seconds(self) -> float | None:
        """The person-time that the shares are parts of: while the minimum group was in view."""
        counted = self.presence_seconds or self.expression_seconds
        if counted is not None:
            return sum(counted)
        return None if self.face_seconds is None else 0.0

    @property
    def all_shares(self) -> dict[str, float] | None:
        """The part of `counted_seconds` that each of EXPRESSIONS has, 0 to 1; together 1.

        None where nobody or too few people were in view.
        """
        total = sum(self.expression_seconds or ())
        if not total:
            return None
        pairs = zip(EXPRESSIONS, self.expression_seconds, strict=True)
        return {expression: seconds / total for expression, seconds in pairs}

    @property
    def shares(self) -> dict[Emotion, float] | None:
        """`all_shares` of the seven expressions that can be named."""
        shares = self.all_shares
        return shares and {emotion: shares[emotion] for emotion in EMOTIONS}

    @property
    def uncertain_share(self) -> float | None:
        """The part of `counted_seconds` in which no expression could be named."""
        shares = self.all_shares
        return shares and shares[UNCERTAIN]

    @property
    def facing_share(self) -> float | None:
        """The part of `counted_seconds` in which a face was turned to the front, 0 to 1.

        None where nobody or too few people were in view, and where expressions were read.
        """
        total = self.counted_seconds
        return self.presence_seconds[0] / total if total and self.presence_seconds else None


@dataclass(frozen=True, slots=True)
class PooledMinutes(MinuteFigures):
    """Several minutes taken as one, each weighted by its counted person-time."""

    online_seconds: float
    face_seconds: float
    expression_seconds: ExpressionSeconds | None
    presence_seconds: PresenceSeconds | None = None

    @classmethod
    def of(cls, minutes: Sequence[MinuteFigures]) -> "PooledMinutes":
        """Add up the seconds of minutes: of expressions where all have them, of presence where any does."""
        return cls(
            sum(minute.online_seconds for minute in minutes),
            sum(minute.face_seconds for minute in minutes),
            _sums([minute.expression_seconds for minute in minutes]),
            _sums([minute.presence_seconds for minute in minutes if minute.presence_seconds]),
        )


def _sums(rows: Sequence[tuple[float, ...] | None]) -> tuple[float, ...] | None:
    """Add up each column; None without rows, or where a row has none."""
    if not rows or None in rows:
        return None
    return tuple(map(sum, zip(*rows, strict=True)))
