"""A steady frame rate for sources that could give frames faster."""

from app.clock import Clock


class FramePacer:
    """Lets its caller through at a fixed rate. A late caller does not catch up."""

    def __init__(self, fps: float, clock: Clock) -> None:
        self._interval = 1 / fps
        self._clock = clock
        self._due = clock.monotonic()

    def wait(self) -> None:
        """Return when the next frame is due."""
        self._clock.wait(self._due - self._clock.monotonic())
        self._due = max(self._due + self._interval, self._clock.monotonic())
