"""Signed messages of one room through Redis.

Messages are published, never stored: Redis may write what it stores to its disk. They are pickles, so each is
signed with a key that monitor and web processes share, and a message with another signature is dropped. Room,
time and a counter are signed with it, so that nobody can send a recorded message again, or to another room.
"""

import hashlib
import hmac
import logging
import pickle
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
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
MAX_AGE_SECONDS = 30.0  # by the receiver's clock, which may differ a little from the sender's


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is signed."""

    room: str
    """The prefix of the room's topics."""
    sender_id: str
    number: int
    """Grows with each message of a sender."""
    sent_at: float
    """Unix seconds by the sender's clock."""
    message: object


class SignedChannel:
    """Publishes from any thread, receives in one."""

    def __init__(self, url: str, room: str, secret: str, unix_time: Callable[[], float] = time.time) -> None:
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
        self._unix_time = unix_time
        self._sender_id = secrets.token_hex(8)
        self._numbers = count(1)
        self._newest: dict[str, Envelope] = {}
        """The newest envelope of each sender, without its message."""
        self._warnings: set[str] = set()

    @classmethod
    def from_settings(cls, settings: Settings, slug: str) -> Self:
        """The channel of a room on the Redis server in `settings`."""
        return cls(settings.redis_url, slug, settings.secret_key)

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
        envelope = Envelope(self.prefix, self._sender_id, next(self._numbers), self._unix_time(), message)
        body = pickle.dumps(envelope)
        return self._signature(body) + body

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")

    def _unpack(self, packed: bytes) -> object | None:
        """The message, or None where it must be dropped; never unpickles an unsigned one."""
        signature, body = packed[:SIGNATURE_BYTES], packed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(body)):
            self._warn_once("a message in Redis has a wrong signature: is SECRET_KEY the same everywhere?")
            return None
        envelope: Envelope = pickle.loads(body)
        return envelope.message if self._is_new(envelope) else None

    def _is_new(self, envelope: Envelope) -> bool:
        """Whether a message was sent just now, to this room, and is newer than its sender's last one."""
        now = self._unix_time()
        if envelope.room != self.prefix:
            self._warn_once("a message in Redis was sent to another room first; it is dropped")
            return False
        if abs(now - envelope.sent_at) > MAX_AGE_SECONDS:
            self._warn_once(
                "a message in Redis was sent more than %d s ago, or will be; do the machines' clocks agree?",
                MAX_AGE_SECONDS,
            )
            return False
        known = self._newest.get(envelope.sender_id)
        if known is not None and envelope.number <= known.number:
            self._warn_once("a message in Redis was sent before; it is dropped")
            return False
        # whatever a sender that is forgotten here has sent is too old by now
        self._newest = {
            each.sender_id: each for each in self._newest.values() if now - each.sent_at <= MAX_AGE_SECONDS
        } | {envelope.sender_id: replace(envelope, message=None)}
        return True

    def _warn_once(self, warning: str, *values: object) -> None:
        if warning not in self._warnings:
            log.error(warning, *values)
        self._warnings.add(warning)
