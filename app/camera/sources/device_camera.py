"""A camera plugged into this machine."""

import sys
from collections.abc import Callable

import cv2
import numpy as np

from app.camera import diagnosis
from app.camera.errors import CameraError, Reason
from app.language import Translatable

DEVICE_SIZE = (1280, 720)


class DeviceCamera:
    """A camera plugged into this machine, read through Video4Linux on Linux."""

    is_live = True
    lag_seconds = 0.0

    def __init__(self, number: int) -> None:
        self._number = number
        api = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        self._capture = cv2.VideoCapture(number, api)
        if not self._capture.isOpened():
            raise diagnosis.device_error(number)
        # Uncompressed, USB 2 carries at most ten 720p frames a second.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, DEVICE_SIZE[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, DEVICE_SIZE[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._gave_a_frame = False

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        if self._capture.grab():
            if self._gave_a_frame and not is_wanted():
                return None
            was_decoded, image = self._capture.retrieve()
            if was_decoded:
                self._gave_a_frame = True
                return image
        if not self._gave_a_frame:
            raise diagnosis.device_error(self._number)
        raise CameraError(
            Reason.STOPPED,
            Translatable("Camera %(number)s gives no more pictures. Check its cable.", number=self._number),
        )

    def release(self) -> None:
        self._capture.release()
