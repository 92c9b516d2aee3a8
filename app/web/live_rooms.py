"""The state of each room that the web process holds in memory; what must last is in the database."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from flask import Flask

from app.clock import Clock
from app.notify.alert import Alert
from app.store.tables import Room
from app.web.room_control import RoomControl
from app.web.sending.relay import Relay, useful_fps
from app.web.stream.hub import Hub
from app.web.stream.viewer import StreamSlots


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """The state of one room: its picture and viewers, its sender, and overrides of its settings."""

    room_id: int
    name: str
    slug: str
    hub: Hub
    relay: Relay
    control: RoomControl


class LiveRooms:
    """The rooms that a page or a monitor has asked for."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        settings = app.config["SETTINGS"]
        self._app = app
        self._clock = clock
        self._timezone = settings.timezone
        self._stream_fps = settings.stream_fps
        self._detect_fps = settings.detect_fps
        self.slots = StreamSlots(settings.max_viewers)
        """One for each viewer and each sender of all rooms."""
        self.is_ending: Callable[[], bool] = lambda: False
        """Whether the server is ending."""
        self._rooms: dict[int, LiveRoom] = {}
        self._ids: dict[str | None, int] = {}
        """By the rooms' slugs, so that an order to show less finds its room without a database. None stands
        for an address without a slug, which means the first room."""
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[LiveRoom]:
        with self._lock:
            return iter(list(self._rooms.values()))

    def get(self, room: Room, *names: str | None) -> LiveRoom:
        """What is held of `room`; `names` are what addresses call it beside its slug: None for the first."""
        with self._lock:
            self._ids |= dict.fromkeys((room.slug, *names), room.id)
            held = self._rooms.get(room.id)
            if held is None or held.slug != room.slug:  # SQLite gives the id of a deleted room again
                held = self._new(room)
            elif held.name != room.name:
                held = replace(held, name=room.name)
            self._rooms[room.id] = held
            return held

    def known(self, slug: str | None) -> LiveRoom | None:
        """What is held of the room that an address called `slug` before, without asking the database."""
        with self._lock:
            return self._rooms.get(self._ids.get(slug))

    def known_by_id(self, room_id: int) -> LiveRoom | None:
        """What is held of a room, without asking the database."""
        with self._lock:
            return self._rooms.get(room_id)

    def count_change(self, room_id: int) -> None:
        """Tell a room's monitor that the database says something new about the room."""
        room = self.known_by_id(room_id)
        if room is not None:
            room.hub.count_change()

    def put_alert(self, alert: Alert) -> None:
        """Pass an alert on to those who follow the events of its room, or of any room."""
        for room in self:
            if alert.room_id in (None, room.room_id):
                room.hub.put_alert(alert)

    def forget(self, room_id: int) -> None:
        """Drop the state of a room that is no longer in use."""
        with self._lock:
            self._rooms.pop(room_id, None)

    def _new(self, room: Room) -> LiveRoom:
        hub = Hub(self._clock, self._timezone, self.slots, self._stream_fps, lambda: self.is_ending())
        relay = Relay(
            self._clock,
            lambda: hub.timezone,
            lambda: useful_fps(self._detect_fps, hub.demand),
            hub.refuse_older_pictures,
        )
        control = RoomControl(self._app, room, hub, self._clock)
        return LiveRoom(room.id, room.name, room.slug, hub, relay, control)
