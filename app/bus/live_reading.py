"""How the class looks at this moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from app.purpose import Purpose
from app.vision.emotion import EMOTIONS, UNPLEASANT, Emotion
from app.vision.frame import Reading


@dataclass(frozen=True, slots=True)
class LiveReading:
    """One reading as figures about the class, never about one person."""

    at: datetime
    faces: int
    """Faces in view."""
    scored: int
    """Faces in view that are large enough to be classified."""
    shares: dict[Emotion, float] | None
    """The share of faces with each expression; None without faces, or where they are suppressed."""
    uncertain: float | None
    """The share of faces without a named expression."""
    valence: float | None
    """Share of happy minus the shares of angry, disgust, fear and sad: -1 to 1."""
    suppressed: bool
    """Whether fewer than MINIMUM_GROUP faces are in view, so that shares are withheld."""
    purpose: Purpose = Purpose.EXPRESSIONS
    facing: float | None = None
    """For presence: the share of faces that are turned to the front; None as for `shares`, and where the
    detector can't tell."""


@dataclass(frozen=True, slots=True)
class RecentShares:
    """The means of several readings; None where no reading has that share, or the newest one withholds it."""

    shares: dict[Emotion, float] | None
    uncertain: float | None
    facing: float | None


def recent_shares(readings: Sequence[LiveReading]) -> RecentShares:
    """Average readings, at least one, oldest first. A single face that changes moves the mean less."""
    if readings[-1].suppressed:
        return RecentShares(None, None, None)
    read = [reading.shares for reading in readings if reading.shares is not None]
    shares = {emotion: fmean(each[emotion] for each in read) for emotion in EMOTIONS} if read else None
    told = [reading.facing for reading in readings if reading.facing is not None]
    return RecentShares(
        shares,
        max(0.0, 1 - sum(shares.values())) if shares else None,
        fmean(told) if told else None,
    )


def summarise(reading: Reading, minimum_group: int) -> LiveReading:
    """Count the expressions of a reading or, for presence, the faces that are turned to the front."""
    faces = len(reading.faces)
    if reading.purpose is Purpose.PRESENCE:
        return _summarise_presence(reading, minimum_group)
    scored = sum(face.scores is not None for face in reading.faces)
    suppressed = _is_suppressed(faces, minimum_group)
    if not faces or suppressed:
        return LiveReading(reading.at, faces, scored, None, None, None, suppressed)
    counts = Counter(face.emotion for face in reading.faces)
    shares = {emotion: counts[emotion] / faces for emotion in EMOTIONS}
    valence = shares[Emotion.HAPPY] - sum(shares[emotion] for emotion in UNPLEASANT)
    return LiveReading(reading.at, faces, scored, shares, counts[None] / faces, valence, suppressed)


def _summarise_presence(reading: Reading, minimum_group: int) -> LiveReading:
    faces = len(reading.faces)
    can_tell = any(face.is_frontal is not None for face in reading.faces)
    suppressed = can_tell and _is_suppressed(faces, minimum_group)
    facing = None
    if can_tell and not suppressed:
        facing = sum(face.is_frontal is True for face in reading.faces) / faces
    return LiveReading(reading.at, faces, 0, None, None, None, suppressed, reading.purpose, facing)


def _is_suppressed(faces: int, minimum_group: int) -> bool:
    return minimum_group > 1 and 0 < faces < minimum_group
