"""Sends messages in the background, on one thread, and retries."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.clock import Clock
from app.notify import post
from app.notify.address import redacted
from app.notify.post import Notification, NotSent
from app.restart import run_until_ended

log = logging.getLogger(__name__)

RETRY_SECONDS = (10.0, 60.0, 300.0, 900.0, 1800.0)  # then a message is dropped: it is an hour old
MAX_WAITING = 20  # for one address; the oldest is dropped first
POLL_SECONDS = 0.25


@dataclass(slots=True)
class Outbox:
    """What waits for one address."""

    waiting: deque[Notification] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    next_try_at: float = float("-inf")
    """Monotonic seconds."""
    tries: int = 0
    """How often its first one has failed."""
    is_failing: bool = False


class Sender:
    """Takes notifications from any thread."""

    def __init__(
        self,
        clock: Clock,
        is_ending: Callable[[], bool],
        send: Callable[[str, Notification], None] = post.post,
    ) -> None:
        """`send` raises NotSent where an address doesn't take a notification."""
        self._clock = clock
        self._is_ending = is_ending
        self._send = send
        self._outboxes: dict[str, Outbox] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Send in the background from now on."""
        self._thread.start()

    def put(self, address: str, notification: Notification) -> None:
        """Send a notification soon. Never waits."""
        with self._lock:
            self._outboxes.setdefault(address, Outbox()).waiting.append(notification)

    def send_due(self) -> None:
        """Try the next notification of each address that is due."""
        now = self._clock.monotonic()
        with self._lock:
            due = [
                (address, outbox, outbox.waiting[0])
                for address, outbox in self._outboxes.items()
                if outbox.waiting and now >= outbox.next_try_at
            ]
        for address, outbox, notification in due:
            if self._is_ending():
                return
            self._try(address, outbox, notification)

    def _run(self) -> None:
        run_until_ended(self._keep_sending, self._clock, self._is_ending)

    def _keep_sending(self) -> None:
        while not self._is_ending():
            self.send_due()
            self._clock.wait(POLL_SECONDS)

    def _try(self, address: str, outbox: Outbox, notification: Notification) -> None:
        try:
            self._send(address, notification)
        except NotSent as problem:
            self._note_failure(address, outbox, notification, problem)
            return
        if outbox.is_failing:
            log.info("messages to %s are sent again", redacted(address))
        outbox.is_failing = False
        self._finish(outbox, notification)

    def _note_failure(
        self, address: str, outbox: Outbox, notification: Notification, problem: NotSent
    ) -> None:
        if not outbox.is_failing:
            log.error("messages to %s can't be sent, trying for an hour: %s", redacted(address), problem)
        outbox.is_failing = True
        if outbox.tries == len(RETRY_SECONDS):
            self._finish(outbox, notification)
            return
        outbox.next_try_at = self._clock.monotonic() + RETRY_SECONDS[outbox.tries]
        outbox.tries += 1

    def _finish(self, outbox: Outbox, notification: Notification) -> None:
        """Remove a notification, unless newer ones have pushed it out already."""
        with self._lock:
            if outbox.waiting and outbox.waiting[0] is notification:
                outbox.waiting.popleft()
            outbox.tries, outbox.next_try_at = 0, float("-inf")
