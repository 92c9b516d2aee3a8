"""Keeps one keeper running for each room in use: on one machine, a supervisor with its monitor."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Protocol

from app.clock import Clock
from app.language import Translatable
from app.restart import run_until_ended

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # between two looks at which rooms are in use; a page that changes that wakes the runner
RETRY_SECONDS = 2.0  # while the database can't tell, or a room can't be read
POLL_SECONDS = 0.25


class RoomKeeper(Protocol):
    """What runs for one room: a supervisor, or a listener to a monitor elsewhere."""

    def start(self) -> None:
        """Begin in the background."""
        ...

    def join(self) -> None:
        """Wait until it has ended."""
        ...


class Runner:
    """Starts a keeper for each room that comes into use, and ends it when the room is archived."""

    def __init__(
        self,
        rooms_in_use: Callable[[], Collection[int] | None],
        keeper_of: Callable[[int, Callable[[], bool]], RoomKeeper],
        forget_room: Callable[[int], None],
        refusal: Callable[[int, int], Translatable | None],
        refuse_room: Callable[[int, Translatable], None],
        clock: Clock,
        is_ending: Callable[[], bool],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`rooms_in_use` gives rooms' ids; None if nobody can tell now, and then what runs goes on. It is
        called every `look_seconds`.

        `keeper_of` makes the keeper of a room, which ends once the function that it is given says so.
        `forget_room` is called when a room's keeper has ended. `refusal` says why a room can't be kept beside
        so many others; `refuse_room` is called again and again while it does.
        """
        self._rooms_in_use = rooms_in_use
        self._keeper_of = keeper_of
        self._forget_room = forget_room
        self._refusal = refusal
        self._refuse_room = refuse_room
        self._clock = clock
        self._is_ending = is_ending
        self._look_seconds = look_seconds
        self._running: dict[int, tuple[RoomKeeper, threading.Event]] = {}
        self._refused: set[int] = set()
        self._is_woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)

    def start(self) -> None:
        """Start the rooms' keepers in the background, and follow changes from then on."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: a room was added, archived or restored."""
        self._is_woken.set()

    def join(self) -> None:
        """Wait until every keeper has ended, once `is_ending` gives True."""
        self._is_woken.set()
        self._thread.join(2 * POLL_SECONDS + 1)
        for keeper, _ in list(self._running.values()):
            keeper.join()

    def _run(self) -> None:
        run_until_ended(self._keep_looking, self._clock, self._is_ending)

    def _keep_looking(self) -> None:
        due_at = float("-inf")
        while not self._is_ending():
            if self._is_woken.is_set() or self._clock.monotonic() >= due_at:
                self._is_woken.clear()
                wanted = self._rooms_in_use()
                is_done = wanted is not None and self._keep(list(wanted))
                due_at = self._clock.monotonic() + (self._look_seconds if is_done else RETRY_SECONDS)
            self._clock.wait(POLL_SECONDS, self._is_woken)

    def _keep(self, wanted: list[int]) -> bool:
        """End unwanted keepers, start missing ones in the order of `wanted`; gives whether all run."""
        unwanted = (self._running.keys() | self._refused) - set(wanted)
        ended = [self._running.pop(room_id) for room_id in unwanted & self._running.keys()]
        for _, ending in ended:
            ending.set()
        for keeper, _ in ended:
            keeper.join()
        for room_id in unwanted:
            self._refused.discard(room_id)
            self._forget_room(room_id)
        is_done = True
        for room_id in wanted:
            if room_id not in self._running:
                try:
                    self._start(room_id)
                except Exception:
                    log.exception("room %d can't be read; trying again", room_id)
                    is_done = False
        return is_done

    def _start(self, room_id: int) -> None:
        if refusal := self._refusal(room_id, len(self._running)):
            self._refused.add(room_id)
            self._refuse_room(room_id, refusal)
            return
        ending = threading.Event()
        keeper = self._keeper_of(room_id, lambda: ending.is_set() or self._is_ending())
        self._refused.discard(room_id)
        self._running[room_id] = keeper, ending
        keeper.start()
