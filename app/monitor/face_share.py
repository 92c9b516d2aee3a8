"""How many of a room's faces are hard to read: too small, or turned away from this detector."""

import math

MEMORY_SECONDS = 120.0  # time constant of the means
MIN_FACE_SECONDS = 60.0  # seen before there is a share; one face that is often lost gives no more


class FaceShare:
    """The share of face-time that something is true of, of the last minutes."""

    def __init__(self) -> None:
        self._true = 0.0
        self._faces = 0.0
        """Face-seconds, both fading."""
        self._at: float | None = None

    def add(self, share: float | None, faces: int, monotonic: float) -> None:
        """Take in a frame and the share of its faces; None where it can't be told."""
        seconds = min(1.0, monotonic - self._at) if self._at is not None else 0.0
        self._at = monotonic
        fading = math.exp(-seconds / MEMORY_SECONDS)
        weight = 0.0 if share is None else faces * seconds
        self._true = self._true * fading + (share or 0.0) * weight
        self._faces = self._faces * fading + weight

    @property
    def share(self) -> float | None:
        """0 to 1; None until enough was seen."""
        return self._true / self._faces if self._faces >= MIN_FACE_SECONDS else None
