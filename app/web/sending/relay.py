"""Pictures that browsers and scripts send, on their way to the monitor: one sender, one picture, no queue."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from multiprocessing.connection import Connection
from zoneinfo import ZoneInfo

from app.camera.errors import Reason
from app.camera.frame_request import FrameRequest, NoFrame, SenderAbsence, SentFrame
from app.clock import Clock
from app.language import Words

ANSWER_SECONDS = 1.0  # how long the monitor's question waits for a picture before it is told "not yet"
SCRIPT_SECONDS = 10.0  # a script that sent nothing for so long is gone
UNASKED_SECONDS = 5.0  # where the monitor asks for nothing for so long, it reads another camera or none
FRESH_SECONDS = 2.0  # a picture that waited so long, through a pause perhaps, is of another moment

NOBODY_YET = SenderAbsence(
    Reason.WAITING, Words("Nobody sends yet: press “Use this computer” where the class is seen.")
)


class DisconnectReason(Enum):
    """How a sender went: the reason for programs, the sentence for people."""

    STOPPED = Reason.STOPPED, Words("%(name)s stopped sending at %(time)s.")
    CLOSED = Reason.STOPPED, Words("%(name)s closed the page at %(time)s.")
    LOST = (
        Reason.TIMED_OUT,
        Words("The line to %(name)s's browser was lost at %(time)s. It comes back by itself."),
    )
    REFUSED = Reason.UNREADABLE, Words("What %(name)s sent at %(time)s could not be read.")
    SILENT = Reason.STOPPED, Words("The pictures that %(name)s posted ended at %(time)s.")


class AlreadySending(Exception):
    """Somebody else sends."""

    def __init__(self, sender: "FrameSender") -> None:
        super().__init__(f"{sender.name} sends pictures")
        self.sender = sender


@dataclass(slots=True, eq=False)
class FrameSender:
    """Whose pictures are taken now."""

    name: str
    key: str
    """The same for a page or a script that comes back after its line was lost."""
    since: datetime
    is_script: bool
    seen: float
    """When its last picture came, monotonic seconds."""


@dataclass(frozen=True, slots=True)
class PendingFrame:
    """A picture that the monitor has not taken yet."""

    jpeg: bytes
    asked_at: float
    came_at: float
    """Monotonic seconds, both."""


class Relay:
    """Holds the one sender and the one picture that the monitor takes next."""

    def __init__(self, clock: Clock, timezone: ZoneInfo, fps: Callable[[], float]) -> None:
        """`fps` says how many pictures a second are wanted now."""
        self._clock = clock
        self._timezone = timezone
        self._fps = fps
        self._changed = threading.Condition()
        self._sender: FrameSender | None = None
        self._absence = NOBODY_YET
        self._picture: PendingFrame | None = None
        self._is_asked = False
        self._asked_at = float("-inf")
        self._due = float("-inf")
        self._fault: Words | None = None

    @property
    def sender(self) -> FrameSender | None:
        """Who sends now."""
        with self._changed:
            return self._present()

    def enter(self, name: str, key: str, *, is_script: bool = False, take_over: bool = False) -> FrameSender:
        """Let somebody send; raises Taken where somebody else does, unless told to take over."""
        with self._changed:
            before, now = self._present(), self._clock.monotonic()
            if before and before.key == key and before.is_script and is_script:
                before.seen = now
                return before
            if before and before.key != key and not take_over:
                raise AlreadySending(before)
            since = before.since if before and before.key == key else self._clock.now()
            self._sender = FrameSender(name, key, since, is_script, now)
            self._picture, self._fault = None, None
            self._changed.notify_all()
            return self._sender

    def leave(self, sender: FrameSender, left: DisconnectReason) -> None:
        """Let a sender go, unless its turn is over already."""
        with self._changed:
            if self._sender is sender:
                self._gone(left)

    def is_sending(self, sender: FrameSender) -> bool:
        """Whether it is still this one whose pictures are taken."""
        with self._changed:
            return self._sender is sender

    def wait_for_ask(self, sender: FrameSender, timeout: float) -> bool:
        """Whether a picture of this sender is wanted now, or becomes so within `timeout` seconds."""
        until = self._clock.monotonic() + timeout
        with self._changed:
            while self._sender is sender and self._fault is None:
                now = self._clock.monotonic()
                if self._is_asked and self._picture is None and now >= self._due:
                    gap = 1 / self._fps()
                    self._due = max(self._due + gap, now + gap / 2)
                    return True
                if now >= until:
                    break
                self._changed.wait(min(until, self._due if self._is_asked else until) - now)
            return False

    def take_fault(self) -> Words | None:
        """Why the last picture could not be decoded, once."""
        with self._changed:
            fault, self._fault = self._fault, None
            return fault

    def give(self, sender: FrameSender, jpeg: bytes, asked_at: float) -> bool:
        """Put a picture in place of one that was not taken yet; False where the sender's turn is over."""
        with self._changed:
            if self._sender is not sender:
                return False
            sender.seen = self._clock.monotonic()
            self._picture = PendingFrame(jpeg, asked_at, sender.seen)
            self._changed.notify_all()
            return True

    @property
    def is_read(self) -> bool:
        """Whether the monitor wants pictures: not while it starts, is paused, or reads another camera."""
        return self._is_asked or self._clock.monotonic() - self._asked_at < UNASKED_SECONDS

    def serve(self, connection: Connection) -> None:
        """Answer a monitor's questions until it ends."""
        with connection, contextlib.suppress(EOFError, OSError):
            while True:
                connection.send(self._answer(connection.recv()))

    def _answer(self, ask: FrameRequest) -> SentFrame | NoFrame:
        """The next picture, as soon as there is one; what is new about who sends; nothing after a second."""
        until = self._clock.monotonic() + ANSWER_SECONDS
        with self._changed:
            self._is_asked, self._asked_at = True, self._clock.monotonic()
            self._fault = ask.fault or self._fault
            if self._picture and self._clock.monotonic() - self._picture.came_at > FRESH_SECONDS:
                self._picture = None
            self._changed.notify_all()
            while (left := until - self._clock.monotonic()) > 0 and not self._picture:
                if self._present() is None and self._absence != ask.known:
                    break
                self._changed.wait(left)
            self._is_asked = False
            if self._picture:
                picture, self._picture = self._picture, None
                return SentFrame(ask.number, picture.jpeg, picture.asked_at)
            return NoFrame(ask.number, None if self._present() else self._absence)

    def _present(self) -> FrameSender | None:
        """Who sends; a script that fell silent does no more."""
        sender = self._sender
        if sender and sender.is_script and self._clock.monotonic() - sender.seen > SCRIPT_SECONDS:
            self._gone(DisconnectReason.SILENT)
        return self._sender

    def _gone(self, left: DisconnectReason) -> None:
        reason, words = left.value
        time = self._clock.now().astimezone(self._timezone).strftime("%H:%M")
        self._absence = SenderAbsence(reason, Words(words.text, name=self._sender.name, time=time))
        self._sender = self._picture = None
        self._changed.notify_all()
