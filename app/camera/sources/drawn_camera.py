"""The drawn classroom as a camera."""

from collections.abc import Callable
from datetime import tzinfo

import numpy as np

from app.camera.sources.frame_pacer import FramePacer
from app.clock import Clock
from app.demo import Classroom

DRAWN_FPS = 25.0


class DrawnCamera:
    """Draws the classroom 25 times a second."""

    is_live = False
    lag_seconds = 0.0

    def __init__(self, students: int, clock: Clock, timezone: tzinfo) -> None:
        self._classroom = Classroom(students=students)
        self._clock = clock
        self._timezone = timezone
        self._pacer = FramePacer(DRAWN_FPS, clock)

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        self._pacer.wait()
        if not is_wanted():
            return None
        return self._classroom.draw(self._clock.now().astimezone(self._timezone))

    def release(self) -> None:
        pass
