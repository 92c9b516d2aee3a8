"""How long to wait before trying again."""

import random
from collections.abc import Callable, Iterator
from itertools import chain, repeat

JITTER = 0.2  # a fifth more or less, so that many programs don't come back to one camera at the same moment


def delays(draw: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Seconds to wait before each next try, without end: 1 five times, 5, 10, then 60, each with jitter."""
    for seconds in chain([1.0] * 5, [5.0, 10.0], repeat(60.0)):
        yield seconds * draw(1 - JITTER, 1 + JITTER)
