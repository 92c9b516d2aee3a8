"""Detects a camera that sends pictures which show nothing: black ones, or one and the same."""

import cv2
import numpy as np

from app.camera.errors import Reason
from app.language import Translatable

BLACK_LEVEL = 20
"""Of 255. Decoded black is 0, or 16 from cameras that mistake the video range; a covered lens adds a little
noise. A dark room with a lit screen stays well above it."""
BLACK_PERCENTILE = 95
"""Cameras print the time in white on a black picture: its brightest twentieth doesn't count."""

BLACK_DETAIL = Translatable("The camera's picture is black. Take its cover off, or switch on a light.")
FROZEN_DETAIL = Translatable(
    "The camera keeps sending the same picture. If this goes on, restart the camera."
)


class PictureFaultDetector:
    """Tells black and frozen pictures from a view of a quiet room."""

    def __init__(self, patience_seconds: float, is_live: bool) -> None:
        """Only a live source can be frozen."""
        self._patience_seconds = patience_seconds
        self._is_live = is_live
        self._last: np.ndarray | None = None
        self._changed_at = 0.0
        self._lit_at: float | None = None

    def fault(self, image: np.ndarray, monotonic: float) -> Reason | None:
        """Give BLACK or FROZEN once `image` and those before it have been so for `patience_seconds`."""
        if self._lit_at is None or not is_black(image):
            self._lit_at = monotonic
        if not self._is_live or not _are_equal(image, self._last):
            self._changed_at = monotonic
        self._last = image
        if monotonic - self._lit_at >= self._patience_seconds:
            return Reason.BLACK
        if monotonic - self._changed_at >= self._patience_seconds:
            return Reason.FROZEN
        return None


def is_black(image: np.ndarray) -> bool:
    """Whether all of the image but its brightest twentieth is darker than BLACK_LEVEL."""
    small = cv2.resize(image, (64, 36), interpolation=cv2.INTER_NEAREST)
    return bool(np.percentile(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), BLACK_PERCENTILE) < BLACK_LEVEL)


def _are_equal(image: np.ndarray, last: np.ndarray | None) -> bool:
    """Whether two images are equal in every bit; a sensor's noise alone keeps two frames apart."""
    return last is not None and image.shape == last.shape and cv2.norm(image, last, cv2.NORM_INF) == 0
