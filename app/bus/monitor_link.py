"""A monitor machine's end of the bus through Redis: it sends monitors' messages and receives the demand."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Protocol

from redis.exceptions import RedisError

from app.bus.messages import (
    AnnotatedPicture,
    Demand,
    Message,
    MonitorStatus,
    MonitorUnavailable,
    PictureOnItsWay,
    RoomChanged,
)
from app.bus.signed_channel import CHANGES, RETRY_SECONDS, STATUSES, ReceivedMessage, SignedChannel, inbox
from app.bus.subscription import Subscribers, Subscription
from app.camera.frame_request import NO_SENDER_YET, FrameRequest, NoFrame, SentFrame, answer_requests
from app.clock import SYSTEM_CLOCK
from app.language import Translatable
from app.restart import run_until_ended

POLL_SECONDS = 0.25
ANSWER_SECONDS = 1.2  # for web processes to answer; each of them waits a second for its sender

STOPPED = Translatable("The camera process was stopped.")
RESTARTING = Translatable("The camera process ended and is being restarted.")


class Lease(Protocol):
    """What a link needs of its room's lease; `app.runner.redis_leases.RedisLease` is one."""

    number: int

    @property
    def is_held(self) -> bool:
        """Whether it can't have expired yet."""
        ...


class MonitorLink:
    """One room's monitor, as its supervisor's observer: what it says goes to the web processes."""

    def __init__(
        self,
        room_id: int,
        lease: Lease,
        channel: SignedChannel,
        on_end: Callable[[], None] = lambda: None,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """`on_end` is called when the monitor's process has ended; no other is started if `is_ending`."""
        self._room_id = room_id
        self._lease = lease
        self._channel = channel
        self._on_end = on_end
        self._is_ending = is_ending
        self._subscribers = Subscribers()
        self._changes = 0
        self._has_said_why = False
        self.status: MonitorStatus | None = None
        """The newest of the process that runs."""
        self._answers: queue.SimpleQueue[SentFrame | NoFrame] = queue.SimpleQueue()

    @property
    def demand(self) -> Demand:
        """What all web processes request together."""
        self._subscribers.remove_expired()
        return replace(self._subscribers.demand(), changes=self._changes)

    def count_change(self) -> None:
        """Tell the monitor that the database says something new about the room."""
        self._changes += 1

    def deliver(self, received: ReceivedMessage) -> None:
        """Take in a message from a web process about this room."""
        match received.message:
            case Subscription() as subscription:
                self._subscribers.renew(received.sender, subscription)
            case SentFrame() | NoFrame() as answer:
                self._answers.put(answer)

    def monitor_started(self) -> None:
        """Note that a monitor process was started; the others learn of it by its first status."""
        self._has_said_why, self.status = False, None

    def monitor_ended(self) -> None:
        """Publish that the monitor process has ended, unless it said so itself."""
        self.status = None
        if not self._has_said_why:
            self._publish(STATUSES, MonitorUnavailable(STOPPED if self._is_ending() else RESTARTING))
        self._on_end()

    def disconnect_viewers(self) -> None:
        """Do nothing: viewers are connected to web processes, and wait for the next machine."""

    def receive(self, message: Message) -> None:
        """Send to every web process; a picture only to those whose window has room for one."""
        match message:
            case AnnotatedPicture():
                self._send_picture(message)
                return
            case MonitorStatus():
                self.status = message
            case MonitorUnavailable():
                self._has_said_why = True
        self._publish(STATUSES, message)

    def _send_picture(self, picture: AnnotatedPicture) -> None:
        age = time.monotonic() - picture.monotonic
        on_its_way = PictureOnItsWay(replace(picture, monotonic=0.0), age)
        for subscriber_id in self._subscribers.ready_ids():
            self._subscribers.count_sent(subscriber_id, self._publish(inbox(subscriber_id), on_its_way))

    def _publish(self, topic: str, message: object) -> int:
        """Publish under the lease, unless it may have expired; gives how many processes received it."""
        if not self._lease.is_held:
            return 0
        return self._channel.publish(topic, message, self._room_id, self._lease.number)

    def serve_frames(self, connection: Connection) -> None:
        """Answer the monitor's requests with frames from the web processes, until it ends."""
        answer_requests(connection, self._answer)

    def _answer(self, request: FrameRequest) -> SentFrame | NoFrame:
        """A frame from the first web process that has one; else why nobody sends, where that is known."""
        while not self._answers.empty():
            self._answers.get()
        self._publish(STATUSES, request)
        until, absence = time.monotonic() + ANSWER_SECONDS, NO_SENDER_YET
        while (remaining := until - time.monotonic()) > 0:
            try:
                answer = self._answers.get(timeout=remaining)
            except queue.Empty:
                break
            if answer.number != request.number:
                continue
            if isinstance(answer, SentFrame):  # its age travels, since machines' clocks differ
                return replace(answer, asked_at=time.monotonic() - answer.asked_at)
            if answer.absence is None:
                return answer
            if answer.absence != NO_SENDER_YET:
                absence = answer.absence
        return NoFrame(request.number, absence)


class MonitorBus:
    """The links of all rooms that this machine reads. It receives on a thread of its own."""

    def __init__(
        self,
        channel: SignedChannel,
        on_change: Callable[[int], None],
        is_ending: Callable[[], bool],
    ) -> None:
        """`on_change` is called with the id of each room of which the database says something new."""
        self._channel = channel
        self._on_change = on_change
        self._is_ending = is_ending
        self._links: dict[int, MonitorLink] = {}
        self._thread = threading.Thread(target=self._run, name="monitor-bus", daemon=True)

    def start(self) -> None:
        """Receive in the background."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which stops once `is_ending` gives True; then close every connection."""
        self._thread.join(2 * POLL_SECONDS + 1)
        self._channel.close()

    def add(
        self, room_id: int, lease: Lease, on_end: Callable[[], None], is_ending: Callable[[], bool]
    ) -> MonitorLink:
        """The link of a room that this machine reads from now on, as for `MonitorLink`."""
        self._links[room_id] = MonitorLink(room_id, lease, self._channel, on_end, is_ending)
        return self._links[room_id]

    def remove(self, room_id: int) -> None:
        """Drop the link of a room that this machine no longer reads."""
        self._links.pop(room_id, None)

    def link(self, room_id: int) -> MonitorLink | None:
        """The link of a room; None if this machine does not read it."""
        return self._links.get(room_id)

    def _run(self) -> None:
        run_until_ended(self._listen, SYSTEM_CLOCK, self._is_ending)

    def _listen(self) -> None:
        while not self._is_ending():
            try:
                if not self._channel.is_subscribed:
                    self._channel.subscribe(CHANGES)
                received = self._channel.receive(POLL_SECONDS)
            except RedisError as error:
                self._channel.begin_outage(error)
                self._channel.unsubscribe()
                time.sleep(RETRY_SECONDS)
                continue
            if received is not None:
                self._dispatch(received)

    def _dispatch(self, received: ReceivedMessage) -> None:
        link = self._links.get(received.room_id)
        if isinstance(received.message, RoomChanged):
            if link is not None:
                link.count_change()
            self._on_change(received.room_id)
        elif link is not None:
            link.deliver(received)
