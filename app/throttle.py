"""Limits how often something is done."""


class Throttle:
    """Allows at most `per_second` turns a second. Missed turns are not made up for."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._due = float("-inf")

    def is_due(self, at: float) -> bool:
        """Whether a turn is due at `at`, monotonic seconds; if so, it is taken.

        A turn may come a quarter of the gap early: frames arrive a little early or late, and a camera at
        exactly this rate must not lose any.
        """
        if not self.would_be_due(at):
            return False
        self._due = max(self._due, at - self._gap / 2) + self._gap
        return True

    def would_be_due(self, at: float) -> bool:
        """Whether a turn is due at `at`; it is not taken."""
        return at >= self._due - self._gap / 4
