"""Recordings that become lectures: the queue in which they are read, and the progress of each.

The row of a recording is its place in the queue. A process that reads one renews the row every second; a row
that is not renewed any more belongs to a process that died, and is taken up again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm.exc import StaleDataError

from app.language import Translatable
from app.store import uploads
from app.store.effective_settings import recording_purpose
from app.store.scope import Scope
from app.store.tables import Lecture, LectureRecording, Minute, RecordingState, Room, User, db

EXPIRY = timedelta(seconds=30)
"""How long after its last renewal a recording that is being read counts as abandoned."""
MAX_DEATHS = 3
"""After so many processes that died without having written a further minute, it is given up."""
MAX_UPLOADS = 5
"""Of one person at once: each takes space of the disk before it has arrived."""
MAX_VALUE = 300
UNFINISHED = (
    RecordingState.UPLOADING,
    RecordingState.WAITING,
    RecordingState.READING,
    RecordingState.ASKING,
)

DIED = Translatable(
    "The process that read it ended %(count)s times without getting further. The server's log says more."
)
TOO_LATE = Translatable("It was not read within a day, so its file was deleted. Add it again.")


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What somebody says of a recording before they send it."""

    title: str
    course: str
    began_at: datetime | None
    """None leaves it to the file."""
    file_name: str
    file_bytes: int


def add_recording(room: Room, owner: User | None, new: NewRecording, now: datetime) -> LectureRecording:
    """Add a recording whose file is still to come. Raises UploadRefused if the disk has no room for it."""
    uploads.check_space(new.file_bytes + _expected_bytes())
    recording = LectureRecording(
        room_id=room.id,
        owner_id=owner.id if owner else None,
        title=new.title,
        course=new.course,
        began_at=new.began_at,
        file_name=new.file_name,
        file_bytes=new.file_bytes,
        file_key=uploads.create(now),
        created_at=now,
        state=RecordingState.UPLOADING,
    )
    db.session.add(recording)
    db.session.commit()
    return recording


def _expected_bytes() -> int:
    """How much is still to come of the uploads that have begun."""
    rows = db.session.execute(
        select(LectureRecording.file_bytes, LectureRecording.file_key).where(
            LectureRecording.state == RecordingState.UPLOADING
        )
    )
    return sum(max(0, total - uploads.size_of(key)) for total, key in rows)


def has_too_many_uploads(owner: User) -> bool:
    """Whether MAX_UPLOADS of somebody's recordings are still to come."""
    uploading = select(func.count()).where(
        LectureRecording.owner_id == owner.id, LectureRecording.state == RecordingState.UPLOADING
    )
    return db.session.scalar(uploading) >= MAX_UPLOADS


def find_recording(recording_id: int) -> LectureRecording | None:
    """The recording with this id."""
    return db.session.get(LectureRecording, recording_id)


def visible_recordings(scope: Scope) -> Sequence[LectureRecording]:
    """One's own recordings of the last two days, oldest first; for administrators everybody's."""
    query = select(LectureRecording).order_by(LectureRecording.id)
    if scope.lecture_room_ids is not None:
        query = query.where(LectureRecording.room_id.in_(scope.lecture_room_ids))
    if not scope.is_administrator:
        query = query.where(LectureRecording.owner_id == scope.user_id)
    return db.session.scalars(query).all()


def recording_of(lecture: Lecture) -> LectureRecording | None:
    """The recording that a lecture is being read from."""
    return db.session.scalar(
        select(LectureRecording).where(
            LectureRecording.lecture_id == lecture.id, LectureRecording.state.in_(UNFINISHED)
        )
    )


def is_being_read(room: Room) -> bool:
    """Whether a lecture is being made of a recording in this room, also while its reader starts again."""
    return (
        db.session.scalar(
            select(LectureRecording.id).where(
                LectureRecording.room_id == room.id,
                LectureRecording.lecture_id.is_not(None),
                LectureRecording.state.in_((RecordingState.WAITING, RecordingState.READING)),
            )
        )
        is not None
    )


def put_in_queue(recording: LectureRecording, coming_from: RecordingState = RecordingState.UPLOADING) -> bool:
    """Let a recording be read; False if it is no longer in the state `coming_from`, or was cancelled."""
    queued = db.session.execute(
        update(LectureRecording)
        .where(LectureRecording.id == recording.id, LectureRecording.state == coming_from)
        .values(state=RecordingState.WAITING)
    )
    db.session.commit()
    return queued.rowcount > 0


def store_beginning(recording: LectureRecording, began_at: datetime) -> bool:
    """Store when a recording began, and let it be read if it waited for that; False if it is too late."""
    said = db.session.execute(
        update(LectureRecording)
        .where(
            LectureRecording.id == recording.id,
            LectureRecording.state.in_((RecordingState.UPLOADING, RecordingState.ASKING)),
        )
        .values(began_at=began_at)
    )
    put_in_queue(recording, RecordingState.ASKING)
    return said.rowcount > 0


def remove_recording(recording: LectureRecording) -> None:
    """Delete a recording's file and row; unless it has been read, also the lecture that it was becoming."""
    db.session.refresh(recording, with_for_update=True)  # its lecture may just have begun, or it was read
    file_key = recording.file_key
    if recording.lecture is not None and recording.state != RecordingState.DONE:
        db.session.delete(recording.lecture)
    db.session.delete(recording)
    db.session.flush()  # a reader that misses the file can't change these rows any more
    uploads.delete(file_key)
    db.session.commit()


def take_next(now: datetime) -> int | None:
    """Take the oldest recording that waits to be read; gives its id. No two processes get the same one.

    Only those whose file is on this machine's disk: with Redis other machines may have others.
    """
    _count_abandoned(now)
    waiting = select(LectureRecording.id, LectureRecording.file_key).where(
        LectureRecording.state == RecordingState.WAITING
    )
    for recording_id, file_key in db.session.execute(waiting.order_by(LectureRecording.id)).all():
        if not uploads.path_of(file_key).exists():
            continue
        taken = db.session.execute(
            update(LectureRecording)
            .where(LectureRecording.id == recording_id, LectureRecording.state == RecordingState.WAITING)
            .values(state=RecordingState.READING, renewed_at=now, seconds_left=None)
        )
        db.session.commit()
        if taken.rowcount:
            return recording_id
    return None


def _count_abandoned(now: datetime) -> None:
    abandoned = select(LectureRecording).where(
        LectureRecording.state == RecordingState.READING, LectureRecording.renewed_at < now - EXPIRY
    )
    for recording in db.session.scalars(abandoned).all():
        put_back(recording, has_died=True)


def put_back(recording: LectureRecording, *, has_died: bool) -> None:
    """Queue a recording again, unless MAX_DEATHS processes have died while they read it."""
    if recording.state != RecordingState.READING:
        return
    if has_died:
        recording.deaths += 1
    if recording.deaths >= MAX_DEATHS:
        fail(recording, Translatable(DIED.text, count=recording.deaths))
    else:
        put_in_queue(recording, RecordingState.READING)


def last_renewal(recording_id: int) -> datetime | None:
    """When a recording that is being read was last renewed; None if it is not being read any more."""
    return db.session.scalar(
        select(LectureRecording.renewed_at).where(
            LectureRecording.id == recording_id, LectureRecording.state == RecordingState.READING
        )
    )


def renew(recording_id: int, now: datetime, seconds_read: float, seconds_left: float | None) -> bool:
    """Renew a recording that is being read, with its progress; False if it was cancelled or has expired."""
    renewed = db.session.execute(
        update(LectureRecording)
        .where(LectureRecording.id == recording_id, LectureRecording.state == RecordingState.READING)
        .values(renewed_at=now, seconds_read=seconds_read, seconds_left=seconds_left)
    )
    db.session.commit()
    return renewed.rowcount > 0


def ask_for_beginning(recording: LectureRecording) -> None:
    """Make a recording wait until somebody says when it began."""
    recording.state = RecordingState.ASKING
    db.session.commit()


def begin_lecture(recording: LectureRecording) -> Lecture:
    """The lecture that a recording becomes, added at the first call.

    Raises StaleDataError if somebody has deleted it.
    """
    if recording.lecture is None:
        if recording.lecture_id is not None:
            raise StaleDataError("the lecture was deleted while its recording was read")
        recording.lecture = recorded_lecture(
            recording.room, recording.title, recording.course, recording.began_at, recording.owner_id
        )
    db.session.commit()
    return recording.lecture


def recorded_lecture(
    room: Room, title: str, course: str, began_at: datetime, owner_id: int | None
) -> Lecture:
    """Add a lecture from a recording; the caller commits. It has ended: another may run in its room."""
    lecture = Lecture(
        room_id=room.id,
        title=title,
        course=course,
        started_at=began_at,
        ended_at=began_at,
        owner_id=owner_id,
        from_recording=True,
        purpose=recording_purpose(room),
    )
    db.session.add(lecture)
    db.session.flush()
    return lecture


def extend_lecture(lecture: Lecture, ended_at: datetime) -> None:
    """Move a lecture's end to `ended_at`, up to which its recording was read."""
    lecture.ended_at = max(ended_at, lecture.ended_at)
    db.session.commit()


def newest_minute(lecture: Lecture) -> datetime | None:
    """The newest minute that is stored of a lecture."""
    return db.session.scalar(select(func.max(Minute.minute)).where(Minute.lecture_id == lecture.id))


def reset_deaths(recording_id: int) -> None:
    """Reset the count of readers that died, since a new minute was written."""
    db.session.execute(update(LectureRecording).where(LectureRecording.id == recording_id).values(deaths=0))
    db.session.commit()


def finish(recording: LectureRecording, remark: Translatable | None = None) -> None:
    """Mark a recording as read and delete its file; `remark` says what is wrong with it, if anything."""
    uploads.delete(recording.file_key)
    recording.state, recording.seconds_left = RecordingState.DONE, None
    recording.remark = _stored(remark)
    db.session.commit()


def fail(recording: LectureRecording, problem: Translatable) -> None:
    """Mark a recording as failed; of its file and its lecture nothing is kept but the reason."""
    uploads.delete(recording.file_key)
    lecture, recording.lecture = recording.lecture, None
    recording.remark = _stored(problem)
    recording.state = RecordingState.FAILED
    db.session.flush()
    if lecture is not None:
        db.session.delete(lecture)
    db.session.commit()


def _stored(remark: Translatable | None) -> str | None:
    return None if remark is None else json.dumps(remark.as_json(MAX_VALUE), ensure_ascii=False)


def remark_on(recording: LectureRecording) -> Translatable | None:
    """Why a recording failed, or what is wrong with one that was read; None if nothing is."""
    if recording.remark is None:
        return None
    return Translatable.from_json(json.loads(recording.remark))


def expire(now: datetime) -> None:
    """Delete the files and rows that are too old; a recording that was not read by then has failed."""
    uploads.delete_old(now)
    old = select(LectureRecording).where(LectureRecording.created_at <= now - uploads.LIFETIME)
    for recording in db.session.scalars(old).all():
        if recording.state in UNFINISHED:
            fail(recording, TOO_LATE)
        elif recording.created_at <= now - 2 * uploads.LIFETIME:
            db.session.delete(recording)
            db.session.commit()


def claim_unreported() -> list[LectureRecording]:
    """Claim the ended recordings that no message was sent about: each is given to one process, once."""
    ended = select(LectureRecording).where(
        LectureRecording.state.in_((RecordingState.DONE, RecordingState.FAILED)), ~LectureRecording.is_told
    )
    untold = []
    for recording in db.session.scalars(ended).all():
        told = db.session.execute(
            update(LectureRecording)
            .where(LectureRecording.id == recording.id, ~LectureRecording.is_told)
            .values(is_told=True)
        )
        db.session.commit()
        if told.rowcount:
            untold.append(recording)
    return untold
