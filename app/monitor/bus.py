"""The picture plane: what the monitor and the web process tell each other. Newest wins, nothing is queued."""

import threading
from dataclasses import dataclass
from typing import Protocol

from app.camera.state import CameraState
from app.language import Words
from app.monitor.live import LiveReading
from app.vision.areas import Area


@dataclass(frozen=True, slots=True)
class Picture:
    """One annotated frame, encoded once for everybody who watches."""

    jpeg: bytes
    captured_at: float
    """When the camera gave the frame, Unix seconds."""
    size: tuple[int, int]
    """Width and height in pixels."""
    faces_hidden: bool = False
    areas: tuple[Area, ...] = ()
    """The parts that are left out."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the monitor is doing; sent at least once a second, so it is also the heartbeat."""

    camera: CameraState
    live: LiveReading | None
    detect_fps: float
    """Frames a second in which faces are to be looked for."""
    analysed_fps: float
    """Frames a second in which they were."""
    frames_dropped: int
    """Frames that came while another one was being read."""
    face_width: float | None = None
    """Of the smaller faces (lower quartile), as a part of the picture's width; None where there are none."""
    frames_captured: int = 0
    """Frames that the camera gave since it was opened."""
    frames_analysed: int = 0
    """Frames in which faces were looked for, since the monitor started."""
    minutes_written: int = 0
    """Minutes that were finished and written, since the monitor started."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the monitor can't work at all, as one sentence; its last words."""

    detail: Words | str


@dataclass(frozen=True, slots=True)
class Demand:
    """How many pictures a second the viewers want; 0 while nobody watches."""

    fps: float


Message = Picture | Status | Trouble


class NotOwner(ConnectionError):
    """This process may not read the room's camera: another one does, or nobody can say whether one does."""


class Link(Protocol):
    """What the bus goes through: a pipe to the web process (a `Connection`), or Redis to several of them."""

    def send(self, message: Message) -> None:
        """Bring a message to the other side. Raises OSError where the link is of no use any more."""
        ...

    def recv(self) -> Demand:
        """Wait for what is wanted now. Raises EOFError or OSError where the other side is gone for good."""
        ...


class Bus:
    """The monitor's end."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._newest: dict[type, Message] = {}
        self._sending = False
        self._changed = threading.Condition()
        self.demand = Demand(0)
        self.closed = threading.Event()
        """Set once nobody can be reached any more."""
        for work in (self._send, self._receive):
            threading.Thread(target=work, name=f"bus{work.__name__}", daemon=True).start()

    def publish(self, message: Message) -> None:
        """Hand a message over. It takes the place of an older one of its kind that was not sent yet."""
        with self._changed:
            self._newest[type(message)] = message
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Wait up to `timeout` seconds until everything is sent."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._newest or self._sending), timeout)

    def _send(self) -> None:
        while not self.closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._newest)
                message = self._newest.pop(next(iter(self._newest)))
                self._sending = True
            try:
                self._link.send(message)
            except OSError:
                self.closed.set()
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _receive(self) -> None:
        while not self.closed.is_set():
            try:
                self.demand = self._link.recv()
            except (EOFError, OSError):
                self.closed.set()
