"""What the monitor and the web process say to each other of the pictures that browsers send.

The monitor asks for one picture at a time and gets one answer, so nothing queues and no picture is old.
"""

from dataclasses import dataclass

from app.camera.errors import Reason
from app.language import Words


@dataclass(frozen=True, slots=True)
class SenderAbsence:
    """Nobody sends."""

    reason: Reason
    detail: Words
    """Why, in a sentence for people."""


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """The monitor wants a picture."""

    number: int
    """The answer repeats it: one to an earlier question is thrown away."""
    known: SenderAbsence | None
    """What it was last told, so that it is told again only what is new."""
    fault: Words | None
    """Why the picture before could not be decoded, in a sentence for people."""


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A picture for the monitor."""

    number: int
    jpeg: bytes
    asked_at: float
    """When its sender was asked for it, by the machine's monotonic clock: what it shows is younger."""


@dataclass(frozen=True, slots=True)
class NoFrame:
    """No picture."""

    number: int
    absence: SenderAbsence | None
    """None where somebody sends, and the picture is on its way."""
