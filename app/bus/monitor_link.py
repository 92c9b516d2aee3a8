"""The monitor's end of the bus through Redis."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from redis.exceptions import RedisError

from app.bus.messages import AnnotatedPicture, Demand, Message, MonitorStatus, MonitorUnavailable
from app.bus.signed_channel import RETRY_SECONDS, SignedChannel
from app.bus.subscription import (
    ALL_SUBSCRIBERS,
    MONITOR,
    RENEWAL_SECONDS,
    Subscribers,
    Subscription,
    topic_of,
)
from app.language import Translatable


class Lease(AbstractContextManager, Protocol):
    """What the link needs of the room's lease; `app.runner.redis_lease` implements it."""

    is_held: bool

    def renew(self) -> None:
        """Extend the lease. Raises NotLeaseHolder, a ConnectionError, where another monitor holds it."""
        ...


class MonitorLink:
    """A `Link` to every web process that subscribes to the room."""

    def __init__(self, channel: SignedChannel, lease: Lease) -> None:
        self._channel = channel
        self._lease = lease
        self._subscribers = Subscribers()

    @contextmanager
    def hold_lease(self) -> Iterator[None]:
        """Hold the room's lease meanwhile; nothing is sent without it. Raises NotLeaseHolder."""
        with self._lease:
            yield
            self.send(MonitorUnavailable(Translatable("The camera process was stopped.")))

    def send(self, message: Message) -> None:
        """Send to every web process; a picture only to those that request one and have room in their window.

        A status renews the lease. Raises NotLeaseHolder where another monitor holds it now.
        """
        if not self._lease.is_held:
            return
        if isinstance(message, MonitorStatus):
            self._lease.renew()
        packed = self._channel.pack(message)
        if isinstance(message, AnnotatedPicture):
            self._send_picture(packed)
        else:
            self._channel.publish(ALL_SUBSCRIBERS, packed)

    def _send_picture(self, packed: bytes) -> None:
        for subscriber_id in self._subscribers.ready_ids():
            receivers = self._channel.publish(topic_of(subscriber_id), packed)
            self._subscribers.count_sent(subscriber_id, receivers)

    def recv(self) -> Demand:
        """Wait up to RENEWAL_SECONDS for a subscription; gives what all subscribers request together."""
        subscription = self._receive()
        if isinstance(subscription, Subscription):
            self._subscribers.renew(subscription)
        self._subscribers.remove_expired()
        return self._subscribers.demand()

    def _receive(self) -> object | None:
        try:
            if not self._channel.is_subscribed:
                self._channel.subscribe(MONITOR)
            return self._channel.receive(RENEWAL_SECONDS)
        except RedisError as error:
            self._channel.begin_outage(error)
            self._channel.unsubscribe()
            time.sleep(RETRY_SECONDS)
            return None
