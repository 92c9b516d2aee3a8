"""A web process's end of the bus through Redis."""

import secrets
import time

from redis.exceptions import RedisError

from app.bus.messages import AnnotatedPicture, Demand, Message
from app.bus.signed_channel import RETRY_SECONDS, SignedChannel
from app.bus.subscription import ALL_SUBSCRIBERS, MONITOR, Subscription, topic_of
from app.language import Translatable


class WebLink:
    """Subscribes to the room's monitor, whichever machine it runs on. For one thread."""

    def __init__(self, channel: SignedChannel) -> None:
        self._channel = channel
        self._subscriber_id = ""
        self._demand = Demand(0)
        self._acknowledged = 0
        self._pending: Message | None = None

    @property
    def outage(self) -> Translatable | None:
        """Why Redis can't be reached, as a sentence; None while it answers."""
        return self._channel.outage

    def send(self, demand: Demand) -> None:
        """Renew the subscription with this demand; due every RENEWAL_SECONDS."""
        self._demand = demand
        if self._subscriber_id:
            subscription = Subscription(self._subscriber_id, demand, self._acknowledged)
            self._channel.publish(MONITOR, self._channel.pack(subscription))

    def poll(self, timeout_seconds: float) -> bool:
        """Whether a message is there, or arrives before the timeout."""
        if self._pending is None:
            self._pending = self._receive(timeout_seconds)
        return self._pending is not None

    def recv(self) -> Message:
        """The message that `poll` announced; acknowledges a picture."""
        message, self._pending = self._pending, None
        if isinstance(message, AnnotatedPicture):
            self._acknowledged += 1
            self.send(self._demand)
        return message

    def close(self) -> None:
        """Cancel the subscription."""
        self.send(Demand(0))
        self._channel.unsubscribe()

    def _receive(self, timeout_seconds: float) -> Message | None:
        try:
            if not self._channel.is_subscribed:
                self._subscribe()
            return self._channel.receive(timeout_seconds)
        except RedisError as error:
            self._channel.begin_outage(error)
            self._channel.unsubscribe()
            time.sleep(min(timeout_seconds, RETRY_SECONDS))
            return None

    def _subscribe(self) -> None:
        # under a new id: pictures on their way to the old one are lost and will never be acknowledged
        self._subscriber_id, self._acknowledged = secrets.token_hex(4), 0
        self._channel.subscribe(ALL_SUBSCRIBERS, topic_of(self._subscriber_id))
        self.send(self._demand)
