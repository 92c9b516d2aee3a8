"""The live reading as it is published: no two answers differ by fewer people than the minimum group.

While six people are in view and one of them leaves, the shares before and after would tell the expression of
that one. So new shares are held back until enough people have come, left or changed their expression.
"""

from dataclasses import replace

from app.bus.live_reading import LiveReading, summarise
from app.purpose import Purpose
from app.vision.emotion import Emotion
from app.vision.frame import Reading

MEMORY_SECONDS = 600.0
"""New shares are compared with all shares that were published so recently."""
MAX_SNAPSHOTS = 1200
"""As many as can be published in MEMORY_SECONDS, twice a second."""

Snapshot = frozenset[tuple[int, Emotion | bool | None]]
"""The track of each face, with its expression or whether it is turned to the front. It never leaves this
process."""


class LiveFigures:
    """Decides which shares are published. For one thread."""

    def __init__(self) -> None:
        self._seen_at: dict[Snapshot, float] = {}
        """When each snapshot was last published, monotonic seconds; oldest first."""
        self._last: tuple[Snapshot, LiveReading] | None = None

    def publish(self, reading: Reading, minimum_group: int) -> LiveReading:
        """The figures of `reading`, with the last published shares where its own must be held back."""
        live = summarise(reading, minimum_group)
        if live.shares is None and live.facing is None:
            return live
        self._forget_old(reading.monotonic)
        is_presence = reading.purpose is Purpose.PRESENCE
        snapshot = frozenset(
            (face.track_id, face.is_frontal if is_presence else face.emotion) for face in reading.faces
        )
        if all(_is_apart(snapshot, other, minimum_group) for other in self._seen_at):
            self._last = snapshot, live
        elif len(self._last[0]) < minimum_group:  # the group has just been raised
            return replace(live, shares=None, uncertain=None, valence=None, facing=None, suppressed=True)
        shown, published = self._last
        self._seen_at.pop(shown, None)
        self._seen_at[shown] = reading.monotonic
        return replace(published, faces=live.faces, scored=live.scored)

    def _forget_old(self, monotonic: float) -> None:
        known = list(self._seen_at.items())[-MAX_SNAPSHOTS + 1 :]
        self._seen_at = {
            snapshot: seen_at for snapshot, seen_at in known if monotonic - seen_at < MEMORY_SECONDS
        }


def _is_apart(one: Snapshot, other: Snapshot, minimum_group: int) -> bool:
    """Whether the two differ by nobody or by at least `minimum_group` people.

    Somebody whose track was lost and found again looks like one who left and another who came, so each of
    the latter may be one of the former.
    """
    people = max(len(one - other), len(other - one))
    return people == 0 or people >= minimum_group
