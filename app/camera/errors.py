"""Why a camera gives no frame: one word for programs, one sentence for people."""

from enum import StrEnum

from app.language import Translatable


class Reason(StrEnum):
    """Why a camera is dark, as it stands in the JSON and on the card."""

    STARTING = "starting"
    """It is being opened for the first time."""
    WAITING = "waiting"
    """The camera is a browser's, and nobody is sending."""
    MISSING = "missing"
    """There is no such file, device, host or page."""
    REFUSED = "refused"
    """It is there and refuses: wrong password, no permission, closed port, in use."""
    TIMED_OUT = "timed_out"
    """It may be there, and does not answer."""
    STOPPED = "stopped"
    """It gave frames, then ended the stream."""
    UNREADABLE = "unreadable"
    """What it gives can't be decoded as a picture or video."""
    FROZEN = "frozen"
    """It keeps giving the same picture."""
    BLACK = "black"
    """It gives black pictures."""
    PAUSED = "paused"
    """Somebody paused the room, and the camera is released."""
    OUTSIDE_TIMETABLE = "outside_timetable"
    """No lecture runs, the room is read only during lectures, and the camera is released."""

    NO_CAMERA = "no_camera"
    """The room has none: students say how they follow."""


class CameraError(Exception):
    """A source can't be opened or read."""

    def __init__(self, reason: Reason, detail: Translatable) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        """A sentence for people: what was wrong and what to do. Never holds a password."""


class FrameUnavailable(CameraError):
    """The source has no frame now. It stays open: ask it again at once."""


def silence_error(shown_url: str, timeout_seconds: float) -> CameraError:
    """Say that a camera stopped sending without closing the connection."""
    return CameraError(
        Reason.TIMED_OUT,
        Translatable(
            "%(address)s sent nothing for %(seconds)s s. Check its network and its power.",
            address=shown_url,
            seconds=f"{timeout_seconds:g}",
        ),
    )


def end_error(shown_url: str) -> CameraError:
    """Say that a camera closed the connection."""
    return CameraError(
        Reason.STOPPED,
        Translatable("%(address)s ended the stream. Aula reconnects by itself.", address=shown_url),
    )


def unusable_error(shown_url: str, words: Translatable) -> CameraError:
    """Say why a camera's JPEGs are refused."""
    return CameraError(
        Reason.UNREADABLE,
        Translatable(
            "%(address)s sends pictures that can't be used: %(words)s", address=shown_url, words=words
        ),
    )


def refusal_error(name: str, words: Translatable) -> CameraError:
    """Say why a file or a video is not decoded."""
    return CameraError(
        Reason.UNREADABLE, Translatable("%(path)s can't be used: %(words)s", path=name, words=words)
    )
