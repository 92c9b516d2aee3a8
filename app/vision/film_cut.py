"""Film cuts: a video, or a shared screen that plays one, shows something else from one frame to the next."""

import cv2
import numpy as np

SIZE = 32, 18
"""Cells to which a frame is shrunk, so that people who move change little."""
SAME_VIEW = 0.6
"""The correlation of two frames of one view is higher: from 0.91 in real clips, half a second apart. That of
frames of two clips is 0.63 at most. It stays the same when the light is switched."""
MIN_CONTRAST = 4.0  # grey levels, standard deviation; below it the correlation would be that of the noise


class CutDetector:
    """Compares each frame of a camera with the one before."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def is_cut(self, grey: np.ndarray) -> bool:
        """Whether a frame, grey uint8 (height, width), shows another scene than the one before."""
        now = cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA).ravel().astype(np.float32)
        before, self._before = self._before, now
        if before is None or min(before.std(), now.std()) < MIN_CONTRAST:
            return False
        return bool(np.corrcoef(before, now)[0, 1] < SAME_VIEW)
