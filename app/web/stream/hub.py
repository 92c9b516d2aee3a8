"""The newest frame and status of the room, and the viewers who wait for the next.

All viewers get the same bytes object. A slow viewer misses frames and holds nobody up.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from zoneinfo import ZoneInfo

from app.bus.live_reading import LiveReading
from app.bus.messages import AnnotatedPicture, Demand, Message, MonitorStatus, MonitorUnavailable
from app.camera.errors import Reason
from app.clock import Clock
from app.language import SOURCE_LANGUAGE
from app.notify.alert import Alert
from app.purpose import Purpose
from app.store.effective_settings import NO_OVERRIDES, CurrentPause, EffectiveSettings, Overrides
from app.throttle import Throttle
from app.vision.privacy_area import PrivacyArea
from app.web.stream.card import NO_CAMERA, NO_CAMERA_DETAIL, CardText, card_text, draw_card
from app.web.stream.monitor_health import MonitorHealth
from app.web.stream.stream_frame import StreamFrame
from app.web.stream.viewer import StreamSlots, Viewer

REPEAT_SECONDS = 1.0  # an unchanged frame is sent again: that finds dead clients and keeps proxies open
POLL_SECONDS = 0.25  # how soon a waiting viewer notices that the server is ending
LOOK_SECONDS, MIN_LOOKS = 3.0, 5
"""Nobody is in view if that was so for so long, in so many analysed frames: a face counts once it was found
again, and a busy machine takes seconds for a frame. Earlier, nobody has been found yet."""
RECENT_SECONDS = 5.0  # the readings that the live page's bars and the room's sentence are made of


class Hub:
    """Receives the monitor's messages and hands the newest frame to everyone who waits for it."""

    def __init__(
        self,
        clock: Clock,
        timezone: ZoneInfo,
        slots: StreamSlots,
        snapshot_fps: float,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """`snapshot_fps` is the frame rate that the monitor is asked for while a snapshot waits.

        Streams end once `is_ending` gives True.
        """
        self.slots = slots
        self.viewers: list[Viewer] = []
        self.monitor = MonitorHealth()
        self.status: MonitorStatus | None = None
        self.pause: CurrentPause | None = None
        self.camera: str | None = None
        """CAMERA as it is in force; None until the database has answered."""
        self.is_ending = is_ending
        self._clock = clock
        self.timezone = timezone
        """The zone of the times on its cards."""
        self._snapshot_fps = snapshot_fps
        self._snapshots = 0
        self.alert: Alert | None = None
        """The newest thing that people were told about the room or the server."""
        self._pulse_version: int | None = None
        self.overrides = NO_OVERRIDES
        """What was ordered here and is not stored yet."""
        self._changes = 0
        """How often something new about the room was stored."""
        self._hide_faces = False
        self._purpose: Purpose | None = None
        self._areas: tuple[PrivacyArea, ...] = ()
        self._readings: deque[tuple[float, LiveReading]] = deque()
        """The readings of the last RECENT_SECONDS, each with the monotonic second in which it came."""
        self._looking_since: float | None = None
        """When the first reading came, monotonic; None while there is none."""
        self._looks = 0
        """How many different readings have come since then."""
        self._sequence = 0
        self._picture: StreamFrame | None = None
        self._oldest_picture_at = float("-inf")
        self._picture_size = (1280, 720)
        self._cards: dict[str, StreamFrame] = {}
        """The last card in each language."""
        self._changed = threading.Condition()
        self._reloading = threading.Lock()

    def receive(self, message: Message) -> None:
        """Put a message of the monitor in place of the one before it."""
        with self._changed:
            match message:
                case AnnotatedPicture() if self._may_be_shown(message):
                    self._sequence += 1
                    self._picture_size = message.size
                    self._picture = StreamFrame(
                        self._sequence, message.captured_at, message.jpeg, is_card=False
                    )
                case MonitorStatus():
                    self.status = message
                    self.monitor.heartbeat_at = self._clock.monotonic()
                    self.monitor.failure = None
                    self._keep_reading(message.live)
                    if not message.camera.is_online:
                        self._picture = None  # it is out of date once the camera is back
                case MonitorUnavailable():
                    self.monitor.failure = message.detail
            self._changed.notify_all()

    def _keep_reading(self, live: LiveReading | None) -> None:
        if live is None or self.pause is not None:
            self._forget_readings()
            return
        now = self._clock.monotonic()
        if self._looking_since is None:
            self._looking_since = now
        if not self._readings or self._readings[-1][1].at != live.at:
            self._looks += 1
        self._readings.append((now, live))
        while now - self._readings[0][0] > RECENT_SECONDS:
            self._readings.popleft()

    def _forget_readings(self) -> None:
        self._readings.clear()
        self._looking_since, self._looks = None, 0

    def put_alert(self, alert: Alert) -> None:
        """Pass an alert on to those who follow the room's events."""
        with self._changed:
            self.alert = alert
            self._changed.notify_all()

    def put_pulse(self, version: int) -> None:
        """Wake those who follow the room's events: what students say has a new version."""
        with self._changed:
            self._pulse_version = version
            self._changed.notify_all()

    def refuse_older_pictures(self) -> None:
        """Show no picture from before this moment: another browser sends from now on."""
        with self._changed:
            self._picture = None
            self._oldest_picture_at = self._clock.monotonic()
            self._changed.notify_all()

    def _may_be_shown(self, picture: AnnotatedPicture) -> bool:
        hides_faces = picture.faces_hidden or not self._hide_faces
        is_of_sender = picture.monotonic >= self._oldest_picture_at
        hides_areas = set(self._areas) <= set(picture.areas)
        is_read = self.pause is None and not self._is_outside_timetable()
        return is_read and hides_faces and hides_areas and is_of_sender

    def _is_outside_timetable(self) -> bool:
        """Whether the monitor has closed the camera; a picture may still be on its way."""
        return self.status is not None and self.status.camera.reason == Reason.OUTSIDE_TIMETABLE

    def reload_settings(
        self, read: Callable[[], EffectiveSettings], stored: Overrides = NO_OVERRIDES
    ) -> None:
        """Apply what `read` returns; with several threads, an older answer never replaces a newer one.

        Overrides that are `stored` end with it: another web process may have taken them back already.
        """
        with self._reloading:
            settings = read()
            with self._changed:
                self.overrides = self.overrides.without(stored)
                self.apply_settings(settings)

    def apply_settings(self, settings: EffectiveSettings) -> None:
        """Hide at once what must be hidden; the monitor is a second behind and still sends other pictures."""
        with self._changed:
            self.overrides = self.overrides.not_in(settings)
            settings = self.overrides.apply_to(settings)
            self.pause, self.camera, self.timezone = settings.pause, settings.camera, settings.timezone
            if (
                self.pause
                or settings.outside
                or (settings.hide_faces, settings.areas) != (self._hide_faces, self._areas)
                or settings.purpose is not self._purpose
            ):
                self._picture = None
            if self.pause or settings.outside or settings.purpose is not self._purpose:
                self._forget_readings()
            self._hide_faces, self._areas = settings.hide_faces, settings.areas
            self._purpose = settings.purpose
            self._changed.notify_all()

    def override(self, overrides: Overrides) -> None:
        """Pause or hide the faces at once, without asking the database."""
        with self._changed:
            self.overrides = Overrides(
                self.overrides.pause or overrides.pause, self.overrides.hide_faces or overrides.hide_faces
            )
            self.pause = self.pause or overrides.pause
            self._hide_faces = self._hide_faces or overrides.hide_faces
            self._picture = None
            self._changed.notify_all()

    def monitor_started(self) -> None:
        """Note that a monitor runs, and stop showing what an earlier one sent."""
        with self._changed:
            self.monitor.is_running = True
            self.monitor.heartbeat_at = None
            self._forget_monitor()

    def monitor_ended(self) -> None:
        """Note that the monitor has ended, and stop showing what it sent."""
        with self._changed:
            self.monitor.is_running = False
            self.monitor.restarts += 1
            self._forget_monitor()

    def _forget_monitor(self) -> None:
        self.monitor.since = self._clock.now()
        self.status = None
        self._picture = None
        self._forget_readings()
        self._changed.notify_all()

    @property
    def live(self) -> LiveReading | None:
        """The newest reading; None while the room is dark or paused, or if it may not be read any more.

        None also at the beginning, until a face is found or the room was looked at long enough.
        """
        live = self.status.live if self.status and not self.pause else None
        if live is None or (live.purpose is Purpose.EXPRESSIONS and self._purpose is Purpose.PRESENCE):
            return None
        return None if live.faces == 0 and self._has_just_begun() else live

    def _has_just_begun(self) -> bool:
        since = self._looking_since
        return since is None or self._looks < MIN_LOOKS or self._clock.monotonic() - since < LOOK_SECONDS

    @property
    def recent_readings(self) -> list[LiveReading]:
        """The readings of the last RECENT_SECONDS, oldest first; none while there is no newest one."""
        with self._changed:
            return [live for _, live in self._readings] if self.live is not None else []

    @property
    def heartbeat_age_seconds(self) -> float | None:
        """The time since the monitor's last status; None before the first one."""
        heartbeat_at = self.monitor.heartbeat_at
        return None if heartbeat_at is None else self._clock.monotonic() - heartbeat_at

    @property
    def demand(self) -> Demand:
        """The highest frame rate that a viewer or a snapshot asks for, and what the monitor must hide."""
        with self._changed:
            rates = [viewer.fps for viewer in self.viewers] + [self._snapshot_fps] * self._snapshots
            return Demand(max(rates, default=0), Overrides(self.pause, self._hide_faces), self._changes)

    def count_change(self) -> None:
        """Tell the monitor that the database says something new about the room."""
        with self._changed:
            self._changes += 1

    @property
    def news(self) -> tuple[object, ...]:
        """What `wait_for_news` compares: status, monitor, what must be hidden, alert and pulse."""
        monitor = self.monitor
        orders = self.pause, self._hide_faces
        return self.status, monitor.is_running, monitor.failure, orders, self.alert, self._pulse_version

    def wait_for_news(self, known: tuple[object, ...], timeout_seconds: float) -> None:
        """Return once `news` are others than `known`, once the server ends, or after `timeout_seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_ending() or self.news != known, timeout_seconds)

    def wait_until_written(self, lecture_id: int, timeout_seconds: float) -> None:
        """Return once the monitor has written the minutes of an ended lecture, or is gone."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.is_ending() or self.status is None or self.has_written(lecture_id),
                timeout_seconds,
            )

    def has_written(self, lecture_id: int) -> bool:
        """Whether the monitor has said that it counts another lecture than this one, or none."""
        return self.status is not None and self.status.lecture_id != lecture_id

    def newest_frame(self, language: str = SOURCE_LANGUAGE) -> StreamFrame:
        """The newest picture, or a card in `language` that says why there is none."""
        with self._changed:
            return self._newest_frame(language)

    @property
    def has_no_camera(self) -> bool:
        """Whether the room is for the pulse alone."""
        return self._purpose is Purpose.PULSE

    def card_text(self) -> CardText:
        """Why there is no picture."""
        if self.has_no_camera:
            return CardText(NO_CAMERA, NO_CAMERA_DETAIL)
        return card_text(self.pause, self.status, self.monitor, self.timezone)

    @property
    def picture_age_seconds(self) -> float | None:
        """The time since the newest picture was captured; None while a card is shown."""
        frame = self.newest_frame()
        return None if frame.is_card else self._clock.now().timestamp() - frame.captured_at

    def snapshot(self, timeout_seconds: float, language: str = SOURCE_LANGUAGE) -> StreamFrame:
        """A picture captured from now on; after `timeout_seconds` the newest one, or the card."""
        with self._changed:
            self._snapshots += 1
            known = self._sequence
            self._changed.wait_for(
                lambda: self._sequence != known or self._is_dark() or self.is_ending(), timeout_seconds
            )
            self._snapshots -= 1
            frame = self._newest_frame(language)
            self._forget_unwatched()
            return frame

    def add_viewer(
        self, fps: float, language: str = SOURCE_LANGUAGE, connection: socket.socket | None = None
    ) -> Viewer:
        """Open a stream, until `remove_viewer`; raises TooManyStreams past MAX_VIEWERS."""
        self.slots.acquire()
        with self._changed:
            self._forget_unwatched()
            viewer = Viewer(fps, language, connection)
            self.viewers.append(viewer)
            return viewer

    def remove_viewer(self, viewer: Viewer) -> None:
        """Close a viewer's stream."""
        with self._changed:
            self.viewers.remove(viewer)
            self._forget_unwatched()
        self.slots.release()

    def disconnect_viewers(self) -> None:
        """Shut down all viewers' connections: one who has stopped reading would delay the server's end."""
        with self._changed:
            for viewer in self.viewers:
                with suppress(OSError):  # already disconnected
                    viewer.connection.shutdown(socket.SHUT_RDWR)

    def _forget_unwatched(self) -> None:
        """Drop the picture while nobody watches, so that the next viewer does not see an old one."""
        if not self.viewers and not self._snapshots:
            self._picture = None

    def frames(self, viewer: Viewer) -> Iterator[StreamFrame]:
        """Yield the newest frame again and again, at the viewer's frame rate, until the server ends."""
        throttle = Throttle(viewer.fps)
        while not self.is_ending():
            frame = self._next_frame(viewer, throttle)
            viewer.sequence = frame.sequence
            viewer.frame_age_ms = round(1000 * (self._clock.now().timestamp() - frame.captured_at))
            yielded_at = time.monotonic()
            yield frame
            viewer.dropped += int((time.monotonic() - yielded_at) * viewer.fps)

    def _next_frame(self, viewer: Viewer, throttle: Throttle) -> StreamFrame:
        """Wait for a new frame that the viewer's rate allows when it arrives, so that none grows old here.

        After REPEAT_SECONDS, return the newest frame even if the viewer already has it.
        """
        until = time.monotonic() + REPEAT_SECONDS
        with self._changed:
            while not self.is_ending() and (remaining := until - time.monotonic()) > 0:
                frame = self._newest_frame(viewer.language)
                if frame.sequence != viewer.sequence and throttle.is_due(frame.received_at):
                    return frame
                self._changed.wait(min(remaining, POLL_SECONDS))
            return self._newest_frame(viewer.language)

    def _newest_frame(self, language: str) -> StreamFrame:
        """Like `newest_frame`; the caller holds the lock."""
        if self._picture is not None and not self._is_dark():
            return self._picture
        jpeg = draw_card(*self.card_text().in_language(language), self._picture_size)
        if language not in self._cards or self._cards[language].jpeg != jpeg:
            self._sequence += 1
            drawn_at = self._clock.now().timestamp()
            self._cards[language] = StreamFrame(self._sequence, drawn_at, jpeg, is_card=True)
        return self._cards[language]

    def _is_dark(self) -> bool:
        return self.pause is not None or self.status is None or not self.status.camera.is_online
