"""Signed messages of one room through Redis.

Messages are published, never stored: Redis may write what it stores to its disk. They are pickles, so each is
signed with a key that monitor and web processes share, and a message with another signature is dropped.
"""

import hashlib
import hmac
import logging
import pickle
import time
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from app.camera.spec import hide_password
from app.language import Translatable
from app.project import VERSION
from app.settings import Settings

log = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS = 5.0
RESUBSCRIBE_SECONDS = 10.0  # a connection that was silent this long may be dead: subscribe again
RETRY_SECONDS = 1.0
SIGNATURE_BYTES = hashlib.sha256().digest_size


class SignedChannel:
    """Publishes from any thread, receives in one."""

    def __init__(self, url: str, room: str, secret: str) -> None:
        """Connect to nothing yet; `secret` is the SECRET_KEY that all processes share."""
        self.redis = Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self.prefix = f"aula:{VERSION}:{hashlib.sha256(room.encode()).hexdigest()[:12]}"
        self.outage: Translatable | None = None
        """Why Redis can't be reached, as a sentence; None while it answers."""
        self._address = hide_password(url)
        self._key = hashlib.sha256(f"bus {secret}".encode()).digest()
        self._subscription: PubSub | None = None
        self._received_at = 0.0
        self._has_warned_of_signature = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The channel of the room and the Redis server in `settings`."""
        return cls(settings.redis_url, settings.room, settings.secret_key)

    def publish(self, topic: str, packed: bytes) -> int:
        """Publish what `pack` returned; gives the number of processes that received it, 0 in an outage."""
        try:
            receivers = self.redis.publish(f"{self.prefix}:{topic}", packed)
        except RedisError as error:
            self.begin_outage(error)
            return 0
        self.end_outage()
        return receivers

    def subscribe(self, *topics: str) -> None:
        """Subscribe to these topics in place of earlier ones. Raises RedisError."""
        self.unsubscribe()
        subscription = self.redis.pubsub(ignore_subscribe_messages=True)
        subscription.subscribe(*(f"{self.prefix}:{topic}" for topic in topics))
        self._subscription, self._received_at = subscription, time.monotonic()

    def unsubscribe(self) -> None:
        """End the subscription, if there is one."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    @property
    def is_subscribed(self) -> bool:
        """Whether there is a subscription that brought something in the last RESUBSCRIBE_SECONDS."""
        return self._subscription is not None and time.monotonic() - self._received_at < RESUBSCRIBE_SECONDS

    def receive(self, timeout_seconds: float) -> object | None:
        """The next message, or None after the timeout. Raises RedisError."""
        deadline, message = time.monotonic() + timeout_seconds, None
        while message is None and self._has_data(deadline):
            received = self._subscription.get_message(timeout=SOCKET_TIMEOUT_SECONDS)
            self._received_at = time.monotonic()
            # None: a confirmation of the subscription, which redis-py swallows
            message = self._unpack(received["data"]) if received is not None else None
        return message

    def _has_data(self, deadline: float) -> bool:
        # not left to get_message: its time limit would cut off a message that arrives slowly
        return self._subscription.connection.can_read(timeout=max(0.0, deadline - time.monotonic()))

    def begin_outage(self, error: RedisError) -> None:
        """Record that Redis does not answer; logs the first time only."""
        had_outage = self.outage is not None
        self.outage = Translatable(
            "Redis at %(address)s does not answer: %(error)s", address=self._address, error=str(error)
        )
        if not had_outage:
            log.error("%s", self.outage)

    def end_outage(self) -> None:
        """Record that Redis answers; logs that an outage is over."""
        if self.outage is not None:
            log.info("Redis at %s answers again", self._address)
        self.outage = None

    def pack(self, message: object) -> bytes:
        """Pickle and sign a message."""
        body = pickle.dumps(message)
        return self._signature(body) + body

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")

    def _unpack(self, packed: bytes) -> object | None:
        """The message, or None where the signature is wrong; never unpickles an unsigned one."""
        signature, body = packed[:SIGNATURE_BYTES], packed[SIGNATURE_BYTES:]
        if hmac.compare_digest(signature, self._signature(body)):
            return pickle.loads(body)
        if not self._has_warned_of_signature:
            log.error("messages in Redis have a wrong signature: is SECRET_KEY the same everywhere?")
        self._has_warned_of_signature = True
        return None
