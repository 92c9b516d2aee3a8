"""How many rooms this machine can read: beyond that one more would slow down all of them."""

import os
from collections.abc import Callable, Sequence

from app.language import Translatable

CORE_SECONDS_PER_FRAME = 0.055  # measured with 20 faces in view, as benchmarks/NOTES.md says
USABLE_SHARE = 0.9  # of the cores; the rest is for pages and streams


class Capacity:
    """Compares the cores of this machine with what its rooms take."""

    def __init__(
        self,
        detect_fps: float,
        cores_in_use: Callable[[], Sequence[float]],
        cores: int | None = None,
    ) -> None:
        """`cores_in_use` gives what each room that is read takes, as far as it was measured yet."""
        self._detect_fps = detect_fps
        self._cores_in_use = cores_in_use
        self._cores = cores or len(os.sched_getaffinity(0))

    def refusal(self, rooms: int) -> Translatable | None:
        """Why this machine, which reads this many rooms, reads no further one; None if it can."""
        measured = self._cores_in_use()
        # an empty room takes little, but will be full of faces
        a_room = max(CORE_SECONDS_PER_FRAME * self._detect_fps, _mean(measured))
        if rooms == 0 or (rooms + 1) * a_room <= USABLE_SHARE * self._cores:
            return None
        return Translatable(
            "This machine reads %(rooms)s rooms at %(fps)s frames a second: each takes %(room)s of its "
            "%(cores)s cores. Archive a room, lower DETECT_FPS, or use a larger machine.",
            rooms=rooms,
            fps=f"{self._detect_fps:g}",
            room=f"{a_room:.1f}",
            cores=self._cores,
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
