"""Back-off: how long to wait before trying again."""

import random
from collections.abc import Callable, Iterator
from itertools import chain, repeat

JITTER = 0.2  # a fifth more or less, so that programs that lost the same camera do not all return at once


def delays(draw: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Yield the seconds to wait before each next try: 1 five times, 5, 10, then 60 for ever, with jitter."""
    for seconds in chain([1.0] * 5, [5.0, 10.0], repeat(60.0)):
        yield seconds * draw(1 - JITTER, 1 + JITTER)
