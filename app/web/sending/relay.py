"""Takes frames from browsers and scripts to the monitor: one sender, at most one frame, no queue."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from multiprocessing.connection import Connection
from zoneinfo import ZoneInfo

from app.bus.messages import Demand
from app.camera.errors import Reason
from app.camera.frame_request import (
    NO_SENDER_YET,
    FrameRequest,
    NoFrame,
    SenderAbsence,
    SenderPresence,
    SentFrame,
    answer_requests,
)
from app.clock import Clock
from app.language import Translatable

ANSWER_SECONDS = 1.0  # a request of the monitor waits this long for a frame, then gets NoFrame
SCRIPT_TIMEOUT_SECONDS = 10.0  # a script that posts nothing for this long has disconnected
POLL_TIMEOUT_SECONDS = 5.0  # a monitor that requests nothing for this long reads another camera or none
OTHER_SENDER_SECONDS = 3.0  # another web process that is silent this long has no sender any more
MAX_FRAME_AGE_SECONDS = 2.0  # a frame that waited longer, perhaps through a pause, shows another moment


class DisconnectReason(Enum):
    """Why a sender left: the reason for programs, the sentence for people."""

    STOPPED = Reason.STOPPED, Translatable("%(name)s stopped sending at %(time)s.")
    CLOSED = Reason.STOPPED, Translatable("%(name)s closed the page at %(time)s.")
    LOST = (
        Reason.TIMED_OUT,
        Translatable(
            "The connection to %(name)s's browser was lost at %(time)s. It will reconnect by itself."
        ),
    )
    REFUSED = Reason.UNREADABLE, Translatable("The server refused what %(name)s sent at %(time)s.")
    SILENT = Reason.STOPPED, Translatable("%(name)s's script stopped posting pictures at %(time)s.")


class AlreadySending(Exception):
    """Another sender is connected."""

    def __init__(self, sender: "FrameSender") -> None:
        super().__init__(f"{sender.name} is sending")
        self.sender = sender


@dataclass(slots=True, eq=False)
class FrameSender:
    """The page or script whose frames are taken."""

    name: str
    key: str
    """Stays the same when a page or script reconnects."""
    since: datetime
    is_script: bool
    last_frame_at: float
    """Monotonic seconds; before the first frame, when it connected."""

    def presence(self, *, is_new: bool) -> SenderPresence:
        """The message about this sender for other web processes."""
        return SenderPresence(self.name, key_sha256(self.key), self.since, is_new)


@dataclass(frozen=True, slots=True)
class PendingFrame:
    """A frame that the monitor has not fetched yet."""

    jpeg: bytes
    requested_at: float
    received_at: float
    """Both in monotonic seconds."""


def key_sha256(key: str) -> str:
    """The SHA-256 of a sender's key, for other processes: the key itself is a secret."""
    return hashlib.sha256(key.encode()).hexdigest()


def useful_fps(detect_fps: float, demand: Demand) -> float:
    """The frame rate that is of use: for the analysis or for the viewers, whichever is higher."""
    return max(detect_fps, demand.fps)


class Relay:
    """Holds the one sender, and the one frame that the monitor fetches next."""

    def __init__(
        self,
        clock: Clock,
        timezone: Callable[[], ZoneInfo],
        max_fps: Callable[[], float],
        on_new_sender: Callable[[], None] = lambda: None,
    ) -> None:
        """`timezone` gives the zone of the times in reasons, `max_fps` the frame rate at which a page
        is asked for frames at most.

        `on_new_sender` is called before the first frame of another sender is taken.
        """
        self._on_new_sender = on_new_sender
        self._clock = clock
        self._timezone = timezone
        self._max_fps = max_fps
        self._changed = threading.Condition()
        self._sender: FrameSender | None = None
        self._absence = NO_SENDER_YET
        self._frame: PendingFrame | None = None
        self._is_requested = False
        self._requested_at = float("-inf")
        self._due_at = float("-inf")
        self._fault: Translatable | None = None
        self._other: SenderPresence | None = None
        """Who sends to another web process."""
        self._other_at = float("-inf")
        self.announce: Callable[[SenderPresence], None] = lambda _: None
        """Tells other web processes of a new sender."""

    def note_other_sender(self, other: SenderPresence) -> None:
        """Note who sends to another web process; a new sender there replaces the one here."""
        with self._changed:
            if other.is_new:
                self._sender = self._frame = None
                self._on_new_sender()
                self._changed.notify_all()
            self._other, self._other_at = other, self._clock.monotonic()

    def _sender_elsewhere(self, key: str) -> FrameSender | None:
        """Who else sends to another web process."""
        other = self._other
        is_over = self._clock.monotonic() - self._other_at > OTHER_SENDER_SECONDS
        if other is None or is_over or other.key_sha256 == key_sha256(key):
            return None
        return FrameSender(other.name, "", other.since, is_script=False, last_frame_at=self._other_at)

    @property
    def sender(self) -> FrameSender | None:
        """The connected sender."""
        with self._changed:
            return self._current_sender()

    def connect(
        self, name: str, key: str, *, is_script: bool = False, take_over: bool = False
    ) -> FrameSender:
        """Connect a sender; raises AlreadySending when there is another one, unless it is to `take_over`."""
        with self._changed:
            before, now = self._current_sender(), self._clock.monotonic()
            if before and before.key == key and before.is_script and is_script:
                before.last_frame_at = now
                return before
            if before and before.key != key and not take_over:
                raise AlreadySending(before)
            if before is None and not take_over and (elsewhere := self._sender_elsewhere(key)):
                raise AlreadySending(elsewhere)
            since = before.since if before and before.key == key else self._clock.now()
            if before is None or before.key != key:
                self._on_new_sender()
            self._sender = FrameSender(name, key, since, is_script, now)
            self._frame, self._fault, self._other = None, None, None
            self._changed.notify_all()
            connected = self._sender
        self.announce(connected.presence(is_new=True))
        return connected

    def disconnect(self, sender: FrameSender, reason: DisconnectReason) -> None:
        """Disconnect a sender, unless another one has taken over."""
        with self._changed:
            if self._sender is sender:
                self._drop_sender(reason)

    def is_sending(self, sender: FrameSender) -> bool:
        """Whether this sender is still connected."""
        with self._changed:
            return self._sender is sender

    def wait_for_request(self, sender: FrameSender, timeout_seconds: float) -> bool:
        """Whether this sender is to send a frame now, or within `timeout_seconds`."""
        until = self._clock.monotonic() + timeout_seconds
        with self._changed:
            while self._sender is sender and self._fault is None:
                now = self._clock.monotonic()
                if self._is_requested and self._frame is None and now >= self._due_at:
                    gap = 1 / self._max_fps()
                    self._due_at = max(self._due_at + gap, now + gap / 2)
                    return True
                if now >= until:
                    break
                self._changed.wait(min(until, self._due_at if self._is_requested else until) - now)
            return False

    def pop_fault(self) -> Translatable | None:
        """Why the last frame could not be decoded; None when asked again."""
        with self._changed:
            fault, self._fault = self._fault, None
            return fault

    def put_frame(self, sender: FrameSender, jpeg: bytes, requested_at: float | None = None) -> bool:
        """Replace the pending frame; False when another sender has taken over.

        `requested_at`, monotonic seconds, is when the sender was asked; None for a frame that was posted.
        """
        with self._changed:
            if self._sender is not sender:
                return False
            now = sender.last_frame_at = self._clock.monotonic()
            self._frame = PendingFrame(jpeg, now if requested_at is None else requested_at, now)
            self._changed.notify_all()
            return True

    @property
    def is_polled(self) -> bool:
        """Whether the monitor requests frames: not while it starts, is paused or reads another camera."""
        return self._is_requested or self._clock.monotonic() - self._requested_at < POLL_TIMEOUT_SECONDS

    def serve(self, connection: Connection) -> None:
        """Answer a monitor's requests until it ends."""
        answer_requests(connection, self.answer)

    def answer(self, request: FrameRequest) -> SentFrame | NoFrame:
        """Wait up to ANSWER_SECONDS for a frame; return early when there is news about the sender."""
        until = self._clock.monotonic() + ANSWER_SECONDS
        with self._changed:
            self._is_requested, self._requested_at = True, self._clock.monotonic()
            self._fault = request.fault or self._fault
            if self._frame and self._requested_at - self._frame.received_at > MAX_FRAME_AGE_SECONDS:
                self._frame = None
            self._changed.notify_all()
            while (remaining := until - self._clock.monotonic()) > 0 and not self._frame:
                if self._current_sender() is None and self._absence != request.known:
                    break
                self._changed.wait(remaining)
            self._is_requested = False
            if self._frame:
                frame, self._frame = self._frame, None
                return SentFrame(request.number, frame.jpeg, frame.requested_at, self._sender.key)
            return NoFrame(request.number, None if self._current_sender() else self._absence)

    def _current_sender(self) -> FrameSender | None:
        """The connected sender, after a script that has timed out is dropped."""
        sender = self._sender
        if sender and sender.is_script:
            silence_seconds = self._clock.monotonic() - sender.last_frame_at
            if silence_seconds > SCRIPT_TIMEOUT_SECONDS:
                self._drop_sender(DisconnectReason.SILENT)
        return self._sender

    def _drop_sender(self, disconnected: DisconnectReason) -> None:
        reason, words = disconnected.value
        time = self._clock.now().astimezone(self._timezone()).strftime("%H:%M")
        self._absence = SenderAbsence(reason, Translatable(words.text, name=self._sender.name, time=time))
        self._sender = self._frame = None
        self._changed.notify_all()
