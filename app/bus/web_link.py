"""A web process's end of the bus through Redis, for all rooms."""

import time

from redis.exceptions import RedisError

from app.bus.messages import RoomChanged
from app.bus.signed_channel import CHANGES, RETRY_SECONDS, STATUSES, ReceivedMessage, SignedChannel, inbox
from app.language import Translatable


class WebLink:
    """Receives from the monitors of all rooms, whichever machine reads them. Receive in one thread only."""

    def __init__(self, channel: SignedChannel) -> None:
        self._channel = channel

    @property
    def process_id(self) -> str:
        """The id under which monitors know this process; a new one has no picture on its way."""
        return self._channel.process_id

    @property
    def trouble(self) -> Translatable | None:
        """Why no message arrives, as a sentence: Redis is away, or messages must be dropped."""
        return self._channel.outage or self._channel.fault

    def send(self, monitor_id: str, room_id: int, message: object) -> None:
        """Send a message to the machine that reads a room."""
        self._channel.publish(inbox(monitor_id), message, room_id)

    def send_change(self, room_id: int) -> None:
        """Tell every process that something about a room was stored."""
        self._channel.publish(CHANGES, RoomChanged(), room_id)

    def send_to_others(self, room_id: int, message: object) -> None:
        """Send a message to every other web process."""
        self._channel.publish(STATUSES, message, room_id)

    def receive(self, timeout_seconds: float) -> ReceivedMessage | None:
        """The next message; None after the timeout, and while Redis is away."""
        try:
            if not self._channel.is_subscribed:
                self._channel.subscribe(STATUSES, CHANGES)
            return self._channel.receive(timeout_seconds)
        except RedisError as error:
            self._channel.begin_outage(error)
            self._channel.unsubscribe()
            time.sleep(min(timeout_seconds, RETRY_SECONDS))
            return None

    def close(self) -> None:
        """Close every connection."""
        self._channel.close()
