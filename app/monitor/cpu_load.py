"""Measures how much of the machine this process takes."""

import time
from collections import deque

from app.clock import Clock

WINDOW_SECONDS = 60.0
MIN_SECONDS = 20.0  # the start takes more than what follows


class CpuLoad:
    """The cores that this process keeps busy, over the last WINDOW_SECONDS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, float]] = deque()
        """Moments on the monotonic clock and the processor time until then, both in seconds."""

    def cores(self) -> float | None:
        """1.0 for one core that is always busy; None until MIN_SECONDS have passed. Call it regularly."""
        now = self._clock.monotonic()
        self._samples.append((now, time.process_time()))
        while now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        (first_at, first_used), (_, used) = self._samples[0], self._samples[-1]
        return (used - first_used) / (now - first_at) if now - first_at >= MIN_SECONDS else None
