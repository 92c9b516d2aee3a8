"""Receives from the monitors of all rooms through Redis, whichever machines they run on.

With REDIS_URL it replaces the supervisors.
"""

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
from app.bus.signed_channel import ReceivedMessage
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
class RemoteMonitor:
    """A room's monitor on some machine, as far as this process knows it."""

    room: LiveRoom
    received_at: float
    """When its last message came, monotonic seconds."""
    lease_number: int = 0
    """The largest of all messages so far; those with smaller ones are refused."""
    monitor_id: str = ""
    """The id of the process that holds that lease."""
    acknowledged: int = 0
    """Pictures received under this process's present id."""
    sent_demand: Demand = field(default_factory=lambda: Demand(0))
    sent_at: float = float("-inf")
    shortage: Translatable | str = ""
    """Why some machine takes no further room."""
    shortage_at: float = float("-inf")
    """When it said so, monotonic seconds."""
    requests: "queue.SimpleQueue[tuple[str, FrameRequest] | None] | None" = None
    """Requests for frames from browsers; None until there is one."""


class RemoteRoomKeeper:
    """Adds a room to the listener for as long as the runner keeps it."""

    def __init__(self, listener: "Listener", room: LiveRoom) -> None:
        self._listener = listener
        self._room = room

    def start(self) -> None:
        """Pass on the messages of the room's monitor from now on."""
        self._listener.add(self._room)

    def join(self) -> None:
        """Stop that, and disconnect the room's viewers."""
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
        self._monitors: dict[int, RemoteMonitor] = {}
        self._process_id = link.process_id
        self._polled_at = float("-inf")
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
        """Pass on the messages of a room's monitor from now on."""
        room.hub.receive(MonitorUnavailable(NO_MONITOR))
        self._monitors[room.room_id] = RemoteMonitor(room, self._clock.monotonic())
        room.relay.announce = partial(self._link.send_to_others, room.room_id)

    def remove(self, room: LiveRoom) -> None:
        """Stop that."""
        remote = self._monitors.pop(room.room_id, None)
        if remote is not None:
            self._send_demand(remote, Demand(0))
            if remote.requests is not None:
                remote.requests.put(None)

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
                self._dispatch(received)
            if self._clock.monotonic() - self._polled_at >= POLL_SECONDS:
                self._poll_monitors()

    def _begin_anew(self) -> None:
        """Subscribe under the process's new id: what was on its way to the old one is lost."""
        self._process_id = self._link.process_id
        for remote in self._monitors.values():
            remote.acknowledged, remote.sent_at = 0, float("-inf")

    def _poll_monitors(self) -> None:
        now = self._polled_at = self._clock.monotonic()
        for remote in list(self._monitors.values()):
            hub = remote.room.hub
            demand = hub.demand
            is_due = now - remote.sent_at >= RENEWAL_SECONDS and (demand.fps or hub.overrides != NO_OVERRIDES)
            if demand != remote.sent_demand or is_due:
                self._send_demand(remote, demand)
            silent_seconds = now - remote.received_at
            if silent_seconds > HEARTBEAT_SECONDS:
                may_move = remote.lease_number > 0 and silent_seconds < MOVE_SECONDS
                has_shortage = now - remote.shortage_at < HEARTBEAT_SECONDS
                reason = remote.shortage if has_shortage else GONE if may_move else NO_MONITOR
                self._lose_monitor(remote, self._link.trouble or reason)
        if now - self._presence_at >= RENEWAL_SECONDS:
            self._presence_at = now
            for remote in list(self._monitors.values()):
                if (sender := remote.room.relay.sender) is not None:
                    remote.room.relay.announce(sender.presence(is_new=False))
        if now - self._reloaded_at >= RELOAD_SECONDS:
            self._reloaded_at = now
            for remote in list(self._monitors.values()):
                if remote.room.hub.viewers:
                    self._changed.put(remote.room.room_id)

    def _send_demand(self, remote: RemoteMonitor, demand: Demand) -> None:
        """Send a room's monitor the viewers' demand, which expires unless it is sent again."""
        if not remote.monitor_id:
            return
        self._link.send(remote.monitor_id, remote.room.room_id, Subscription(demand, remote.acknowledged))
        remote.sent_demand, remote.sent_at = demand, self._clock.monotonic()

    def _dispatch(self, received: ReceivedMessage) -> None:
        if isinstance(received.message, RoomChanged):
            self._on_change()
            self._changed.put(received.room_id)
            return
        remote = self._monitors.get(received.room_id)
        if isinstance(received.message, SenderPresence):
            if remote is not None and received.sender != self._process_id:
                remote.room.relay.note_other_sender(received.message)
            return
        if remote is None:
            return
        if received.lease_number == 0 and isinstance(received.message, MonitorUnavailable):
            remote.shortage, remote.shortage_at = received.message.detail, self._clock.monotonic()
            return
        if received.lease_number < remote.lease_number:
            return
        if (received.lease_number, received.sender) != (remote.lease_number, remote.monitor_id):
            self._follow(remote, received)
        remote.received_at = self._clock.monotonic()
        match received.message:
            case PictureOnItsWay() as on_its_way:
                remote.acknowledged += 1
                self._send_demand(remote, remote.room.hub.demand)
                remote.room.hub.receive(_arrived(on_its_way, received.transit_seconds))
            case MonitorUnavailable() as unavailable:
                self._lose_monitor(remote, unavailable.detail)
            case MonitorStatus() as status:
                if not remote.room.hub.monitor.is_running:
                    log.info("monitor of %s connected", remote.room.slug)
                    remote.room.hub.monitor_started()
                remote.room.hub.receive(status)
            case FrameRequest() as request:
                self._ask_for_frame(remote, received.sender, request)

    def _follow(self, remote: RemoteMonitor, received: ReceivedMessage) -> None:
        """Follow the process that reads the room from now on, or the same one under its new id."""
        if received.lease_number > remote.lease_number and remote.room.hub.monitor.is_running:
            self._lose_monitor(remote, GONE)  # its lease expired before its silence was noticed
        remote.lease_number, remote.monitor_id = received.lease_number, received.sender
        remote.sent_at, remote.sent_demand = float("-inf"), Demand(0)

    def _lose_monitor(self, remote: RemoteMonitor, reason: Translatable | str) -> None:
        """Note that no monitor is connected any more, and why."""
        hub = remote.room.hub
        if hub.monitor.is_running:
            log.warning("monitor of %s lost: %s", remote.room.slug, reason)
            hub.monitor_ended()
        if hub.monitor.failure != reason:
            hub.receive(MonitorUnavailable(reason))

    def _ask_for_frame(self, remote: RemoteMonitor, monitor_id: str, request: FrameRequest) -> None:
        """Queue a request for the room's own thread, since its relay waits for the sender."""
        if remote.requests is None:
            remote.requests = queue.SimpleQueue()
            threading.Thread(target=self._answer_requests, args=[remote], daemon=True).start()
        remote.requests.put((monitor_id, request))

    def _answer_requests(self, remote: RemoteMonitor) -> None:
        while (asked := remote.requests.get()) is not None:
            monitor_id, request = asked
            answer = remote.room.relay.answer(request)
            if isinstance(answer, SentFrame):  # its age travels, since machines' clocks differ
                age = self._clock.monotonic() - answer.asked_at
                answer = replace(answer, asked_at=age, sender=key_sha256(answer.sender))
            self._link.send(monitor_id, remote.room.room_id, answer)

    def _run_reloads(self) -> None:
        run_until_ended(self._keep_reloading, self._clock, self._is_ending)

    def _keep_reloading(self) -> None:
        """Apply what another web process has changed. On a thread of its own: the database may be slow."""
        while (room_id := self._changed.get()) is not None:
            remote = self._monitors.get(room_id)
            if remote is None:
                continue
            with self._app.app_context():
                try:
                    if room_queries.room_by_id(room_id) is not None:
                        remote.room.control.reload()
                except SQLAlchemyError as error:
                    database_health().begin_outage(error)


def _arrived(on_its_way: PictureOnItsWay, transit_seconds: float):
    """The picture with its times by this machine's clocks."""
    age = on_its_way.age_seconds + transit_seconds
    return replace(on_its_way.picture, captured_at=time.time() - age, monotonic=time.monotonic() - age)
