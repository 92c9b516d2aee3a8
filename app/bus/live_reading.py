"""How the class looks at this moment."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import Reading

UNPLEASANT = (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SAD)


@dataclass(frozen=True, slots=True)
class LiveReading:
    """One reading, as figures about the class and about nobody in it."""

    at: datetime
    faces: int
    """Faces in view."""
    scored: int
    """Of these, large enough to be read."""
    shares: dict[Emotion, float] | None
    """Each expression's part of the faces; None where there is no face, or where there are too few."""
    uncertain: float | None
    """The part of the faces of which no expression could be named."""
    valence: float | None
    """Share of happy less the shares of angry, disgust, fear and sad: -1 to 1."""
    suppressed: bool
    """True where the faces are fewer than MINIMUM_GROUP."""


def summarise(reading: Reading, minimum_group: int) -> LiveReading:
    """Sum the faces of a reading up."""
    faces = len(reading.faces)
    scored = sum(face.scores is not None for face in reading.faces)
    suppressed = minimum_group > 1 and 0 < faces < minimum_group
    if not faces or suppressed:
        return LiveReading(reading.at, faces, scored, None, None, None, suppressed)
    named = Counter(face.emotion for face in reading.faces)
    shares = {emotion: named[emotion] / faces for emotion in EMOTIONS}
    valence = shares[Emotion.HAPPY] - sum(shares[emotion] for emotion in UNPLEASANT)
    return LiveReading(reading.at, faces, scored, shares, named[None] / faces, valence, suppressed)
