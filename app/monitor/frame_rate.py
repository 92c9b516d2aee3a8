"""Measures how often something happens."""

from app.clock import Clock

WINDOW_SECONDS = 5.0


class FrameRate:
    """Counts frames: a second, over the last WINDOW_SECONDS, and in total."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moments: list[float] = []
        self.total = 0

    def count(self) -> None:
        """Count one frame, now."""
        self.total += 1
        self._moments.append(self._clock.monotonic())

    def per_second(self) -> float:
        """Frames a second over the last WINDOW_SECONDS."""
        oldest = self._clock.monotonic() - WINDOW_SECONDS
        self._moments = [moment for moment in self._moments if moment > oldest]
        return len(self._moments) / WINDOW_SECONDS
