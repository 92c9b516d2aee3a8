"""Messages between the monitor and the web process about the frames that browsers send.

The monitor requests one frame at a time and gets one answer, so nothing queues and no frame is old.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection

from app.camera.errors import Reason
from app.language import Translatable


@dataclass(frozen=True, slots=True)
class SenderAbsence:
    """Why nobody sends to the room."""

    reason: Reason
    detail: Translatable
    """Why, in a sentence for people."""


NO_SENDER_YET = SenderAbsence(
    Reason.WAITING,
    Translatable(
        "Nobody is sending yet. Press “Use this computer” on a computer where the class can be seen."
    ),
)


@dataclass(frozen=True, slots=True)
class SenderPresence:
    """Somebody sends frames to one of several web processes, which says so to the others every second."""

    name: str
    key_sha256: str
    since: datetime
    is_new: bool
    """Whether they have just begun: who sends elsewhere has to stop."""


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """The monitor's request for the next frame."""

    number: int
    """The answer repeats it; an answer to an earlier request is thrown away."""
    known: SenderAbsence | None
    """The absence that the monitor knows of, so that the answer can wait for news."""
    fault: Translatable | None
    """Why the last frame could not be decoded, in a sentence for people; None if it could."""


@dataclass(frozen=True, slots=True)
class SentFrame:
    """The answer of a web process whose sender has sent a frame."""

    number: int
    jpeg: bytes
    asked_at: float
    """When its sender was asked for it, by the machine's monotonic clock: it was captured after that. Between
    machines its age travels instead, since their clocks differ."""
    sender: str = ""
    """Another word for another sender."""


@dataclass(frozen=True, slots=True)
class NoFrame:
    """The answer of a web process that has no frame now."""

    number: int
    absence: SenderAbsence | None
    """None if somebody is sending and the frame is on its way."""


def answer_requests(connection: Connection, answer: Callable[[FrameRequest], SentFrame | NoFrame]) -> None:
    """Answer the monitor's requests until it ends; raises what `answer` raises."""
    with connection:
        while True:
            try:
                request = connection.recv()
            except (EOFError, OSError):  # the monitor has ended
                return
            response = answer(request)
            try:
                connection.send(response)
            except OSError:
                return
