"""Why there is no picture: one word for programs, one sentence for people."""

from enum import StrEnum

from app.language import Words


class Reason(StrEnum):
    """Why a camera gives no picture, as it stands in the JSON and on the card."""

    STARTING = "starting"
    """It is being opened for the first time."""
    WAITING = "waiting"
    """It is a browser's, and nobody sends."""
    MISSING = "missing"
    """No such file, device, host or page."""
    REFUSED = "refused"
    """It is there and says no: password, permission, port closed, in use."""
    TIMED_OUT = "timed_out"
    """It is there, or may be, and says nothing."""
    STOPPED = "stopped"
    """It gave pictures, and ended the stream."""
    UNREADABLE = "unreadable"
    """What it gives is not a picture or video that can be decoded."""
    FROZEN = "frozen"
    """It gives the same picture again and again."""
    BLACK = "black"
    """It gives black pictures."""
    PAUSED = "paused"
    """Somebody paused the room; the camera is let go of."""


class CameraError(Exception):
    """A source could not be opened or read."""

    def __init__(self, reason: Reason, detail: Words):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        """A sentence for people: what was wrong and what to do. Never holds a password."""


class FrameUnavailable(CameraError):
    """The source has no picture now and needs no opening anew: it is to be read again at once."""
