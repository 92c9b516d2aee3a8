"""Observations of rooms and of the server become alerts. The clock is passed in; nothing is read or sent."""

import socket
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.camera.errors import Reason
from app.clock import Clock
from app.language import Translatable
from app.notify.alert import Alert, AlertKind
from app.notify.outage import Outage, OutageEvent, Thresholds

DARK_ON_PURPOSE = {Reason.PAUSED, Reason.WAITING, Reason.OUTSIDE_TIMETABLE}
"""Somebody paused the room, nobody wants to send from a browser, or no lecture runs."""

DISK_FREE_BYTES = 10**9
DISK_FREE_SHARE = 0.05  # of a small disk, such as an SD card of 8 GB


@dataclass(frozen=True, slots=True)
class RoomObservation:
    """How a room is at one moment."""

    has_picture: bool
    is_dark_on_purpose: bool
    """Whether nobody expects a picture."""
    restarts: int
    """How often its monitor has ended."""
    reason: str | None = None
    """Why there is no picture: a word for programs."""
    title: Translatable | str = ""
    """The same for people, as the card shows it."""
    detail: Translatable | str = ""


class RoomRules:
    """The alerts of one room."""

    def __init__(self, clock: Clock, thresholds: Thresholds) -> None:
        self._clock = clock
        self._thresholds = thresholds
        self._picture = Outage(clock, thresholds, thresholds.dark_seconds)
        self._restarts: int | None = None
        self._restarted_at: deque[float] = deque(maxlen=thresholds.restarts)
        self._told_restarts_at = float("-inf")

    def observe(self, room_id: int, room: str, seen: RoomObservation, timezone: ZoneInfo) -> list[Alert]:
        """The alerts that follow from this observation; times in their texts are in `timezone`."""
        alerts = []
        if seen.is_dark_on_purpose:
            self._picture.suspend()
        else:
            change = self._picture.observe(seen.has_picture)
            if change is OutageEvent.BEGAN:
                alerts.append(self._dark(room_id, room, seen, timezone))
            elif change is OutageEvent.ENDED:
                alerts.append(self._back(room_id, room, timezone))
        if self._has_restarted_often(seen.restarts):
            alerts.append(self._often_restarted(room_id, room))
        return alerts

    def suspend(self) -> None:
        """Note that the room can't be observed, since the database or Redis is away."""
        self._picture.suspend()

    def _has_restarted_often(self, restarts: int) -> bool:
        now = self._clock.monotonic()
        before, self._restarts = self._restarts, restarts
        if before is not None:
            self._restarted_at.extend([now] * max(0, restarts - before))
        quiet = self._thresholds.quiet_seconds
        if len(self._restarted_at) < self._thresholds.restarts or now - self._restarted_at[0] >= quiet:
            return False
        if now - self._told_restarts_at < quiet:
            return False
        self._told_restarts_at = now
        return True

    def _dark(self, room_id: int, room: str, seen: RoomObservation, timezone: ZoneInfo) -> Alert:
        return Alert(
            AlertKind.DARK,
            self._clock.now(),
            Translatable(
                "%(room)s: no picture since %(time)s", room=room, time=_time(self._picture.began, timezone)
            ),
            (
                seen.title,
                seen.detail,
                Translatable("Nothing is analysed or recorded until the picture is back."),
            ),
            room_id,
            room,
            {"reason": seen.reason, "since": _utc(self._picture.began)},
        )

    def _back(self, room_id: int, room: str, timezone: ZoneInfo) -> Alert:
        outage = self._picture
        return Alert(
            AlertKind.BACK,
            self._clock.now(),
            Translatable("%(room)s: the picture is back", room=room),
            (
                Translatable(
                    "There was none from %(start)s to %(end)s. Reports show that time as a gap.",
                    start=_time(outage.began, timezone),
                    end=_time(outage.ended, timezone),
                ),
            ),
            room_id,
            room,
            _span(outage),
        )

    def _often_restarted(self, room_id: int, room: str) -> Alert:
        return Alert(
            AlertKind.MONITOR_RESTARTS,
            self._clock.now(),
            Translatable("%(room)s: the camera process keeps failing", room=room),
            (
                Translatable(
                    "It restarted %(count)s times within an hour, and each time some seconds are missing. "
                    "The server's log says why it ended.",
                    count=self._thresholds.restarts,
                ),
            ),
            room_id,
            room,
            {"restarts": self._thresholds.restarts},
        )


def recording_alert(at: datetime, room_id: int, room: str, by: str | None, has_failed: bool) -> Alert:
    """The alert that a recording was read or has failed. Its title and the reason stay with its owner."""
    who = by or Translatable("an administrator")
    if not has_failed:
        kind = AlertKind.RECORDING_READ
        title = Translatable("%(room)s: a recording has been read", room=room)
        lines = (Translatable("It was added by %(who)s. Its report is on the page Lectures.", who=who),)
    else:
        kind = AlertKind.RECORDING_FAILED
        title = Translatable("%(room)s: a recording can't be read", room=room)
        lines = (Translatable("It was added by %(who)s. The page Lectures says why.", who=who),)
    return Alert(kind, at, title, lines, room_id, room)


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A disk that something is written to."""

    folder: str
    free: int
    """Bytes."""
    total: int
    """Bytes."""

    @property
    def is_nearly_full(self) -> bool:
        """Whether less than 1 GB is free, or less than 5 % of a disk below 20 GB."""
        return self.free < min(DISK_FREE_BYTES, DISK_FREE_SHARE * self.total)


class ServerRules:
    """The alerts about what all rooms need."""

    def __init__(self, clock: Clock, thresholds: Thresholds) -> None:
        self._clock = clock
        self._database = Outage(clock, thresholds, thresholds.away_seconds)
        self._redis = Outage(clock, thresholds, thresholds.away_seconds)
        self._thresholds = thresholds
        self._disks: dict[str, Outage] = {}

    def observe_database(self, works: bool, timezone: ZoneInfo) -> list[Alert]:
        """The alerts about the database; `works` says whether it can be written to now."""
        match self._database.observe(works):
            case OutageEvent.BEGAN:
                return [
                    self._alert(
                        AlertKind.DATABASE_AWAY,
                        Translatable("Aula on %(machine)s can't use its database", machine=_machine()),
                        Translatable(
                            "It has not worked since %(time)s. Check that it runs, that its disk has space, "
                            "and DATABASE_URL; the server's log names the error.",
                            time=_time(self._database.began, timezone),
                        ),
                        Translatable("Minutes wait in memory meanwhile, and most pages can't be opened."),
                        data={"since": _utc(self._database.began)},
                    )
                ]
            case OutageEvent.ENDED:
                return [
                    self._alert(
                        AlertKind.DATABASE_BACK,
                        Translatable("Aula on %(machine)s can use its database again", machine=_machine()),
                        _was_away(self._database, timezone),
                        data=_span(self._database),
                    )
                ]
        return []

    def observe_redis(self, works: bool, timezone: ZoneInfo) -> list[Alert]:
        """The alerts about Redis; `works` says whether it answers now."""
        match self._redis.observe(works):
            case OutageEvent.BEGAN:
                return [
                    self._alert(
                        AlertKind.REDIS_AWAY,
                        Translatable("Aula on %(machine)s can't reach Redis", machine=_machine()),
                        Translatable(
                            "It has not answered since %(time)s. Check that it runs, and REDIS_URL; "
                            "the server's log names the error.",
                            time=_time(self._redis.began, timezone),
                        ),
                        Translatable("Minutes are recorded meanwhile, but nobody sees a picture."),
                        data={"since": _utc(self._redis.began)},
                    )
                ]
            case OutageEvent.ENDED:
                return [
                    self._alert(
                        AlertKind.REDIS_BACK,
                        Translatable("Aula on %(machine)s reaches Redis again", machine=_machine()),
                        _was_away(self._redis, timezone),
                        data=_span(self._redis),
                    )
                ]
        return []

    def observe_disk(self, disk: DiskSpace) -> list[Alert]:
        """The alert that a disk is nearly full; there is none for the end of that."""
        outage = self._disks.setdefault(disk.folder, Outage(self._clock, self._thresholds, away_seconds=0))
        if outage.observe(not disk.is_nearly_full) is not OutageEvent.BEGAN:
            return []
        return [
            self._alert(
                AlertKind.DISK_NEARLY_FULL,
                Translatable("The disk of Aula on %(machine)s is nearly full", machine=_machine()),
                Translatable(
                    "%(free)s MB are free in %(folder)s. Once it is full, nothing can be stored. "
                    "Delete files that nobody needs, or keep data for fewer days.",
                    free=disk.free // 10**6,
                    folder=disk.folder,
                ),
                data={"folder": disk.folder, "free_bytes": disk.free, "total_bytes": disk.total},
            )
        ]

    def _alert(self, kind: AlertKind, title: Translatable, *lines: Translatable, data: dict) -> Alert:
        return Alert(kind, self._clock.now(), title, lines, data=data)


def _was_away(outage: Outage, timezone: ZoneInfo) -> Translatable:
    return Translatable(
        "It was away from %(start)s to %(end)s.",
        start=_time(outage.began, timezone),
        end=_time(outage.ended, timezone),
    )


def _time(moment: datetime, timezone: ZoneInfo) -> str:
    return f"{moment.astimezone(timezone):%H:%M %Z}"


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _span(outage: Outage) -> dict[str, str]:
    return {"from": _utc(outage.began), "to": _utc(outage.ended)}


def _machine() -> str:
    return socket.gethostname()
