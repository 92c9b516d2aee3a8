"""The database tables."""

import contextlib
import os
import re
import sqlite3
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    TypeDecorator,
    event,
    false,
    true,
)
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    mapped_column,
    relationship,
    with_loader_criteria,
)

from app.pulse.choice import Choice
from app.purpose import Purpose
from app.role import Role
from app.store.minute_figures import ExpressionSeconds, MinuteFigures, PresenceSeconds
from app.vision.emotion import EXPRESSIONS

EXPRESSION_COLUMNS = tuple(f"{expression}_seconds" for expression in EXPRESSIONS)
"""The columns of `Minute` that hold ExpressionSeconds, in that order."""
PRESENCE_COLUMNS = ("facing_seconds", "turned_seconds")
"""The columns of `Minute` that hold PresenceSeconds, in that order."""


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can drop it on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


class UTCDateTime(TypeDecorator):
    """A moment in UTC, on every database. SQLite returns naive datetimes; this type adds their zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; moments are stored in UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _rooms_of(table: str) -> Any:
    """The table that holds which rooms a row of `table` was given."""
    return db.Table(
        f"{table}_room",
        Column(f"{table}_id", ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True),
        Column("room_id", ForeignKey("room.id", ondelete="CASCADE"), primary_key=True),
    )


rooms_of_user = _rooms_of("user")
rooms_of_token = _rooms_of("token")
rooms_of_link = _rooms_of("account_link")


class User(UserMixin, db.Model):
    """Somebody who can sign in."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    """Empty for somebody who has no password and signs in elsewhere."""
    role: Mapped[str] = mapped_column(String(20), server_default=Role.TEACHER)
    """A `Role`."""
    has_all_rooms: Mapped[bool] = mapped_column(server_default=true())
    """Whether all rooms are theirs, later ones too; else `rooms` are."""
    language: Mapped[str | None] = mapped_column(String(8))
    """The language that they chose for the pages; NULL for the browser's."""
    note_tags: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The notes that one tap takes during a lecture; NULL for the usual ones."""
    single_sign_on_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    """Issuer and subject of their account at the OpenID Connect provider."""
    from_set_up_link: Mapped[bool | None] = mapped_column(index=True, unique=True)
    """True for the account that the set-up link made, else NULL. Unique, so that of several requests at the
    same moment only one makes an account."""

    rooms: Mapped[list["Room"]] = relationship(secondary=rooms_of_user)

    @property
    def is_administrator(self) -> bool:
        """Whether they may do everything."""
        return self.role == Role.ADMINISTRATOR

    def get_id(self) -> str:
        """What a session stores. It changes with the password, so that a new one ends all older sessions."""
        return f"{self.id} {self.password_hash[-16:]}"


class SignIn(db.Model):
    """A session that somebody signed in to and that has not been signed out of."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(43), unique=True)
    """Random; the session's cookie, which is signed, holds it too."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """About when it was last used; NULL in sessions from before it was stored."""
    browser: Mapped[str | None] = mapped_column(String(200))
    """What the browser calls itself."""
    address: Mapped[str | None] = mapped_column(String(45))
    """The network address that it was started from."""


class Token(db.Model):
    """An access token for programs. Only its SHA-256 is stored; a long random token needs no slow hash."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    name: Mapped[str] = mapped_column(String(80), server_default="")
    """What its owner calls it."""
    is_read_only: Mapped[bool] = mapped_column(server_default=false())
    has_all_rooms: Mapped[bool] = mapped_column(server_default=true())
    """Whether it is good for all rooms of its owner; else for `rooms`, as far as they are the owner's."""
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """About when it was last used."""

    user: Mapped[User] = relationship()
    rooms: Mapped[list["Room"]] = relationship(secondary=rooms_of_token)


class AccountLink(db.Model):
    """A link that works once: it invites somebody, or lets a user set a new password."""

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    """Whose password it sets; NULL for an invitation."""
    role: Mapped[str] = mapped_column(String(20), server_default=Role.TEACHER)
    has_all_rooms: Mapped[bool] = mapped_column(server_default=true())
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User | None] = relationship()
    rooms: Mapped[list["Room"]] = relationship(secondary=rooms_of_link)


class Room(db.Model):
    """A room, mostly with a camera, and the settings that were stored for it; NULL stands for the default.

    `app.store.effective_settings` says which value applies.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    """Its part of an address: /rooms/SLUG."""
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """NULL while it is in use. An archived room is not read; its lectures stay."""
    timezone: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(8))
    """The language of the words in its picture and its messages."""
    notify: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Addresses, as Apprise knows them, that are told when something is wrong with the room."""
    camera: Mapped[str | None] = mapped_column(String(1000))
    hide_faces: Mapped[bool | None]
    hidden_by_administrator: Mapped[bool] = mapped_column(server_default=false())
    """Whether an administrator hid the faces under Settings, so that nobody else may show them again."""
    minimum_group: Mapped[int | None]
    purpose: Mapped[str | None] = mapped_column(String(20))
    """A `Purpose`."""
    ground: Mapped[str | None] = mapped_column(String(20))
    """Why reading expressions is allowed here, a `Ground`; NULL if nobody was asked, or none are read."""
    pulse: Mapped[bool] = mapped_column(server_default=false())
    """Whether students can say how they follow, beside what the camera reads."""
    pulse_questions: Mapped[bool] = mapped_column(server_default=true())
    """Whether students can ask questions there."""
    pulse_on_screen: Mapped[bool] = mapped_column(server_default=false())
    """Whether the wall screen shows the counts beside the code."""
    retention_days: Mapped[int | None]
    contact: Mapped[str | None] = mapped_column(String(200))
    areas: Mapped[list[list[float]] | None] = mapped_column(JSON(none_as_null=True))
    """The privacy areas: left, top, width and height of each, in fractions of the picture."""
    areas_camera: Mapped[str | None] = mapped_column(String(1000))
    """The camera that they were drawn for, without its password."""
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """NULL while the room is not paused."""
    paused_by: Mapped[str | None] = mapped_column(String(80))
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When an administrator confirmed that filming is allowed here and that the people filmed were told."""
    calendar_url: Mapped[str | None] = mapped_column(String(1000))
    """The iCalendar address that the timetable subscribes to."""
    calendar_fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    calendar_problem: Mapped[str | None] = mapped_column(String(500))
    """Why the newest fetch failed, as `timetable_queries` stores it; NULL if it did not."""
    only_in_timetable: Mapped[bool] = mapped_column(server_default=false())
    """Whether the camera is closed while no lecture runs."""
    planned_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """The start of the newest planned lecture that was begun or left out: each is begun once."""
    lease_number: Mapped[int] = mapped_column(server_default="0")
    """Of the newest lease. It only grows; whoever reads the room under a smaller one may write no minute."""
    machine: Mapped[str | None] = mapped_column(String(80))
    """The machine that reads the room while it is there; NULL for any."""

    @property
    def sort_key(self) -> list[str | int]:
        """Sorts rooms by name, and numbers in names by value: Room 7 before Room 10."""
        pieces = re.split(r"([0-9]+)", self.name.casefold())  # text and number in turn
        return [int(piece) if number % 2 else piece for number, piece in enumerate(pieces)]


class Pause(db.Model):
    """A pause that has ended; one that still lasts is in `Room`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class TimetableLine(db.Model):
    """A lecture of a room that comes every week, in the room's time."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    """0 for Monday to 6 for Sunday."""
    begins: Mapped[time]
    ends: Mapped[time]
    title: Mapped[str] = mapped_column(String(200))
    course: Mapped[str] = mapped_column(String(200), server_default="")
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))

    teacher: Mapped[User | None] = relationship()


class CalendarLecture(db.Model):
    """A lecture that a room's subscribed calendar plans."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    begins_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    title: Mapped[str] = mapped_column(String(200))
    course: Mapped[str] = mapped_column(String(200), server_default="")
    teacher: Mapped[str] = mapped_column(String(80), server_default="")
    """The organizer's name."""


lecture_share = db.Table(
    "lecture_share",
    Column("lecture_id", ForeignKey("lecture.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
)


class Lecture(db.Model):
    """A lesson that a teacher started; it is running while `ended_at` is NULL."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    title: Mapped[str] = mapped_column(String(200))
    course: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by_itself: Mapped[bool] = mapped_column(server_default=false())
    """Whether nobody ended it, until `planned_end` or for LECTURE_HOURS."""
    planned_end: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the timetable ends it, if nobody does before."""
    purpose: Mapped[str] = mapped_column(String(20), server_default=Purpose.EXPRESSIONS)
    """The `Purpose` of its room when it began. It holds to the lecture's end, and for its report."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    """Whose it is; NULL for a lecture that belongs to the administrators."""
    from_recording: Mapped[bool] = mapped_column(server_default=false())
    """Whether it was read from a file. Then it says nothing about what the room's camera saw at that time."""
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    """When it was deleted. No query finds it then, and its row goes once that can't be undone any more."""

    room: Mapped[Room] = relationship(lazy="joined")
    owner: Mapped[User | None] = relationship()
    shared_with: Mapped[list[User]] = relationship(secondary=lecture_share, order_by="User.name")

    __table_args__ = (
        # no second lecture can run in a room, whatever the number of processes
        Index(
            "uq_lecture_running",
            "room_id",
            unique=True,
            sqlite_where=ended_at.is_(None),
            postgresql_where=ended_at.is_(None),
        ),
    )


class RecordingState(StrEnum):
    """How far a recording has come."""

    UPLOADING = "uploading"
    WAITING = "waiting"
    READING = "reading"
    ASKING = "asking"
    """Neither the file nor its owner has said when it began."""
    DONE = "done"
    FAILED = "failed"


class LectureRecording(db.Model):
    """A file that becomes a lecture. Its row is deleted a day after it was added, or when it is cancelled."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(String(200))
    course: Mapped[str] = mapped_column(String(200))
    began_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the recording began; NULL until that is known."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    file_name: Mapped[str] = mapped_column(String(255))
    """What it is called on its owner's computer."""
    file_key: Mapped[str] = mapped_column(String(40), unique=True)
    """What it is called in the folder of uploads."""
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    """A `RecordingState`."""
    seconds: Mapped[float | None]
    """Its length; NULL until it is being read, or if it doesn't say."""
    seconds_read: Mapped[float] = mapped_column(server_default="0")
    seconds_left: Mapped[float | None]
    """How long reading will take on, as far as that is known."""
    renewed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the process that reads it last said so."""
    deaths: Mapped[int] = mapped_column(server_default="0")
    """How many processes have ended while they read it, since the last minute that was written."""
    remark: Mapped[str | None] = mapped_column(String(1000))
    """Why it failed, or what is wrong with it, as `recording_queries` stores it."""
    lecture_id: Mapped[int | None] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), index=True)
    """What it becomes; NULL until its first frame is read."""
    is_told: Mapped[bool] = mapped_column(server_default=false())
    """Whether its end was passed to those who get messages."""

    room: Mapped[Room] = relationship(lazy="joined")
    owner: Mapped[User | None] = relationship(lazy="joined")
    lecture: Mapped[Lecture | None] = relationship(lazy="joined")


class Note(db.Model):
    """What somebody wrote down for a moment of a lecture."""

    id: Mapped[int] = mapped_column(primary_key=True)
    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(String(500))
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    """As of a lecture."""


INCLUDE_DELETED = "include_deleted"
"""The execution option of a query that finds what was deleted and can still be restored."""


@event.listens_for(db.session, "do_orm_execute")
def _hide_deleted(query: ORMExecuteState) -> None:
    """Let no query find a lecture or a note that was deleted."""
    if query.is_select and not query.is_column_load and not query.execution_options.get(INCLUDE_DELETED):
        for table in (Lecture, Note):
            is_there = table.deleted_at.is_(None)
            query.statement = query.statement.options(
                with_loader_criteria(table, is_there, include_aliases=True)
            )


class Pulse(db.Model):
    """The open pulse of a running lecture. It is deleted with the lecture's end, and with it all votes."""

    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    """What students type."""
    key: Mapped[bytes]
    """Random. Without it the devices' hashes say nothing."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    """How many devices stand for each `Choice`, as last published."""
    is_shown: Mapped[bool]
    """Whether these may be shown: not while fewer than the minimum group answer."""
    minimum_group: Mapped[int]
    """The limit that holds."""
    version: Mapped[int]
    """Grows with each change of what is shown."""
    counted_until: Mapped[datetime] = mapped_column(UTCDateTime)
    """The start of the first minute that has no `PulseMinute` yet."""

    lecture: Mapped[Lecture] = relationship(lazy="joined")


class PulseVote(db.Model):
    """What one device says in a lecture that runs."""

    id: Mapped[int] = mapped_column(primary_key=True)
    lecture_id: Mapped[int] = mapped_column(ForeignKey("pulse.lecture_id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(String(64))
    """A keyed hash of the random name that the device keeps."""
    choice: Mapped[str] = mapped_column(String(20))
    """A `Choice`."""
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    shown: Mapped[str | None] = mapped_column(String(20))
    """What the published counts hold of it."""

    __table_args__ = (Index("uq_pulse_vote_device", "lecture_id", "device", unique=True),)


class PulseMinute(db.Model):
    """How many students stood for each choice at the end of a minute of a lecture, as published then.

    The counts are NULL if fewer than the minimum group answered.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"))
    minute: Mapped[datetime] = mapped_column(UTCDateTime)
    clear: Mapped[int | None]
    lost: Mapped[int | None]
    too_fast: Mapped[int | None]
    too_slow: Mapped[int | None]
    minimum_group: Mapped[int]

    @property
    def counts(self) -> dict[Choice, int] | None:
        """How many stood for each choice; None if too few answered."""
        return None if self.clear is None else {choice: getattr(self, choice) for choice in Choice}

    __table_args__ = (Index("uq_pulse_minute", "lecture_id", "minute", unique=True),)


class Question(db.Model):
    """What a student asked, without a name."""

    id: Mapped[int] = mapped_column(primary_key=True)
    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(String(300))


class Poll(db.Model):
    """A question with two to five answers that a teacher put to the class."""

    id: Mapped[int] = mapped_column(primary_key=True)
    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(String(200))
    """Empty if it was only spoken."""
    answers: Mapped[list[str]] = mapped_column(JSON)
    counts: Mapped[list[int]] = mapped_column(JSON)
    """How many devices gave each answer, as last published."""
    is_shown: Mapped[bool]


class PollAnswer(db.Model):
    """The answer of one device to a poll that runs. It is deleted with the poll's end."""

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"))
    lecture_id: Mapped[int] = mapped_column(ForeignKey("pulse.lecture_id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(String(64))
    choice: Mapped[str] = mapped_column(String(20))
    """The number of the answer, from 0."""
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    shown: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (Index("uq_poll_answer_device", "poll_id", "device", unique=True),)


class AuditEntry(db.Model):
    """Who did what, when, from where. It names things and never holds their content."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(80))
    """The user's name then; empty for the program itself, and for a stranger."""
    address: Mapped[str | None] = mapped_column(String(45))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200), server_default="")
    """What was acted on: the number of a lecture, the name of a user."""
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id", ondelete="SET NULL"))

    room: Mapped[Room | None] = relationship()


class Minute(MinuteFigures, db.Model):
    """One minute of a room, inside a lecture or outside any. It stores seconds; shares follow from them.

    The eight columns of expression seconds count the time while `minimum_group` people were in view; they are
    all NULL if there never were that many, and where only presence was read. The two columns of presence are
    the same for it. A minute without camera has no row.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    lecture_id: Mapped[int | None] = mapped_column(ForeignKey("lecture.id", ondelete="CASCADE"), index=True)
    minute: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    online_seconds: Mapped[float]
    frames_analysed: Mapped[int]
    faces_max: Mapped[int]
    face_seconds: Mapped[float]
    suppressed: Mapped[bool]
    angry_seconds: Mapped[float | None]
    disgust_seconds: Mapped[float | None]
    fear_seconds: Mapped[float | None]
    happy_seconds: Mapped[float | None]
    sad_seconds: Mapped[float | None]
    surprise_seconds: Mapped[float | None]
    neutral_seconds: Mapped[float | None]
    uncertain_seconds: Mapped[float | None]
    facing_seconds: Mapped[float | None]
    """Person-time of faces that were turned to the front; NULL where the detector can't tell."""
    turned_seconds: Mapped[float | None]
    """Person-time of all others."""
    minimum_group: Mapped[int | None]
    """The limit that held; NULL in minutes from before it was stored."""
    is_finished: Mapped[bool] = mapped_column(server_default=true())
    """Whether its monitor has counted it to its end."""

    is_withheld = False
    """Whether its expressions are not given out yet, since it can still grow. Queries set it."""

    room: Mapped[Room] = relationship(lazy="joined")

    # NULLs are never equal in a unique index, so minutes outside any lecture need an index of their own
    __table_args__ = (
        Index("uq_minute_in_lecture", "room_id", "minute", "lecture_id", unique=True),
        Index(
            "uq_minute_outside_lectures",
            "room_id",
            "minute",
            unique=True,
            sqlite_where=lecture_id.is_(None),
            postgresql_where=lecture_id.is_(None),
        ),
    )

    @property
    def is_presence(self) -> bool:
        """Whether no expression was read in it. One below the minimum group doesn't say."""
        return not self.suppressed and self.angry_seconds is None

    @property
    def expression_seconds(self) -> ExpressionSeconds | None:
        """Person-time of each; None if suppressed, withheld or not read. Setting it sets `suppressed`."""
        if self.suppressed or self.is_withheld or self.angry_seconds is None:
            return None
        return tuple(getattr(self, column) for column in EXPRESSION_COLUMNS)

    @expression_seconds.setter
    def expression_seconds(self, seconds: ExpressionSeconds | None) -> None:
        self.suppressed = seconds is None
        for column, value in zip(
            EXPRESSION_COLUMNS, seconds or [None] * len(EXPRESSION_COLUMNS), strict=True
        ):
            setattr(self, column, value)

    @property
    def presence_seconds(self) -> PresenceSeconds | None:
        """Person-time of faces to the front, and of others; None if suppressed, withheld or not read."""
        if self.suppressed or self.is_withheld or self.facing_seconds is None:
            return None
        return self.facing_seconds, self.turned_seconds

    @presence_seconds.setter
    def presence_seconds(self, seconds: PresenceSeconds | None) -> None:
        self.facing_seconds, self.turned_seconds = seconds or (None, None)


_opened_files: set[str] = set()
"""SQLite's files that this process has opened."""


@event.listens_for(Engine, "do_connect")
def _create_private(dialect: Any, _record: Any, arguments: list, options: dict) -> None:
    """Create a SQLite file that only its owner may read; SQLite gives `-wal` and `-shm` the same mode.

    A file that is there is not opened. Closing it again would end this process's locks on it; then another
    process takes the log for abandoned, and later writes are lost (sqlite.org/howtocorrupt.html).
    """
    if dialect.name == "sqlite" and arguments[0] != ":memory:" and not options.get("uri"):
        if arguments[0] in _opened_files and not os.path.exists(arguments[0]):
            raise sqlite3.OperationalError("the database file is gone")  # a new one would be empty
        with contextlib.suppress(OSError):  # it is there already, or SQLite itself says what is wrong
            os.close(os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


@event.listens_for(Engine, "handle_error")
def _hide_values(context: ExceptionContext) -> None:
    """Keep what PostgreSQL says but for its details, which quote rows: a log would hold names and notes."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            text = str(error.args[0])
            error.args = (re.sub(r"\n(DETAIL|CONTEXT): .*", "", text), *error.args[1:])


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Let pages read while the monitor writes (WAL), wait for locks, cascade, overwrite what is deleted."""
    if not type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=5000",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    path = cursor.execute("PRAGMA database_list").fetchone()[2]
    cursor.close()
    if path:
        record.info["file"] = path, _inode(path)
        _opened_files.add(path)


@event.listens_for(Engine, "checkout")
def _leave_moved_file(_connection: Any, record: Any, _proxy: Any) -> None:
    """Connect anew once SQLite's file was moved or replaced: SQLite would go on with the one from before."""
    path, inode = record.info.get("file", (None, None))
    if path and inode != _inode(path):
        raise DisconnectionError


def _inode(path: str) -> int | None:
    with contextlib.suppress(OSError):
        return os.stat(path).st_ino
    return None
