"""The newest picture and status, and everybody who watches.

One picture is one bytes object, whoever it goes to. A slow viewer misses pictures; nobody waits for it.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from app.bus.messages import AnnotatedPicture, Demand, Message, MonitorStatus, MonitorUnavailable
from app.camera.errors import Reason
from app.clock import Clock
from app.language import WRITTEN_IN, Words, say
from app.store.effective_settings import CurrentPause, EffectiveSettings
from app.throttle import Throttle
from app.vision.privacy_area import PrivacyArea
from app.web.stream.card import draw_card

BOUNDARY = "frame"
REPEAT_SECONDS = 1.0  # an unchanged picture is sent again: finds dead clients, keeps proxies' windows open
PROMPT_SECONDS = 0.25  # how soon a waiting viewer notices that the server ends

TITLES = {
    "starting": Words("The camera is starting"),
    "frozen": Words("The picture is frozen"),
    "black": Words("The picture is black"),
    "stopped": Words("The camera has stopped"),
    "waiting": Words("Waiting for a browser's camera"),
}
ANY_TITLE = Words("No picture from the camera")
PAUSED = Words("Nothing is read, recorded or shown until somebody goes on.")
SOON = Words("The first picture comes in a moment.")


class TooManyViewers(Exception):
    """MAX_VIEWERS streams are open already; its argument is the `Words` that say so."""


@dataclass(frozen=True)
class StreamPart:
    """A picture as it goes into the stream."""

    sequence: int
    captured_at: float
    """Unix seconds; for a card, when it was drawn."""
    jpeg: bytes
    is_card: bool
    came_at: float = field(default_factory=time.monotonic)
    """When it came here, monotonic seconds."""

    @property
    def headers(self) -> dict[str, str]:
        """What `/snapshot.jpg` and each part of the stream say of the picture."""
        return {"X-Sequence": str(self.sequence), "X-Captured-At": f"{self.captured_at:.3f}"}

    @cached_property
    def chunk(self) -> bytes:
        """The part as it is sent, the very same bytes to everybody.

        It ends with the boundary of the next part: a browser paints a picture when it sees that.
        """
        headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(self.jpeg)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return b"".join((head.encode(), b"\r\n", self.jpeg, f"\r\n--{BOUNDARY}\r\n".encode()))


@dataclass(slots=True)
class MonitorState:
    """What the supervisor knows of the monitor."""

    running: bool = False
    restarts: int = 0
    heartbeat: float | None = None
    """Monotonic seconds of its last status; None before its first one."""
    since: datetime | None = None
    """Since when it is running or not, UTC."""
    trouble: Words | str | None = None
    """Its last words, where it had any."""


@dataclass(slots=True, eq=False)
class Viewer:
    """Somebody who watches."""

    fps: float
    language: str
    """Of the card."""
    connection: socket.socket | None = None
    """What its pictures are sent through."""
    sequence: int = 0
    """Of the last picture that it was given."""
    dropped: int = 0
    """Pictures that it was due and missed, being slow."""
    age: float | None = None
    """Seconds from the camera to the moment at which its last picture was handed over."""


class Hub:
    """Takes what the monitor says and hands the newest of it to everybody who asks."""

    def __init__(self, clock: Clock, timezone: ZoneInfo, max_viewers: int, stream_fps: float) -> None:
        self.clock = clock
        self.timezone = timezone
        self.started_at = clock.now()
        """When the server started: a page that sees another moment opens its stream anew."""
        self.max_viewers = max_viewers
        self.stream_fps = stream_fps
        self.closing: Callable[[], bool] = lambda: False
        """Says whether the server is ending; streams then end too."""
        self.pause: CurrentPause | None = None
        self._hide_faces = False
        self._areas: tuple[PrivacyArea, ...] = ()
        self.monitor = MonitorState()
        self.status: MonitorStatus | None = None
        self.viewers: list[Viewer] = []
        self.camera: str | None = None
        """What is in force, as far as it is known here."""
        self._senders = 0
        self._snapshots = 0
        self._sequence = 0
        self._picture: StreamPart | None = None
        self._cards: dict[str, tuple[tuple, StreamPart]] = {}
        """By language: what it says, and the card."""
        self._size = (1280, 720)
        self._changed = threading.Condition()
        self._obeying = threading.Lock()

    def take(self, message: Message) -> None:
        """Keep a message of the monitor in place of the one before it."""
        with self._changed:
            match message:
                case AnnotatedPicture() if self._may_show(message):
                    self._sequence += 1
                    self._size = message.size
                    self._picture = StreamPart(
                        self._sequence, message.captured_at, message.jpeg, is_card=False
                    )
                case MonitorStatus():
                    self.status = message
                    self.monitor.heartbeat = self.clock.monotonic()
                    self.monitor.trouble = None
                    if not message.camera.is_online:
                        self._picture = None  # once it is back, it shows something else
                case MonitorUnavailable():
                    self.monitor.trouble = message.detail
            self._changed.notify_all()

    def obey(self, read: Callable[[], EffectiveSettings]) -> None:
        """Follow what `read` says is in force. No older answer can come after a newer one."""
        with self._obeying:
            self.follow(read())

    def follow(self, wanted: EffectiveSettings) -> None:
        """Obey at once what hides anything; the monitor, a second behind, still sends other pictures."""
        with self._changed:
            self.pause, self.camera = wanted.pause, wanted.camera
            if self.pause or (wanted.hide_faces, wanted.areas) != (self._hide_faces, self._areas):
                self._picture = None
            self._hide_faces, self._areas = wanted.hide_faces, wanted.areas
            self._changed.notify_all()

    def _may_show(self, picture: AnnotatedPicture) -> bool:
        hides_enough = picture.faces_hidden or not self._hide_faces
        return self.pause is None and hides_enough and set(self._areas) <= set(picture.areas)

    def monitor_started(self) -> None:
        """Take note that a monitor runs; nothing of an earlier one is shown any more."""
        with self._changed:
            self.monitor.running = True
            self.monitor.heartbeat = None
            self.monitor.since = self.clock.now()
            self.status = None
            self._picture = None
            self._changed.notify_all()

    def monitor_ended(self) -> None:
        """Take note that the monitor is gone."""
        with self._changed:
            self.monitor.running = False
            self.monitor.restarts += 1
            self.monitor.since = self.clock.now()
            self.status = None
            self._picture = None
            self._changed.notify_all()

    @property
    def demand(self) -> Demand:
        """What the viewers want together."""
        with self._changed:
            wanted = [viewer.fps for viewer in self.viewers] + [self.stream_fps] * self._snapshots
            return Demand(max(wanted, default=0))

    def newest(self, language: str = WRITTEN_IN) -> StreamPart:
        """The newest picture, or the card that says in this language why there is none."""
        with self._changed:
            return self._newest(language)

    @property
    def picture_age(self) -> float | None:
        """Seconds since the camera gave the picture that is shown; None while it is the card."""
        part = self.newest()
        return None if part.is_card else self.clock.now().timestamp() - part.captured_at

    def snapshot(self, timeout: float, language: str = WRITTEN_IN) -> StreamPart:
        """A fresh picture, waiting up to `timeout` seconds for one; else the card."""
        with self._changed:
            self._snapshots += 1
            known = self._sequence
            self._changed.wait_for(
                lambda: self._sequence != known or self._is_dark() or self.closing(), timeout
            )
            self._snapshots -= 1
            part = self._newest(language)
            self._forget_unwatched()
            return part

    def enter(
        self, fps: float, language: str = WRITTEN_IN, connection: socket.socket | None = None
    ) -> Viewer:
        """Let a viewer in; raises TooManyViewers past MAX_VIEWERS. `leave` lets it out again."""
        with self._changed:
            self._check_room()
            self._forget_unwatched()
            viewer = Viewer(min(fps, self.stream_fps), language, connection)
            self.viewers.append(viewer)
            return viewer

    def hang_up(self) -> None:
        """Cut off who is still here when the server ends: a viewer who stopped reading would hold it up."""
        with self._changed:
            for viewer in self.viewers:
                with suppress(OSError):  # gone already
                    viewer.connection.shutdown(socket.SHUT_RDWR)

    def enter_sender(self) -> None:
        """Count somebody who sends pictures: it holds a thread as a viewer does. As `enter`."""
        with self._changed:
            self._check_room()
            self._senders += 1

    def leave_sender(self) -> None:
        """Let one out again."""
        with self._changed:
            self._senders -= 1

    def _check_room(self) -> None:
        if len(self.viewers) + self._senders >= self.max_viewers:
            raise TooManyViewers(
                Words("%(count)s streams are open already. Try again in a moment.", count=self.max_viewers)
            )

    def leave(self, viewer: Viewer) -> None:
        """Let a viewer out."""
        with self._changed:
            self.viewers.remove(viewer)
            self._forget_unwatched()

    def _forget_unwatched(self) -> None:
        """Drop the picture while nobody watches: whoever comes next must not see an old one."""
        if not self.viewers and not self._snapshots:
            self._picture = None

    def watch(self, viewer: Viewer) -> Iterator[StreamPart]:
        """Give the newest picture again and again, at the viewer's pace, until the server ends."""
        pace = Throttle(viewer.fps)
        while not self.closing():
            part = self._next(viewer, pace)
            viewer.sequence = part.sequence
            viewer.age = self.clock.now().timestamp() - part.captured_at
            handed_over = time.monotonic()
            yield part
            viewer.dropped += int((time.monotonic() - handed_over) * viewer.fps)

    def _next(self, viewer: Viewer, pace: Throttle) -> StreamPart:
        """Wait for a picture that the viewer has not seen, and that is due when it comes, so that none grows
        old here; after a second give the newest one, seen or not."""
        until = time.monotonic() + REPEAT_SECONDS
        with self._changed:
            while not self.closing() and (left := until - time.monotonic()) > 0:
                part = self._newest(viewer.language)
                if part.sequence != viewer.sequence and pace.is_due(part.came_at):
                    return part
                self._changed.wait(min(left, PROMPT_SECONDS))
            return self._newest(viewer.language)

    def _is_dark(self) -> bool:
        return self.pause is not None or self.status is None or not self.status.camera.is_online

    def _newest(self, language: str) -> StreamPart:
        """As `newest`, for a caller that holds the lock."""
        if self._picture is not None and not self._is_dark():
            return self._picture
        said = (*(say(words, language) for words in self._why_dark()), self._size)
        if language not in self._cards or self._cards[language][0] != said:
            self._sequence += 1
            card = StreamPart(self._sequence, self.clock.now().timestamp(), draw_card(*said), is_card=True)
            self._cards[language] = (said, card)
        return self._cards[language][1]

    def _why_dark(self) -> tuple[Words | str, Words | str, Words | str]:
        """What the card says: a title, a sentence, and since when."""
        if self.pause is not None:
            since = f"{self.pause.since.astimezone(self.timezone):%H:%M}"
            return Words("Paused since %(time)s by %(name)s", time=since, name=self.pause.by), PAUSED, ""
        if self.status is not None and self.status.camera.reason == Reason.PAUSED:
            return TITLES["starting"], SOON, ""
        if self.status is not None and not self.status.camera.is_online:
            camera = self.status.camera
            return TITLES.get(camera.reason, ANY_TITLE), camera.detail or "", self._since(camera.since)
        if self.monitor.trouble is not None:
            return ANY_TITLE, self.monitor.trouble, self._since(self.monitor.since)
        if self.monitor.running:
            return TITLES["starting"], SOON, self._since(self.monitor.since)
        if self.monitor.restarts:
            return (
                ANY_TITLE,
                Words("The camera process ended; it is being started again."),
                self._since(self.monitor.since),
            )
        return ANY_TITLE, Words("No camera process runs. Start the server with gunicorn."), ""

    def _since(self, moment: datetime | None) -> Words | str:
        if moment is None:
            return ""
        return Words("since %(time)s", time=f"{moment.astimezone(self.timezone):%H:%M:%S %Z}")
