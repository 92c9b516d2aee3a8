"""Signed messages between processes through Redis.

Messages are published, never stored: Redis may write what it stores to its disk. Each is signed with a key
that all processes share, and one with another signature is dropped. Topic, room, time and a number are signed
with it, so that nobody can send a recorded message again, or elsewhere. The time is Redis's own, whatever the
machines' clocks say.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from app.bus.envelope import VERSION, Envelope, Unreadable, decode, decode_body, encode, encode_body
from app.camera.spec import hide_password
from app.language import Translatable
from app.settings import Settings

log = logging.getLogger(__name__)

STATUSES = "aula:statuses"
"""What monitors tell every web process."""
CHANGES = "aula:changes"
"""What changes in the database, for everybody."""

SOCKET_TIMEOUT_SECONDS = 5.0
RESUBSCRIBE_SECONDS = 10.0  # a connection that was silent this long may be dead: subscribe again
RETRY_SECONDS = 1.0
CLOCK_SECONDS = 60.0  # between two questions what time it is at Redis
SIGNATURE_BYTES = hashlib.sha256().digest_size
MAX_AGE_SECONDS = 30.0
FAULT_SECONDS = 10.0  # without another one a fault counts as mended
NUMBER_WINDOW = 1000  # threads of a process may overtake each other by less

WRONG_SIGNATURE = Translatable(
    "Messages of another machine have a wrong signature. Give every machine the same SECRET_KEY."
)


def inbox(process_id: str) -> str:
    """The topic of what is meant for one process."""
    return f"aula:to:{process_id}"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message with what its envelope says of it."""

    message: object
    sender: str
    room_id: int
    lease_number: int
    transit_seconds: float
    """How long it took."""


@dataclass(slots=True)
class _Sender:
    """What is known of another process."""

    heard_at: float
    newest: int = 0
    numbers: set[int] = field(default_factory=set)
    """Of the last NUMBER_WINDOW."""

    def is_new(self, number: int) -> bool:
        """Whether this number was not used before; notes it."""
        if number in self.numbers or number <= self.newest - NUMBER_WINDOW:
            return False
        self.numbers.add(number)
        self.newest = max(self.newest, number)
        if len(self.numbers) > 2 * NUMBER_WINDOW:
            self.numbers = {each for each in self.numbers if each > self.newest - NUMBER_WINDOW}
        return True


class SignedChannel:
    """Publishes from any thread, receives in one."""

    def __init__(self, url: str, secret: str, redis_time: Callable[[], float] | None = None) -> None:
        """Connect to nothing yet; `secret` is the SECRET_KEY that all processes share."""
        self.redis = Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self.process_id = secrets.token_hex(8)
        """New with each subscription: what is on its way to the old one is lost."""
        self.outage: Translatable | None = None
        """Why Redis can't be reached, as a sentence; None while it answers."""
        self._fault: Translatable | None = None
        self._fault_at = float("-inf")
        self._retry_at = 0.0
        self._address = hide_password(url)
        self._key = hashlib.sha256(f"bus {secret}".encode()).digest()
        self._subscription: PubSub | None = None
        self._received_at = 0.0
        self._redis_time = redis_time or self._time_at_redis
        self._clock_offset = 0.0
        self._clock_read_at = float("-inf")
        self._numbers = count(1)
        self._senders: dict[str, _Sender] = {}
        self._warnings: set[str] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A channel on the Redis server in `settings`."""
        return cls(settings.redis_url, settings.secret_key)

    @property
    def fault(self) -> Translatable | None:
        """Why messages of other processes are dropped, as a sentence; None while they are not."""
        return self._fault if time.monotonic() - self._fault_at < FAULT_SECONDS else None

    def publish(self, topic: str, message: object, room_id: int, lease_number: int = 0) -> int:
        """Publish a message; gives the number of processes that received it, 0 in an outage."""
        if self.outage is not None and time.monotonic() < self._retry_at:
            return 0
        try:
            receivers = self.redis.publish(topic, self.pack(topic, message, room_id, lease_number))
        except RedisError as error:
            self.begin_outage(error)
            return 0
        self.end_outage()
        return receivers

    def subscribe(self, *topics: str) -> None:
        """Subscribe to these topics and to this process's inbox, in place of others. Raises RedisError."""
        self.unsubscribe()
        self._clock_read_at = float("-inf")
        self.process_id = secrets.token_hex(8)
        subscription = self.redis.pubsub(ignore_subscribe_messages=True)
        subscription.subscribe(inbox(self.process_id), *topics)
        self._subscription, self._received_at = subscription, time.monotonic()

    def unsubscribe(self) -> None:
        """End the subscription, if there is one."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    def close(self) -> None:
        """End the subscription and close every connection."""
        self.unsubscribe()
        self.redis.close()

    @property
    def is_subscribed(self) -> bool:
        """Whether there is a subscription that brought something in the last RESUBSCRIBE_SECONDS."""
        return self._subscription is not None and time.monotonic() - self._received_at < RESUBSCRIBE_SECONDS

    def receive(self, timeout_seconds: float) -> ReceivedMessage | None:
        """The next message, or None after the timeout. Raises RedisError."""
        deadline, message = time.monotonic() + timeout_seconds, None
        while message is None and self._has_data(deadline):
            received = self._subscription.get_message(timeout=SOCKET_TIMEOUT_SECONDS)
            self._received_at = time.monotonic()
            # None: a confirmation of the subscription, which redis-py swallows
            message = self._unpack(received["channel"], received["data"]) if received is not None else None
        return message

    def _has_data(self, deadline: float) -> bool:
        # not left to get_message: its time limit would cut off a message that arrives slowly
        return self._subscription.connection.can_read(timeout=max(0.0, deadline - time.monotonic()))

    def begin_outage(self, error: RedisError) -> None:
        """Record that Redis does not answer; logs the first time only."""
        had_outage = self.outage is not None
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._clock_read_at = float("-inf")
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

    def time(self) -> float:
        """The time by Redis's clock, Unix seconds. Raises RedisError."""
        return self._redis_time()

    def _time_at_redis(self) -> float:
        """As `time`; Redis is asked for it once a minute."""
        now = time.monotonic()
        if now - self._clock_read_at > CLOCK_SECONDS:
            seconds, microseconds = self.redis.time()
            self._clock_offset = seconds + microseconds / 1e6 - time.monotonic()
            self._clock_read_at = now
        return time.monotonic() + self._clock_offset

    def pack(self, topic: str, message: object, room_id: int, lease_number: int = 0) -> bytes:
        """Encode and sign a message. Raises RedisError."""
        kind, body = encode_body(message)
        envelope = Envelope(
            version=VERSION,
            topic=topic,
            sender=self.process_id,
            number=next(self._numbers),
            sent_at=self._redis_time(),
            room_id=room_id,
            lease_number=lease_number,
            kind=kind,
            body=body,
        )
        packed = encode(envelope)
        return self._signature(packed) + packed

    def _signature(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, "sha256")

    def _unpack(self, topic: bytes, signed: bytes) -> ReceivedMessage | None:
        """The message, or None where it must be dropped."""
        signature, packed = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(packed)):
            self._refuse(WRONG_SIGNATURE)
            return None
        try:
            envelope = decode(packed)
            if not self._is_new(envelope, topic.decode()):
                return None
            return ReceivedMessage(
                decode_body(envelope),
                envelope.sender,
                envelope.room_id,
                envelope.lease_number,
                max(0.0, self._redis_time() - envelope.sent_at),
            )
        except Unreadable as error:
            self._refuse(error.args[0])
            return None

    def _is_new(self, envelope: Envelope, topic: str) -> bool:
        """Whether a message was sent just now, to this topic, and never before."""
        now = self._redis_time()
        if envelope.topic != topic:
            self._drop("a message in Redis was sent to somebody else first; it is dropped")
            return False
        if abs(now - envelope.sent_at) > MAX_AGE_SECONDS:
            self._drop(f"a message in Redis is older than {MAX_AGE_SECONDS:.0f} s; it is dropped")
            return False
        sender = self._senders.setdefault(envelope.sender, _Sender(now))
        sender.heard_at = now
        if not sender.is_new(envelope.number):
            self._drop("a message in Redis was sent before; it is dropped")
            return False
        if len(self._senders) > 2 * NUMBER_WINDOW:
            # whatever a sender that is forgotten here has sent is too old by now
            self._senders = {
                key: each for key, each in self._senders.items() if now - each.heard_at <= MAX_AGE_SECONDS
            }
        return True

    def _refuse(self, fault: Translatable) -> None:
        """Drop a message of a machine that is set up differently."""
        self._fault, self._fault_at = fault, time.monotonic()
        self._drop(str(fault))

    def _drop(self, why: str) -> None:
        """Log once why messages are dropped."""
        if why not in self._warnings:
            log.error("%s", why)
        self._warnings.add(why)
