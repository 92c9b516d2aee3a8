"""Doing something at most so many times a second."""


class Throttle:
    """Says when the next turn is due. Turns missed are not made up for."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._due = float("-inf")

    def is_due(self, at: float) -> bool:
        """Take a turn if one is due at `at`, monotonic seconds.

        Frames come a little early or late; a quarter of the gap is let pass, so that a camera of exactly the
        wanted rate loses no frame.
        """
        if at < self._due - self._gap / 4:
            return False
        self._due = max(self._due, at - self._gap / 2) + self._gap
        return True
