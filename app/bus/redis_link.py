"""The bus through Redis: one monitor, and any number of web processes, on one machine or several.

Everything is published and nothing stored, since Redis may write what it stores to its disk. What is
published waits for a slow reader; so a picture goes only to web processes that have taken those before it,
and the newest wins here too. Messages are signed with the processes' common key, since they are pickles.
"""

import hashlib
import hmac
import logging
import pickle
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from redis.retry import Retry

from app import __version__
from app.bus.messages import AnnotatedPicture, Demand, Message, MonitorStatus, NotLeaseHolder, Trouble
from app.camera.spec import hide_password
from app.language import Words
from app.settings import Settings

log = logging.getLogger(__name__)

AHEAD = 2  # pictures on the way to a web process: one travels while word of the one before comes back
WORD_SECONDS = 1.0  # how often a web process says what it wants
GONE_SECONDS = 3.0  # one that says nothing for so long is gone
SILENCE_SECONDS = 10.0  # a subscription that brings nothing for so long may be dead, and is made anew
REDIS_SECONDS = 5.0  # what Redis may take for an answer
RETRY_SECONDS = 1.0
OWNED_SECONDS = 10.0  # a monitor that does not say for so long that it lives owns the camera no more
CLAIM_SECONDS = 15.0
TAKEN = Words("Another process reads the camera of this room; stop it or set ROOM.")
SIGNATURE_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Subscription:
    """A web process's word."""

    web: str
    """Its name, new for each subscription."""
    demand: Demand
    taken: int
    """Pictures that it has got."""


@dataclass(slots=True)
class Subscriber:
    """What the monitor knows of a web process."""

    want: Subscription
    heard: float
    """When it gave its last word, monotonic seconds."""
    sent: int = 0
    """Pictures that were sent to it."""


class SignedChannel:
    """Signed messages of one room, through one Redis. Published from any thread, received in one."""

    def __init__(self, url: str, room: str, secret: str) -> None:
        """Connect to nothing yet; `secret` is the processes' SECRET_KEY."""
        self.redis = Redis.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self.prefix = f"aula:{__version__}:{hashlib.sha256(room.encode()).hexdigest()[:12]}"
        self.trouble: Words | None = None
        """Why nothing comes or goes, as a sentence; None while all is well."""
        self._shown = hide_password(url)
        self._key = hashlib.sha256(f"bus {secret}".encode()).digest()
        self._subscription: PubSub | None = None
        self._heard = 0.0
        self._suspicious = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The wire that these settings name."""
        return cls(settings.redis_url, settings.room, settings.secret_key)

    def publish(self, channel: str, packed: bytes) -> int:
        """Send what `pack` gave to a channel, and say how many processes got it."""
        try:
            reached = self.redis.publish(f"{self.prefix}:{channel}", packed)
        except RedisError as error:
            self.note(error)
            return 0
        self.note(None)
        return reached

    def subscribe(self, *channels: str) -> None:
        """Listen to these channels instead of those before. Raises RedisError."""
        self.unsubscribe()
        subscription = self.redis.pubsub(ignore_subscribe_messages=True)
        subscription.subscribe(*(f"{self.prefix}:{channel}" for channel in channels))
        self._subscription, self._heard = subscription, time.monotonic()

    def unsubscribe(self) -> None:
        """Listen no more."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    @property
    def is_subscribed(self) -> bool:
        """Whether a subscription stands that is not suspiciously silent."""
        return self._subscription is not None and time.monotonic() - self._heard < SILENCE_SECONDS

    def receive(self, timeout: float) -> object | None:
        """The next message, or None after `timeout` seconds. Raises RedisError."""
        until, message = time.monotonic() + timeout, None
        while message is None and self._comes(until):
            got = self._subscription.get_message(timeout=REDIS_SECONDS)
            self._heard = time.monotonic()
            message = self._open(got["data"]) if got is not None else None  # it was about the subscription
        return message

    def _comes(self, until: float) -> bool:
        # apart from reading: get_message's own time limit would cut a message that comes slowly
        return self._subscription.connection.can_read(timeout=max(0.0, until - time.monotonic()))

    def note(self, error: RedisError | None) -> None:
        """Take note that Redis answers or doesn't, and write one line when that changes."""
        before, self.trouble = self.trouble, None
        if error is not None:
            self.trouble = Words(
                "Redis at %(address)s does not answer: %(error)s", address=self._shown, error=str(error)
            )
        if self.trouble and not before:
            log.error("%s", self.trouble)
        if before and not self.trouble:
            log.info("Redis at %s answers again", self._shown)

    def pack(self, message: object) -> bytes:
        """A message as it travels."""
        body = pickle.dumps(message)
        return self._sign(body) + body

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")

    def _open(self, signed: bytes) -> object | None:
        signature, body = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(body)):
            if not self._suspicious:
                log.error("messages in Redis have a wrong signature: is SECRET_KEY the same everywhere?")
            self._suspicious = True
            return None
        return pickle.loads(body)


class MonitorLink:
    """The monitor's end."""

    def __init__(self, wire: SignedChannel) -> None:
        self._wire = wire
        self._webs: dict[str, Subscriber] = {}
        self._lock = threading.Lock()
        self._owns = False
        self._owner = Lock(wire.redis, f"{wire.prefix}:owner", timeout=OWNED_SECONDS, thread_local=False)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the room's only monitor meanwhile; one that just crashed owns it for OWNED_SECONDS more.

        Raises NotOwner.
        """
        try:
            if not self._owner.acquire(blocking_timeout=CLAIM_SECONDS):
                raise NotLeaseHolder(TAKEN)
        except RedisError as error:
            self._wire.note(error)
            raise NotLeaseHolder(self._wire.trouble) from None
        self._owns = True
        try:
            yield
            self.send(Trouble(Words("The camera process was stopped.")))
        finally:
            with suppress(RedisError):  # it ran out, or Redis is gone; either way it is free soon
                self._owner.release()

    def send(self, message: Message) -> None:
        """Send to every web process; a picture only to those that want one and have taken those before.

        They never hear a monitor that does not own the room. Raises NotOwner where another one took it over.
        """
        if not self._owns:
            return
        if isinstance(message, MonitorStatus):
            self._stay_owner()
        packed = self._wire.pack(message)
        if not isinstance(message, AnnotatedPicture):
            self._wire.publish("webs", packed)
            return
        for name in self._ready():
            reached = self._wire.publish(f"web:{name}", packed)
            with self._lock:
                if name in self._webs:
                    self._webs[name].sent += reached

    def recv(self) -> Demand:
        """Wait for a word of a web process, a second at most, and give what they want together."""
        try:
            if not self._wire.is_subscribed:
                self._wire.subscribe("monitor")
            want = self._wire.receive(WORD_SECONDS)
        except RedisError as error:
            self._wire.note(error)
            self._wire.unsubscribe()
            time.sleep(RETRY_SECONDS)
            want = None
        now = time.monotonic()
        with self._lock:
            if isinstance(want, Subscription):
                self._webs.setdefault(want.web, Subscriber(want, now, sent=want.taken))
                self._webs[want.web].want, self._webs[want.web].heard = want, now
            self._webs = {name: web for name, web in self._webs.items() if now - web.heard < GONE_SECONDS}
            return Demand(max((web.want.demand.fps for web in self._webs.values()), default=0))

    def _ready(self) -> list[str]:
        with self._lock:
            return [
                name
                for name, web in self._webs.items()
                if web.want.demand.fps and web.sent - web.want.taken < AHEAD
            ]

    def _stay_owner(self) -> None:
        try:
            with suppress(LockError):  # it ran out while Redis was away, or Redis lost it with its memory
                self._owner.reacquire()
                return
            if self._owner.acquire(blocking=False):
                return
        except RedisError as error:
            self._wire.note(error)
            return
        self._owns = False
        log.error(TAKEN)
        raise NotLeaseHolder(TAKEN)


class WebLink:
    """A web process's end. For one thread."""

    def __init__(self, wire: SignedChannel) -> None:
        self._wire = wire
        self._web = ""
        self._demand = Demand(0)
        self._taken = 0
        self._waiting: Message | None = None

    @property
    def trouble(self) -> Words | None:
        """Why nothing comes, as a sentence, where that is known."""
        return self._wire.trouble

    def send(self, demand: Demand) -> None:
        """Say what is wanted; to be said every WORD_SECONDS."""
        self._demand = demand
        if self._web:
            self._wire.publish("monitor", self._wire.pack(Subscription(self._web, demand, self._taken)))

    def poll(self, timeout: float) -> bool:
        """Whether a message is there, or comes within `timeout` seconds."""
        if self._waiting is None:
            self._waiting = self._receive(timeout)
        return self._waiting is not None

    def recv(self) -> Message:
        """The message that `poll` saw."""
        message, self._waiting = self._waiting, None
        if isinstance(message, AnnotatedPicture):
            self._taken += 1
            self.send(self._demand)
        return message

    def close(self) -> None:
        """Want nothing any more."""
        self.send(Demand(0))
        self._wire.unsubscribe()

    def _receive(self, timeout: float) -> Message | None:
        try:
            if not self._wire.is_subscribed:
                # under a new name: the pictures that were on their way to the old one are gone
                self._web, self._taken = secrets.token_hex(4), 0
                self._wire.subscribe("webs", f"web:{self._web}")
                self.send(self._demand)
            return self._wire.receive(timeout)
        except RedisError as error:
            self._wire.note(error)
            self._wire.unsubscribe()
            time.sleep(min(timeout, RETRY_SECONDS))
            return None
