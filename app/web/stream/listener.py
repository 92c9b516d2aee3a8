"""Hears the monitors of all rooms through Redis, whichever machines they run on; replaces the supervisors."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.bus.messages import Demand, MonitorStatus, MonitorUnavailable, PictureOnItsWay, RoomChanged
from app.bus.signed_channel import Received
from app.bus.subscription import RENEWAL_SECONDS, Subscription
from app.bus.web_link import WebLink
from app.camera.frame_request import FrameRequest, SenderPresence, SentFrame
from app.clock import Clock
from app.language import Translatable
from app.restart import run_until_ended
from app.runner.supervisor import HEARTBEAT_SECONDS
from app.store import room_queries
from app.store.effective_settings import NO_OVERRIDES
from app.web.extensions import database_health
from app.web.live_rooms import LiveRoom
from app.web.sending.relay import key_sha256

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1  # how soon a monitor hears of a viewer
RELOAD_SECONDS = 60.0  # between two reads of a watched room's settings without a message of a change
MOVE_SECONDS = 60.0  # by then another machine would have taken the room
GONE = Translatable("The machine that read this camera no longer answers. Another one takes over if it can.")
NO_MONITOR = Translatable("No camera process can be reached. It is started by: flask --app wsgi monitor run")


@dataclass(slots=True, eq=False)
class HeardRoom:
    """A room and what is known of its monitor."""

    room: LiveRoom
    received_at: float
    """When its monitor last said something, monotonic seconds."""
    lease_number: int = 0
    """The largest under which anything was heard; smaller ones are refused."""
    monitor_id: str = ""
    """The process that holds that lease."""
    acknowledged: int = 0
    """Pictures received under this process's present id."""
    sent_demand: Demand = field(default_factory=lambda: Demand(0))
    sent_at: float = float("-inf")
    shortage: Translatable | str = ""
    """Why a machine takes no further room."""
    shortage_at: float = float("-inf")
    """When one said so."""
    requests: "queue.SimpleQueue[tuple[str, FrameRequest] | None] | None" = None
    """Requests for frames from browsers; None until there is one."""


class ListenedRoom:
    """A room's part in the listener, as the runner starts and ends it."""

    def __init__(self, listener: "Listener", room: LiveRoom) -> None:
        self._listener = listener
        self._room = room

    def start(self) -> None:
        """Hear the room's monitor from now on."""
        self._listener.add(self._room)

    def join(self) -> None:
        """Hear it no longer."""
        self._listener.remove(self._room)
        self._room.hub.disconnect_viewers()


class Listener:
    """Passes the messages of monitors to the rooms' hubs, and the viewers' demand to the monitors."""

    def __init__(
        self,
        app: Flask,
        link: WebLink,
        on_change: Callable[[], None],
        clock: Clock,
        is_ending: Callable[[], bool],
    ) -> None:
        """`on_change` is called when the database says something new about some room."""
        self._app = app
        self._link = link
        self._on_change = on_change
        self._clock = clock
        self._is_ending = is_ending
        self._rooms: dict[int, HeardRoom] = {}
        self._process_id = link.process_id
        self._looked_at = float("-inf")
        self._changed: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        """Rooms whose settings are to be read anew; None ends the thread that does."""
        self._own_changes: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._reloaded_at = self._presence_at = clock.monotonic()
        self._threads = (
            threading.Thread(target=self._run, name="listener", daemon=True),
            threading.Thread(target=self._run_reloads, name="listener-reloads", daemon=True),
        )

    def start(self) -> None:
        """Listen in the background."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the threads, which stop once `is_ending` gives True."""
        for thread in self._threads:
            thread.join(1.5)

    def add(self, room: LiveRoom) -> None:
        """Hear a room's monitor from now on."""
        room.hub.receive(MonitorUnavailable(NO_MONITOR))
        self._rooms[room.room_id] = HeardRoom(room, self._clock.monotonic())
        room.relay.announce = partial(self._link.send_to_others, room.room_id)

    def remove(self, room: LiveRoom) -> None:
        """Hear a room's monitor no longer."""
        heard = self._rooms.pop(room.room_id, None)
        if heard is not None:
            self._send_demand(heard, Demand(0))
            if heard.requests is not None:
                heard.requests.put(None)

    def announce_change(self, room_id: int) -> None:
        """Tell every process soon that the database says something new, without waiting for Redis."""
        self._own_changes.put(room_id)

    def _run(self) -> None:
        run_until_ended(self._listen, self._clock, self._is_ending)
        self._changed.put(None)
        self._link.close()

    def _listen(self) -> None:
        while not self._is_ending():
            while not self._own_changes.empty():
                self._link.send_change(self._own_changes.get())
            received = self._link.receive(POLL_SECONDS)
            if self._link.process_id != self._process_id:
                self._begin_anew()
            if received is not None:
                self._hear(received)
            if self._clock.monotonic() - self._looked_at >= POLL_SECONDS:
                self._look_at_rooms()

    def _begin_anew(self) -> None:
        """Subscribe under the process's new id: what was on its way to the old one is lost."""
        self._process_id = self._link.process_id
        for heard in self._rooms.values():
            heard.acknowledged, heard.sent_at = 0, float("-inf")

    def _look_at_rooms(self) -> None:
        now = self._looked_at = self._clock.monotonic()
        for heard in list(self._rooms.values()):
            hub = heard.room.hub
            demand = hub.demand
            is_due = now - heard.sent_at >= RENEWAL_SECONDS and (demand.fps or hub.overrides != NO_OVERRIDES)
            if demand != heard.sent_demand or is_due:
                self._send_demand(heard, demand)
            silent_seconds = now - heard.received_at
            if silent_seconds > HEARTBEAT_SECONDS:
                may_move = heard.lease_number > 0 and silent_seconds < MOVE_SECONDS
                has_shortage = now - heard.shortage_at < HEARTBEAT_SECONDS
                reason = heard.shortage if has_shortage else GONE if may_move else NO_MONITOR
                self._lose_monitor(heard, self._link.trouble or reason)
        if now - self._presence_at >= RENEWAL_SECONDS:
            self._presence_at = now
            for heard in list(self._rooms.values()):
                if (sender := heard.room.relay.sender) is not None:
                    heard.room.relay.announce(sender.presence(is_new=False))
        if now - self._reloaded_at >= RELOAD_SECONDS:
            self._reloaded_at = now
            for heard in list(self._rooms.values()):
                if heard.room.hub.viewers:
                    self._changed.put(heard.room.room_id)

    def _send_demand(self, heard: HeardRoom, demand: Demand) -> None:
        """Tell a room's monitor what is requested; it forgets it unless that is repeated."""
        if not heard.monitor_id:
            return
        self._link.send(heard.monitor_id, heard.room.room_id, Subscription(demand, heard.acknowledged))
        heard.sent_demand, heard.sent_at = demand, self._clock.monotonic()

    def _hear(self, received: Received) -> None:
        if isinstance(received.message, RoomChanged):
            self._on_change()
            self._changed.put(received.room_id)
            return
        heard = self._rooms.get(received.room_id)
        if isinstance(received.message, SenderPresence):
            if heard is not None and received.sender != self._process_id:
                heard.room.relay.hear_of_other(received.message)
            return
        if heard is None:
            return
        if received.lease_number == 0 and isinstance(received.message, MonitorUnavailable):
            heard.shortage, heard.shortage_at = received.message.detail, self._clock.monotonic()
            return
        if received.lease_number < heard.lease_number:
            return
        if (received.lease_number, received.sender) != (heard.lease_number, heard.monitor_id):
            self._follow(heard, received)
        heard.received_at = self._clock.monotonic()
        match received.message:
            case PictureOnItsWay() as on_its_way:
                heard.acknowledged += 1
                self._send_demand(heard, heard.room.hub.demand)
                heard.room.hub.receive(_arrived(on_its_way, received.transit_seconds))
            case MonitorUnavailable() as unavailable:
                self._lose_monitor(heard, unavailable.detail)
            case MonitorStatus() as status:
                if not heard.room.hub.monitor.is_running:
                    log.info("monitor of %s connected", heard.room.slug)
                    heard.room.hub.monitor_started()
                heard.room.hub.receive(status)
            case FrameRequest() as request:
                self._ask_for_frame(heard, received.sender, request)

    def _follow(self, heard: HeardRoom, received: Received) -> None:
        """Another process reads the room from now on, or the same one under another id."""
        if received.lease_number > heard.lease_number and heard.room.hub.monitor.is_running:
            self._lose_monitor(heard, GONE)  # without a word: the lease ended before the silence was noticed
        heard.lease_number, heard.monitor_id = received.lease_number, received.sender
        heard.sent_at, heard.sent_demand = float("-inf"), Demand(0)

    def _lose_monitor(self, heard: HeardRoom, reason: Translatable | str) -> None:
        """Note that no monitor is connected any more, and why."""
        hub = heard.room.hub
        if hub.monitor.is_running:
            log.warning("monitor of %s lost: %s", heard.room.slug, reason)
            hub.monitor_ended()
        if hub.monitor.failure != reason:
            hub.receive(MonitorUnavailable(reason))

    def _ask_for_frame(self, heard: HeardRoom, monitor_id: str, request: FrameRequest) -> None:
        """Answer on a thread of the room's own: its relay waits for the sender."""
        if heard.requests is None:
            heard.requests = queue.SimpleQueue()
            threading.Thread(target=self._answer_requests, args=[heard], daemon=True).start()
        heard.requests.put((monitor_id, request))

    def _answer_requests(self, heard: HeardRoom) -> None:
        while (asked := heard.requests.get()) is not None:
            monitor_id, request = asked
            answer = heard.room.relay.answer(request)
            if isinstance(answer, SentFrame):  # its age travels, since machines' clocks differ
                age = self._clock.monotonic() - answer.asked_at
                answer = replace(answer, asked_at=age, sender=key_sha256(answer.sender))
            self._link.send(monitor_id, heard.room.room_id, answer)

    def _run_reloads(self) -> None:
        run_until_ended(self._keep_reloading, self._clock, self._is_ending)

    def _keep_reloading(self) -> None:
        """Apply what another web process has changed. On a thread of its own: the database may be slow."""
        while (room_id := self._changed.get()) is not None:
            heard = self._rooms.get(room_id)
            if heard is None:
                continue
            with self._app.app_context():
                try:
                    if room_queries.room_by_id(room_id) is not None:
                        heard.room.control.reload()
                except SQLAlchemyError as error:
                    database_health().begin_outage(error)


def _arrived(on_its_way: PictureOnItsWay, transit_seconds: float):
    """The picture with its times by this machine's clocks."""
    age = on_its_way.age_seconds + transit_seconds
    return replace(on_its_way.picture, captured_at=time.time() - age, monotonic=time.monotonic() - age)
