"""A recording becomes a lecture: read as the camera is, taken up again after a crash, and deleted."""

import os
import random
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from app.clock import SYSTEM_CLOCK
from app.purpose import Purpose
from app.runner import recording_runner
from app.runner.recording_runner import RecordingRunner
from app.store import lecture_queries, minute_queries, recording_queries, uploads
from app.store.effective_settings import first_room
from app.store.recording_queries import NewRecording
from app.store.room_queries import change_room
from app.store.tables import Lecture, LectureRecording, Minute, RecordingState, db
from app.store.user_queries import find_user, set_password
from tests.recordings import FACES, film, phone_film
from tests.server import Server, kill_left, wait_for

BEGAN = datetime.now(UTC).replace(hour=10, minute=0, second=30, microsecond=0) - timedelta(days=3)
SETTINGS = {"DETECT_FPS": "1", "MINIMUM_GROUP": "1", "CAMERA": "demo"}
LONG_SECONDS = 330
KILLS = 6  # twice as many as readers may die at one place


@pytest.fixture(scope="module")
def long_film(tmp_path_factory) -> Path:
    """Five and a half minutes, from half a minute past."""
    return film(tmp_path_factory.mktemp("films") / "lecture.avi", LONG_SECONDS)


@pytest.fixture(scope="module")
def short_film(tmp_path_factory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "short.avi", seconds=50)


@pytest.fixture
def app(make_app, tmp_path, monkeypatch):
    """An application, whose settings the reading process finds in its environment."""
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    settings = {**SETTINGS, "DATABASE_URL": url, "SECRET_KEY": "a key for tests only"}
    for name, value in (settings | {"ROOM": "Room 7"}).items():
        monkeypatch.setenv(name, value)
    app = make_app(**settings)
    with app.app_context():
        set_password("anna", "a long password")
        change_room(first_room(), purpose=Purpose.EXPRESSIONS)
    return app


@pytest.fixture
def context(app):
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def queue(path: Path, title: str = "Algebra", began_at: datetime | None = BEGAN) -> int:
    """Put a film into the queue, as if it had been uploaded."""
    new = NewRecording(title, "", began_at, path.name, path.stat().st_size)
    recording = recording_queries.add_recording(first_room(), find_user("anna"), new, SYSTEM_CLOCK.now())
    uploads.path_of(recording.file_key).write_bytes(path.read_bytes())
    recording_queries.put_in_queue(recording)
    return recording.id


def recording(recording_id: int) -> LectureRecording | None:
    db.session.expire_all()
    db.session.rollback()
    return recording_queries.find_recording(recording_id)


def state_of(recording_id: int) -> str | None:
    found = recording(recording_id)
    return found and found.state


def ended(recording_id: int, seconds: float = 200) -> LectureRecording:
    wait_for(lambda: state_of(recording_id) in ("done", "failed"), seconds)
    return recording(recording_id)


def minutes_of(lecture: Lecture) -> list[Minute]:
    return list(minute_queries.minutes_of_lecture(lecture, SYSTEM_CLOCK.now()))


def minutes_stored(recording_id: int) -> int:
    lecture = recording(recording_id).lecture
    return len(minutes_of(lecture)) if lecture else 0


def check_minutes(lecture: Lecture, seconds: int) -> None:
    """Every second is counted once, with the faces of the whole class."""
    minutes = minutes_of(lecture)
    assert [row.minute for row in minutes] == [
        BEGAN.replace(second=0) + timedelta(minutes=number) for number in range(len(minutes))
    ]
    assert sum(row.online_seconds for row in minutes) == pytest.approx(seconds - 1)
    assert sum(row.frames_analysed for row in minutes) == seconds
    assert all(row.frames_analysed == 60 and row.online_seconds == 60 for row in minutes[1:-1])
    for row in minutes:
        assert row.faces_max == FACES
        assert row.face_seconds == pytest.approx(row.online_seconds * FACES, rel=0.1)
    assert lecture.ended_at - lecture.started_at == timedelta(seconds=seconds - 1)


def reader_pids() -> list[int]:
    """The processes that read a recording and that this test started."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in pids if b"app.offline" in _command(pid)]


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_recording_becomes_a_lecture_and_its_file_is_deleted(context, short_film):
    recording_id = queue(short_film)
    file = uploads.path_of(recording(recording_id).file_key)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    with RecordingRunner(context, SYSTEM_CLOCK):
        done = ended(recording_id)
    assert (done.state, done.remark) == (RecordingState.DONE, None)
    assert not file.exists()
    lecture = done.lecture
    assert (lecture.title, lecture.owner.name, lecture.from_recording) == ("Algebra", "anna", True)
    check_minutes(lecture, 50)


def test_a_process_that_is_killed_again_and_again_counts_no_minute_twice(context, long_film):
    chance = random.Random(24)
    recording_id = queue(long_film)
    stored = 0
    with RecordingRunner(context, SYSTEM_CLOCK):
        try:
            for number in range(KILLS):
                pids = wait_for(reader_pids)
                if number % 2:  # the others die before they have read anything
                    wait_for(lambda before=stored: minutes_stored(recording_id) > before)
                    wait_for(lambda: recording(recording_id).deaths == 0)
                    time.sleep(chance.uniform(0, 0.2))
                    stored = minutes_stored(recording_id)
                assert state_of(recording_id) == RecordingState.READING
                kill_left(*pids)
                wait_for(lambda before=pids: reader_pids() != before)
            done = ended(recording_id)
        finally:
            kill_left(*reader_pids())
    assert (done.state, done.remark) == (RecordingState.DONE, None)
    check_minutes(done.lecture, LONG_SECONDS)


def test_after_the_third_process_that_dies_at_the_same_place_it_is_given_up_and_says_why(context, long_film):
    recording_id = queue(long_film)
    file = uploads.path_of(recording(recording_id).file_key)
    with RecordingRunner(context, SYSTEM_CLOCK):
        for _ in range(recording_queries.MAX_DEATHS):
            pids = wait_for(reader_pids)
            kill_left(*pids)
            wait_for(lambda before=pids: reader_pids() != before)
        failed = ended(recording_id)
    assert failed.state == RecordingState.FAILED
    assert str(recording_queries.remark_on(failed)).startswith(
        "The process that read it ended 3 times without getting further."
    )
    assert not file.exists()
    assert db.session.scalars(select(Lecture)).all() == []


def test_a_stopped_server_gives_the_recording_back_and_the_next_one_goes_on(context, long_film):
    recording_id = queue(long_film)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: minutes_stored(recording_id))
    back = recording(recording_id)
    assert (back.state, back.deaths) == (RecordingState.WAITING, 0)
    assert not reader_pids()
    with RecordingRunner(context, SYSTEM_CLOCK):
        check_minutes(ended(recording_id).lecture, LONG_SECONDS)


def test_a_recording_whose_reader_is_silent_is_taken_by_another_machine(context, short_film):
    recording_id = queue(short_film)
    now = SYSTEM_CLOCK.now()
    assert recording_queries.take_next(now) == recording_id
    assert recording_queries.take_next(now + recording_queries.EXPIRY) is None
    assert recording_queries.take_next(now + recording_queries.EXPIRY * 2) == recording_id
    assert recording(recording_id).deaths == 1


def test_cancelling_ends_the_process_and_deletes_everything(context, long_film):
    recording_id = queue(long_film)
    file = uploads.path_of(recording(recording_id).file_key)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: recording(recording_id).lecture)
        recording_queries.remove_recording(recording(recording_id))
        wait_for(lambda: not reader_pids(), seconds=20)
    assert not file.exists()
    assert [db.session.scalars(select(table)).all() for table in (Lecture, Minute, LectureRecording)] == [
        [],
        [],
        [],
    ]


def test_a_reader_that_hangs_is_ended_when_its_recording_is_a_day_old(context, long_film, monkeypatch):
    monkeypatch.setattr(recording_runner, "ENDING_SECONDS", 0.5)
    monkeypatch.setattr(recording_runner, "STOP_SECONDS", 0.5)
    recording_id = queue(long_film)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: recording(recording_id).lecture)
        (pid,) = reader_pids()
        os.kill(pid, signal.SIGSTOP)
        recording(recording_id).created_at -= uploads.LIFETIME
        db.session.commit()
        assert ended(recording_id, 20).state == RecordingState.FAILED
        wait_for(lambda: pid not in reader_pids(), 30)
    assert db.session.scalars(select(Lecture)).all() == []


def test_a_reader_that_hangs_is_ended_and_counts_as_died(context, long_film, monkeypatch, caplog):
    monkeypatch.setattr(recording_runner, "STOP_SECONDS", 0.5)
    recording_id = queue(long_film)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: recording(recording_id).lecture)
        (pid,) = reader_pids()
        os.kill(pid, signal.SIGSTOP)
        with monkeypatch.context() as patch:
            patch.setattr(recording_runner, "HANGS_AFTER", timedelta(seconds=1))
            wait_for(lambda: pid not in reader_pids(), 30)
        wait_for(lambda: f"the process that read recording {recording_id} ended, status -" in caplog.text)


def test_cancelling_deletes_a_lecture_that_has_just_begun(context, short_film):
    recording_id = queue(short_film)
    cancelled = recording(recording_id)
    assert cancelled.lecture is None
    with context.app_context():
        recording_queries.begin_lecture(recording_queries.find_recording(recording_id))
    recording_queries.remove_recording(cancelled)
    assert db.session.scalars(select(Lecture)).all() == []


def test_a_lecture_is_never_stored_without_its_recording_knowing_it(context):
    recording_queries.recorded_lecture(first_room(), "Algebra", "", BEGAN, None)
    db.session.rollback()
    assert db.session.scalars(select(Lecture)).all() == []


def test_a_lecture_that_is_deleted_while_it_is_read_stays_deleted(context, long_film):
    recording_id = queue(long_film)
    file = uploads.path_of(recording(recording_id).file_key)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: recording(recording_id).lecture)
        lecture_queries.delete_lecture(recording(recording_id).lecture)
        wait_for(lambda: not reader_pids(), seconds=20)
    assert not file.exists()
    assert [db.session.scalars(select(table)).all() for table in (Lecture, Minute)] == [[], []]


def test_a_text_that_is_called_mp4_fails_with_its_name(context, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("This is no film.\n" * 100)
    recording_id = queue(path)
    with RecordingRunner(context, SYSTEM_CLOCK):
        failed = ended(recording_id)
    problem = str(recording_queries.remark_on(failed))
    assert problem == "The file notes.mp4 is text, neither a video nor a picture."
    assert list(uploads.folder().iterdir()) == []


def test_a_file_that_does_not_say_when_it_began_waits_for_somebody_who_does(context, short_film):
    recording_id = queue(short_film, began_at=None)
    with RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: state_of(recording_id) == RecordingState.ASKING)
        recording_queries.store_beginning(recording(recording_id), BEGAN)
        done = ended(recording_id)
    check_minutes(done.lecture, 50)


def test_two_recordings_are_read_one_after_the_other(context, short_film):
    ids = [queue(short_film, title) for title in ("Algebra", "Geometry")]
    with RecordingRunner(context, SYSTEM_CLOCK), RecordingRunner(context, SYSTEM_CLOCK):
        wait_for(lambda: state_of(ids[0]) == RecordingState.READING)
        while state_of(ids[0]) != RecordingState.DONE:
            assert len(reader_pids()) <= 1
            time.sleep(0.1)
        ended(ids[1])
    for recording_id in ids:  # of the same room, at the same time
        check_minutes(recording(recording_id).lecture, 50)


def test_after_a_day_a_recording_that_was_not_read_is_deleted(context, short_film):
    recording_id = queue(short_film)
    stray = uploads.path_of(uploads.create(SYSTEM_CLOCK.now()))
    tomorrow = SYSTEM_CLOCK.now() + timedelta(days=1, seconds=1)
    recording_queries.expire(tomorrow)
    failed = recording(recording_id)
    assert failed.state == RecordingState.FAILED
    assert "not read within a day" in str(recording_queries.remark_on(failed))
    assert not stray.exists()
    assert list(uploads.folder().iterdir()) == []
    recording_queries.expire(tomorrow + timedelta(days=1))
    assert recording(recording_id) is None


def test_a_recording_whose_file_another_machine_has_is_left_to_that_machine(context, short_film):
    recording_id = queue(short_film)
    path = uploads.path_of(recording(recording_id).file_key)
    path.rename(path.with_suffix(".away"))
    assert recording_queries.take_next(datetime.now(UTC)) is None
    path.with_suffix(".away").rename(path)
    assert recording_queries.take_next(datetime.now(UTC)) == recording_id


def test_with_redis_a_recording_is_read_on_the_machine_that_has_its_file(
    redis, postgres, short_film, tmp_path
):
    settings = {
        **SETTINGS,
        "PURPOSE": "expressions",
        "REDIS_URL": redis.url,
        "DATABASE_URL": postgres.new_database(),
    }
    with Server(tmp_path / "web", settings) as server:
        recording = {"title": "Algebra", "course": "", "room": server.room_id(), "file_name": "a.avi"}
        began = {"began": f"{BEGAN:%Y-%m-%dT%H:%M:%S}", "file_bytes": str(short_film.stat().st_size)}
        headers = {"Authorization": f"Bearer {server.token}"}
        answer = requests.post(f"{server.url}/recordings", data=recording | began, headers=headers)
        assert answer.status_code == 201, answer.text
        address = server.url + answer.headers["Location"]
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        answer = requests.patch(address, data=short_film.read_bytes(), headers=headers | piece)
        assert answer.status_code == 204, answer.text
        wait_for(lambda: requests.get(address, headers=headers).json()["state"] == "done", seconds=200)
        minutes = server.get("/api/v1/lectures/1/minutes").json["minutes"]
        assert [row["frames_analysed"] for row in minutes] == [30, 20]


def test_a_room_of_presence_reads_no_expression_from_a_recording(context, short_film):
    change_room(first_room(), purpose=Purpose.PRESENCE)
    recording_id = queue(short_film)
    with RecordingRunner(context, SYSTEM_CLOCK):
        done = ended(recording_id)
    assert done.lecture.purpose == Purpose.PRESENCE
    for row in minutes_of(done.lecture):
        assert row.face_seconds > 0
        assert row.expression_seconds is None
        assert row.angry_seconds is None


def test_a_phone_s_video_says_itself_when_it_began(context, tmp_path):
    recording_id = queue(phone_film(tmp_path / "lecture.mp4", BEGAN, seconds=20), began_at=None)
    with RecordingRunner(context, SYSTEM_CLOCK):
        done = ended(recording_id)
    assert (done.state, done.lecture.started_at) == (RecordingState.DONE, BEGAN)
    assert sum(row.frames_analysed for row in minutes_of(done.lecture)) == 20
