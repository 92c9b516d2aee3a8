"""The settings that apply to a room at this moment, for the pages and for the monitor.

A setting from the environment (or `.env`) comes first, but only for the first room; then what an
administrator stored for the room, then the default.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from flask import current_app

from app.camera.spec import CameraKind, kind_of
from app.clock import SYSTEM_CLOCK
from app.language import SOURCE_LANGUAGE
from app.purpose import Purpose
from app.settings import default_setting
from app.store import audit_queries, lecture_queries, room_queries, timetable_queries
from app.store.audit_queries import AuditAction
from app.store.detector_file import effective_detector
from app.store.tables import Lecture, Room
from app.vision.detector_choice import CASCADES
from app.vision.privacy_area import PrivacyArea

ROOM_SETTINGS = ("camera", "hide_faces", "minimum_group", "purpose", "retention_days", "contact")
"""The settings that a room may store while the program runs: columns of `Room` under the same names."""


@dataclass(frozen=True, slots=True)
class CurrentPause:
    """A pause that still lasts."""

    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class OutsideTimetable:
    """No lecture runs in a room that is read only during lectures."""

    next_lecture_at: datetime | None
    """None if none is planned."""


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """The settings that can change while the program runs, as they apply now."""

    camera: str
    hide_faces: bool
    minimum_group: int
    retention_days: int
    contact: str | None
    """Whom the people filmed can ask."""
    pause: CurrentPause | None
    """While it lasts, nothing is analysed, recorded or shown."""
    areas: tuple[PrivacyArea, ...] = ()
    """Parts of the picture that are neither analysed nor shown."""
    timezone: tzinfo = UTC
    """The zone of the times in its picture and its reports."""
    language: str = SOURCE_LANGUAGE
    """The language of the words in its picture."""
    outside: OutsideTimetable | None = None
    """While it lasts, nothing is analysed, recorded or shown either."""
    purpose: Purpose = Purpose.EXPRESSIONS
    """What is read of the people. While a lecture runs that reads less than expressions, it is that."""
    pulse: bool = False
    """Whether students can say how they follow."""
    detector: str = CASCADES
    """As `FaceAnalyser` takes it; the same for all rooms of a machine."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What people ordered on the live page. It applies at once, whether or not the database takes it."""

    pause: CurrentPause | None = None
    hide_faces: bool = False

    def without(self, stored: "Overrides") -> "Overrides":
        """These overrides but for those that are stored."""
        return Overrides(
            pause=None if self.pause == stored.pause else self.pause,
            hide_faces=self.hide_faces and not stored.hide_faces,
        )

    def not_in(self, settings: EffectiveSettings) -> "Overrides":
        """What of these overrides the settings don't say already."""
        return Overrides(
            pause=None if settings.pause else self.pause,
            hide_faces=self.hide_faces and not settings.hide_faces,
        )

    def apply_to(self, settings: EffectiveSettings) -> EffectiveSettings:
        """The settings under these overrides, which only ever show less."""
        return replace(
            settings,
            pause=settings.pause or self.pause,
            hide_faces=settings.hide_faces or self.hide_faces,
        )


NO_OVERRIDES = Overrides()


def first_room() -> Room:
    """The room that ROOM names; without ROOM, the oldest one in use. The environment describes it.

    Queries the database, and creates the room if it is new.
    """
    name = current_app.config["SETTINGS"].room
    oldest = None if is_set_by_environment("room") else room_queries.oldest_room_in_use()
    room = oldest or room_queries.get_or_create_room(name)
    if room.archived_at is not None:
        room_queries.change_room(room, archived_at=None)
    return room


def effective_settings(room: Room, now: datetime | None = None) -> EffectiveSettings:
    """The settings that apply to `room` at `now`. Queries the database."""
    return settings_during(lecture_queries.running_lecture(room), room, now)


def settings_during(running: Lecture | None, room: Room, now: datetime | None = None) -> EffectiveSettings:
    """The settings that apply to `room` at `now` while the lecture `running` does. Queries the database."""
    is_first = room.id == first_room().id
    values = {name: _effective(name, room, is_first) for name in ROOM_SETTINGS}
    reads_less = running is not None and running.purpose != Purpose.EXPRESSIONS
    values["purpose"] = Purpose(running.purpose if reads_less else values["purpose"])
    return EffectiveSettings(
        **values,
        pause=CurrentPause(room.paused_at, room.paused_by or "somebody") if room.paused_at else None,
        areas=tuple(PrivacyArea(*area) for area in room.areas or ()),
        timezone=room_queries.zone_of(room),
        language=room_queries.language_of(room),
        outside=_outside_timetable(room, running, now or SYSTEM_CLOCK.now()),
        pulse=room.pulse or values["purpose"] is Purpose.PULSE,
        detector=effective_detector(),
    )


def recording_purpose(room: Room) -> Purpose:
    """What a recording of `room` is read for. Queries the database.

    It shows people even where the room's own camera films nobody: while nobody has said what the room is for,
    they are only counted.
    """
    is_chosen = room.purpose is not None or is_set_by_environment("purpose", room)
    return effective_settings(room).purpose if is_chosen else Purpose.PRESENCE


def keep_purpose_of_environment(now: datetime) -> None:
    """Store what PURPOSE says of the first room, which stays when the variable goes. Queries the database.

    But for expressions where somebody has chosen less.
    """
    if not is_set_by_environment("purpose"):
        return
    room, purpose = first_room(), current_app.config["SETTINGS"].purpose
    is_wider = purpose is Purpose.EXPRESSIONS and room.purpose is not None  # than what somebody has chosen
    if room.purpose != purpose and not is_wider:
        room_queries.change_room(room, purpose=purpose, ground=None)
        chosen = audit_queries.entry(AuditAction.PURPOSE_CHOSEN, purpose, "PURPOSE", None, room.id, now)
        audit_queries.add_entries([chosen])


def any_room_reads_expressions() -> bool:
    """Whether at least one room in use is for expressions. Queries the database."""
    return Purpose.EXPRESSIONS in _purposes_in_use().values()


def rooms_without_camera() -> list[Room]:
    """The rooms in use that are for the pulse alone. Queries the database."""
    return [room for room, purpose in _purposes_in_use().items() if purpose is Purpose.PULSE]


def _purposes_in_use() -> dict[Room, Purpose]:
    """The purpose that is set for each room in use, whichever lecture runs."""
    first = first_room()
    rooms = room_queries.rooms_in_use() or [first]
    return {room: Purpose(_effective("purpose", room, room.id == first.id)) for room in rooms}


def other_room_with(camera: str, room_id: int | None) -> Room | None:
    """Another room in use than `room_id` that reads the same camera of this machine."""
    if kind_of(camera) != CameraKind.DEVICE:
        return None
    rooms = (room for room in room_queries.rooms_in_use() if room.id != room_id)
    return next((room for room in rooms if effective_settings(room).camera == camera), None)


def _outside_timetable(room: Room, running: Lecture | None, now: datetime) -> OutsideTimetable | None:
    """Why the room is not read now; None if it is, also during a lecture that somebody started by hand."""
    if not room.only_in_timetable or running is not None:
        return None
    upcoming = timetable_queries.next_planned(room, now)
    return OutsideTimetable(upcoming.begins_at if upcoming else None)


def is_set_by_environment(name: str, room: Room | None = None) -> bool:
    """Whether the environment gives this setting, so that no page can change it.

    It gives a setting of `room` only if that is the first room.
    """
    is_explicit = name in current_app.config["EXPLICIT_SETTINGS"]
    return is_explicit and (room is None or room.id == first_room().id)


def _effective(name: str, room: Room, is_first: bool) -> Any:
    if is_first and is_set_by_environment(name):
        return getattr(current_app.config["SETTINGS"], name)
    stored = getattr(room, name)
    if stored is None and name == "purpose":
        return _purpose_until_asked(_effective("camera", room, is_first))
    return default_setting(name) if stored is None else stored


def _purpose_until_asked(camera: str) -> Purpose:
    """What a room is for while nobody has said it: whom a camera films is only counted.

    The drawn classroom shows nobody, and a file nobody who is in the room.
    """
    films_nobody = kind_of(camera) in (CameraKind.DEMO, CameraKind.FILE)
    return Purpose.EXPRESSIONS if films_nobody else Purpose.PRESENCE
