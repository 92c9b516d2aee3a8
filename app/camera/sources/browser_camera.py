"""A browser as a camera: its webcam, or a window that it shares. The web process relays the frames."""

import itertools
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np

from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.frame_request import FrameRequest, NoFrame, SenderAbsence, SentFrame
from app.camera.jpeg import InvalidJpeg
from app.camera.picture import decode_jpeg
from app.clock import Clock
from app.language import Translatable

WAIT_SECONDS = 1.5  # the web process answers within a second, if only that there is no frame yet

NEW_SENDER = Translatable("Another computer sends the pictures from now on.")

_request_numbers = itertools.count(1)
"""Unique in this process, so that an answer to a released camera is not taken for one to the next camera."""


class BrowserCamera:
    """Requests a frame from the web process each time. It stays open while senders come and go."""

    is_live = False  # a shared window may stand still

    def __init__(self, browser_frames: Connection, clock: Clock) -> None:
        self.lag_seconds = 0.0
        self._connection = browser_frames
        self._clock = clock
        self._pending_request: int | None = None
        self._sender: str | None = None
        self._first_of_sender: SentFrame | None = None
        self._known_absence: SenderAbsence | None = None
        self._fault: Translatable | None = None

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        """As in `Source`; dark for a moment between two senders, so that nobody is followed into the next."""
        first, self._first_of_sender = self._first_of_sender, None
        match first or self._request_frame():
            case SentFrame() as sent:
                self._known_absence = None
                before, self._sender = self._sender, sent.sender
                if before not in (None, sent.sender):
                    self._first_of_sender = sent
                    raise FrameUnavailable(Reason.WAITING, NEW_SENDER)
                image = self._decode(sent.jpeg)
                self.lag_seconds = self._clock.monotonic() - sent.asked_at
                return image
            case NoFrame(absence=SenderAbsence() as absence):
                self._known_absence = absence
                raise FrameUnavailable(absence.reason, absence.detail)
        return None

    def release(self) -> None:
        """Leave the connection open: it is the monitor's."""

    def _request_frame(self) -> SentFrame | NoFrame | None:
        """Give the answer to the pending request, or to a new one; None if it takes too long."""
        try:
            if self._pending_request is None:
                self._pending_request = next(_request_numbers)
                request = FrameRequest(self._pending_request, self._known_absence, self._fault)
                self._connection.send(request)
                self._fault = None
            if not self._connection.poll(WAIT_SECONDS):
                return None
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise CameraError(
                Reason.STOPPED, Translatable("The server that relays the pictures has stopped.")
            ) from None
        if answer.number != self._pending_request:
            return None
        self._pending_request = None
        return answer

    def _decode(self, jpeg: bytes) -> np.ndarray:
        """Decode to BGR uint8. Raises FrameUnavailable if damaged."""
        try:
            return decode_jpeg(jpeg)
        except InvalidJpeg as error:
            self._fault = error.words
        raise FrameUnavailable(Reason.UNREADABLE, self._fault)
