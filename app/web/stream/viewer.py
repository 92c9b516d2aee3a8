"""A viewer of the stream, and the limit on how many streams are open at once."""

import socket
import threading
from dataclasses import dataclass

from app.language import Translatable


@dataclass(slots=True, eq=False)
class Viewer:
    """One open stream."""

    fps: float
    language: str
    """The language of the card."""
    connection: socket.socket | None = None
    """The socket that the stream goes through."""
    sequence: int = 0
    """The last frame that it was sent."""
    dropped: int = 0
    """Frames that it missed because it was slow."""
    frame_age_ms: int | None = None
    """From the capture of its last frame until that was handed to the server for sending."""


class TooManyStreams(Exception):
    """MAX_VIEWERS streams are open; the argument is a sentence for people, as `Translatable`."""


class StreamSlots:
    """Counts open streams: those of viewers and those of senders, since each holds a thread."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free = threading.BoundedSemaphore(limit)

    def acquire(self) -> None:
        """Take a slot; raises TooManyStreams when none is free."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreams(
                Translatable("%(count)s streams are already open. Try again in a moment.", count=self.limit)
            )

    def release(self) -> None:
        """Give a slot back."""
        self._free.release()
