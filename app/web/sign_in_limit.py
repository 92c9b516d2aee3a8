"""Slows down guessing of passwords, by account and by address. Only failures count.

Many people may sign in behind one address, as in a school. So an address is never locked: after many
failures from there, each account gets one try from there instead of eight.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic, time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from limits.util import WindowStats

from app.web.rate_limiter import limiter

PER_ACCOUNT = parse("8 per 10 minutes")
PER_ADDRESS = parse("40 per 10 minutes")
PER_ACCOUNT_FROM_BUSY_ADDRESS = parse("1 per 10 minutes")
MAX_KEY_LENGTH = 80  # of a name; none is longer

RETRY_SECONDS = 2.0  # a Redis that hangs would delay each answer by its timeout

_without_redis = FixedWindowRateLimiter(MemoryStorage())


class TooManyFailures(Exception):
    """This password is not checked now; the argument says in how many seconds it may be."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(retry_seconds)
        self.retry_seconds = retry_seconds


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A name and a password sent from an address."""

    name: str
    address: str

    @property
    def is_from_busy_address(self) -> bool:
        """Whether many passwords from there were wrong lately."""
        return not counts.test(PER_ADDRESS, "address", self._network)

    def begin(self) -> None:
        """Count the attempt; raises TooManyFailures where it must not be checked.

        It counts before the password is checked, so that simultaneous attempts are no way round.
        """
        limits = [(PER_ACCOUNT, ("account", self._account))]
        if self.is_from_busy_address:
            limits.append((PER_ACCOUNT_FROM_BUSY_ADDRESS, self._busy_key))
        for limit, key in limits:
            if not counts.hit(limit, *key):
                raise TooManyFailures(_seconds_left(limit, key))

    def fail(self) -> None:
        """Count the failure for the address."""
        counts.hit(PER_ADDRESS, "address", self._network)

    def succeed(self) -> None:
        """Forget the failures of the account."""
        counts.clear(PER_ACCOUNT, "account", self._account)
        counts.clear(PER_ACCOUNT_FROM_BUSY_ADDRESS, *self._busy_key)

    @property
    def _account(self) -> str:
        return self.name[:MAX_KEY_LENGTH]

    @property
    def _busy_key(self) -> tuple[str, str, str]:
        return "busy address", self._network, self._account

    @property
    def _network(self) -> str:
        return network_of(self.address)


def network_of(text: str) -> str:
    """The address; of IPv6 the first 64 bits, since each customer has 2**64 addresses."""
    try:
        address = ip_address(text)
    except ValueError:  # a socket file, or what a proxy made up
        return text[:MAX_KEY_LENGTH]
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


class _Counts:
    """Counts in Redis where the server has one and it answers; while it is away or full, in this process."""

    def __init__(self) -> None:
        self._asked_again_at = 0.0

    def hit(self, limit: RateLimitItem, *key: str) -> bool:
        """Count, if the limit allows it; gives whether it does."""
        return self._ask("hit", limit, *key)

    def test(self, limit: RateLimitItem, *key: str) -> bool:
        """Whether the limit would allow another."""
        return self._ask("test", limit, *key)

    def clear(self, limit: RateLimitItem, *key: str) -> None:
        """Forget what was counted."""
        self._ask("clear", limit, *key)

    def get_window_stats(self, limit: RateLimitItem, *key: str) -> WindowStats:
        """When the limit's time is over, and how many are left."""
        return self._ask("get_window_stats", limit, *key)

    def _ask(self, what: str, *arguments):
        if monotonic() >= self._asked_again_at:
            try:
                return getattr(limiter.limiter, what)(*arguments)
            except limiter.storage.base_exceptions:
                self._asked_again_at = monotonic() + RETRY_SECONDS
        return getattr(_without_redis, what)(*arguments)


counts = _Counts()
"""What counts tries that a limit allows."""


def _seconds_left(limit: RateLimitItem, key: tuple[str, ...]) -> int:
    return max(1, ceil(counts.get_window_stats(limit, *key).reset_time - time()))
