"""The camera of a browser, or a window shared with it: pictures that the web process passes on."""

import itertools
from multiprocessing.connection import Connection

import numpy as np
import simplejpeg

from app.camera.errors import CameraError, FrameUnavailable, Reason
from app.camera.frame_request import FrameRequest, NoFrame, SenderAbsence, SentFrame
from app.camera.jpeg import InvalidJpeg, check_size
from app.clock import Clock
from app.language import Words

WAIT_SECONDS = 1.5  # the web process answers within a second, if only that there is nothing yet

DAMAGED = Words("The JPEG can't be decoded: it is damaged, or not of the size that it claims.")

_numbers = itertools.count(1)
"""Of this process's questions: an answer to a camera that was closed is not taken for one of the next."""


class BrowserCamera:
    """Asks for a picture whenever it is read. Who sends may come and go; it stays open."""

    live = False  # a shared window may stand still

    def __init__(self, sent: Connection, clock: Clock):
        self.lag = 0.0
        self._sent = sent
        self._clock = clock
        self._asked: int | None = None
        self._known: SenderAbsence | None = None
        self._fault: Words | None = None

    def next_frame(self) -> np.ndarray | None:
        match self._answer():
            case SentFrame() as sent:
                self._known = None
                image = self._decode(sent.jpeg)
                self.lag = self._clock.monotonic() - sent.asked_at
                return image
            case NoFrame(absence=SenderAbsence() as absence):
                self._known = absence
                raise FrameUnavailable(absence.reason, absence.detail)
        return None

    def release(self) -> None:
        """Nothing to let go of: the connection is the monitor's."""

    def _answer(self) -> SentFrame | NoFrame | None:
        """The answer to one question, asked now or before; None where it takes longer."""
        try:
            if self._asked is None:
                self._asked = next(_numbers)
                self._sent.send(FrameRequest(self._asked, self._known, self._fault))
                self._fault = None
            if not self._sent.poll(WAIT_SECONDS):
                return None
            answer = self._sent.recv()
        except (EOFError, OSError):
            raise CameraError(
                Reason.STOPPED, Words("The server that passes pictures on has ended.")
            ) from None
        if answer.number != self._asked:
            return None
        self._asked = None
        return answer

    def _decode(self, jpeg: bytes) -> np.ndarray:
        """The picture, BGR uint8. Raises NotNow for a damaged one, of which other decoders give a part."""
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
            check_size(width, height)
            return simplejpeg.decode_jpeg(jpeg, "BGR")
        except InvalidJpeg as error:
            self._fault = error.words
        except ValueError:
            self._fault = DAMAGED
        raise FrameUnavailable(Reason.UNREADABLE, self._fault)
