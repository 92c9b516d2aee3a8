"""Subscriptions of web processes to a monitor, and how many pictures each may be sent.

Redis keeps what is published until a slow reader reads it. So a web process acknowledges each picture, and
the monitor sends it no more while WINDOW_PICTURES are unacknowledged: a slow one gets fewer pictures, never
older ones.
"""

import threading
import time
from dataclasses import dataclass

from app.bus.messages import Demand
from app.store.effective_settings import Overrides

WINDOW_PICTURES = 2  # one is on its way while the acknowledgement of the one before comes back
RENEWAL_SECONDS = 1.0  # how often a web process renews its subscription
EXPIRY_SECONDS = 3.0  # a subscription ends unless it is renewed within this time


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a web process asks of a room's monitor: every RENEWAL_SECONDS, and after each picture."""

    demand: Demand
    acknowledged: int
    """Pictures of this room received so far under the sender's id."""


@dataclass(slots=True)
class Subscriber:
    """A web process as the monitor knows it."""

    subscription: Subscription
    renewed_at: float
    """Monotonic seconds."""
    sent: int
    """Pictures sent to it so far, acknowledged or not."""


class Subscribers:
    """All web processes whose subscriptions have not expired, by their ids. For any thread."""

    def __init__(self) -> None:
        self._by_id: dict[str, Subscriber] = {}
        self._lock = threading.Lock()

    def renew(self, subscriber_id: str, subscription: Subscription) -> None:
        """Add a subscriber, or update its demand and its window."""
        now = time.monotonic()
        with self._lock:
            # one that returns after expiry starts with an open window: nothing is on its way to it
            subscriber = self._by_id.setdefault(
                subscriber_id, Subscriber(subscription, now, sent=subscription.acknowledged)
            )
            subscriber.subscription, subscriber.renewed_at = subscription, now

    def remove_expired(self) -> None:
        """Remove every subscriber that did not renew within EXPIRY_SECONDS."""
        oldest = time.monotonic() - EXPIRY_SECONDS
        with self._lock:
            self._by_id = {key: each for key, each in self._by_id.items() if each.renewed_at > oldest}

    def demand(self) -> Demand:
        """The highest frame rate that a subscriber requests; any of them can pause and hide faces."""
        with self._lock:
            demands = [each.subscription.demand for each in self._by_id.values()]
        fps = max((demand.fps for demand in demands), default=0)
        pause = next((demand.overrides.pause for demand in demands if demand.overrides.pause), None)
        return Demand(fps, Overrides(pause, any(demand.overrides.hide_faces for demand in demands)))

    def ready_ids(self) -> list[str]:
        """The ids of subscribers that request pictures and whose window has room for one."""
        with self._lock:
            return [key for key, each in self._by_id.items() if _is_ready(each)]

    def count_sent(self, subscriber_id: str, pictures: int) -> None:
        """Take `pictures` from the window of a subscriber, if it is still there."""
        with self._lock:
            if subscriber_id in self._by_id:
                self._by_id[subscriber_id].sent += pictures


def _is_ready(subscriber: Subscriber) -> bool:
    unacknowledged = subscriber.sent - subscriber.subscription.acknowledged
    return subscriber.subscription.demand.fps > 0 and unacknowledged < WINDOW_PICTURES
