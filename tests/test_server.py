"""The whole program: real gunicorn, a real monitor process, a real database, real cameras."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.camera.spec import DEFAULT_STUDENTS
from app.demo import Classroom, shares
from tests.server import PROJECT, Server, wait_for

CARD_SIZE = (720, 1280, 3)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A server with the drawn classroom, for tests that leave it unchanged."""
    with Server(tmp_path_factory.mktemp("demo"), {"MAX_VIEWERS": "3"}) as server:
        wait_for(server.is_online)
        yield server


def picture_of(part) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(part.jpeg, np.uint8), cv2.IMREAD_COLOR)


def looks_like_a_card(part) -> bool:
    """Whether nearly all of it is one dark colour; no picture of a camera is."""
    return float(np.median(picture_of(part))) < 40


def minutes_of(server: Server) -> list[dict]:
    return server.get("/api/v1/minutes").json["minutes"]


def faces_now(server: Server) -> int:
    """Faces in view; 0 before the first reading."""
    return server.get("/api/v1/now").json.get("faces", 0)


def test_the_stream_shows_the_class_and_stamps_every_picture(demo):
    pictures = list(islice((part for part in demo.stream() if not looks_like_a_card(part)), 10))
    assert all(later.sequence >= earlier.sequence for earlier, later in pairwise(pictures))
    assert pictures[-1].sequence > pictures[0].sequence
    assert pictures[-1].captured_at > pictures[0].captured_at
    assert picture_of(pictures[-1]).shape == CARD_SIZE
    assert all(0 <= part.received_at - part.captured_at < 5 for part in pictures)


def test_a_viewer_who_stops_reading_gets_only_a_few_old_pictures(demo):
    """The kernel's send buffer used to hold 4 MB, some forty pictures."""
    with closing(demo.stream()) as slow:
        start = next(slow).sequence
        now = next(part.sequence for part in demo.stream() if part.sequence > start + 60)
        old = list(takewhile(lambda part: part.sequence < now, slow))
    assert len(old) <= 12


def test_boxes_are_drawn_where_the_script_says_the_faces_are(demo):
    wait_for(lambda: faces_now(demo) >= 10)
    *_, part = islice(demo.stream(), 10)
    at = datetime.fromtimestamp(part.captured_at, UTC)
    clean = Classroom().draw(at).astype(int)
    changed = np.abs(picture_of(part).astype(int) - clean).max(axis=2) > 60
    students = [student for student in Classroom().truth(at) if student.is_facing]
    marked = [
        changed[max(0, box.y - 30) : box.y + box.height + 30, max(0, box.x - 20) : box.x + box.width + 20]
        for box in (student.box for student in students)
    ]
    assert sum(region.sum() > 100 for region in marked) >= 0.8 * len(students)


def test_the_class_now_adds_up(demo):
    wait_for(lambda: faces_now(demo) >= 10)
    now = demo.get("/api/v1/now").json
    assert 9 <= now["faces"] <= 13
    assert sum(now["shares"].values()) + now["uncertain"] == pytest.approx(1)
    assert -1 <= now["valence"] <= 1


def test_the_state_shows_camera_monitor_and_viewers(demo):
    watching = demo.stream("/stream.mjpg?fps=5")
    for _ in range(4):
        next(watching)
    state = demo.get("/api/v1/state").json
    watching.close()
    assert state["camera"]["source"] == "demo"
    assert state["camera"]["capture_fps"] > 5
    assert state["monitor"]["running"]
    assert state["monitor"]["heartbeat_age_s"] < 5
    assert [viewer["fps"] for viewer in state["viewers"]] == [5]


def test_a_viewer_may_ask_for_fewer_pictures(demo):
    watching = demo.stream("/stream.mjpg?fps=2")
    first, *_, last = islice((part for part in watching if not looks_like_a_card(part)), 5)
    watching.close()
    assert last.captured_at - first.captured_at > 1.4, "four steps of half a second, less one at the start"
    for fps in ("0", "16", "many", "-1", ""):
        assert demo.get(f"/stream.mjpg?fps={fps}").status == 400


def test_viewers_past_the_limit_are_refused_and_everything_else_still_answers(demo):
    wait_for(lambda: not demo.get("/api/v1/state").json["viewers"])
    watching = [demo.stream() for _ in range(3)]
    for each in watching:
        next(each)
    refused = demo.get("/stream.mjpg")
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "3 streams" in refused.json["detail"]
    assert demo.get("/healthz").status == 200
    assert demo.get("/snapshot.jpg").status == 200
    for each in watching:
        each.close()
    wait_for(lambda: not demo.get("/api/v1/state").json["viewers"])
    assert next(demo.stream())


def test_a_snapshot_is_a_fresh_picture(demo):
    before = time.time()
    answer = demo.get("/snapshot.jpg")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert before - 2 < float(answer.headers["X-Captured-At"]) <= time.time()


def test_no_picture_is_encoded_while_nobody_watches(demo):
    watching = demo.stream()
    wait_for(lambda: not looks_like_a_card(next(watching)))
    watching.close()
    wait_for(lambda: not demo.get("/api/v1/state").json["viewers"])
    time.sleep(3)
    age = demo.get("/api/v1/state").json["camera"]["picture_age_s"]
    assert age is None or age > 2


def test_everything_is_ready(demo):
    wait_for(lambda: demo.get("/readyz", token=False).status == 200)
    assert demo.get("/readyz", token=False).json == {"database": "ok", "monitor": "ok", "camera": "ok"}


def test_one_camera_has_one_owner_however_many_workers_are_requested(tmp_path):
    server = Server(tmp_path, {"WEB_CONCURRENCY": "4"})
    try:
        server.start("--workers", "3")
        wait_for(server.is_online)
        assert len(server.monitor_pids()) == 1
        assert server.log.count("Booting worker") == 1
    finally:
        server.stop()


def test_a_second_server_for_the_room_leaves_the_camera_alone_and_says_why(demo, start_server):
    second = start_server(ROOM=demo.environment["ROOM"])
    detail = wait_for(lambda: second.get("/api/v1/state").json["camera"]["detail"])
    assert "Another server reads the camera" in detail
    assert second.get("/snapshot.jpg").status == 503
    assert demo.is_online()


def test_a_stopping_server_ends_streams_and_keeps_the_open_minute(start_server):
    server = start_server()
    stalled = server.stream()
    next(stalled)
    wait_for(lambda: faces_now(server) > 5)
    monitors = server.monitor_pids()
    with ThreadPoolExecutor(1) as executor:
        stream = server.stream()
        next(stream)
        watching = executor.submit(lambda: list(stream))
        time.sleep(2)
        assert server.stop() < 5, "Heroku and others kill a process that takes much longer"
        assert watching.result(), "the stream has an end"
    assert not [pid for pid in monitors if Path(f"/proc/{pid}").exists()]
    server.start()
    assert sum(minute["online_seconds"] for minute in minutes_of(server)) > 1.5


def test_a_monitor_ends_when_its_server_was_killed(start_server):
    server = start_server()
    wait_for(server.is_online)
    (monitor,) = server.monitor_pids()
    worker = int(Path(f"/proc/{monitor}/stat").read_text().rpartition(")")[2].split()[1])
    server.process.kill()
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not server.monitor_pids())


def test_a_missing_camera_is_one_clear_line_and_the_server_runs(start_server):
    server = start_server(CAMERA="/nowhere/lecture.mp4")
    camera = wait_for(
        lambda: (state := server.get("/api/v1/state").json["camera"])["reason"] == "missing" and state
    )
    assert "/nowhere/lecture.mp4" in camera["detail"]
    assert looks_like_a_card(next(server.stream()))
    assert server.get("/snapshot.jpg").status == 503
    assert server.get("/api/v1/now").status == 503
    assert server.get("/readyz").json["camera"] == "missing"
    assert server.get("/lectures").status == 200


def test_a_bad_setting_stops_the_start_with_one_line(tmp_path):
    server = Server(tmp_path, {"DETECT_FPS": "fast"})
    server.launch()
    assert server.process.wait(20) != 0
    assert server.log.strip() == (
        "Aula can't start: DETECT_FPS=fast is not usable; allowed: a number from 1 to 60"
    )


def test_it_runs_on_postgresql(postgres, start_server):
    server = start_server(DATABASE_URL=postgres.empty_database())
    lecture = server.get("/api/v1/lectures", method="POST", send={"title": "Algebra"}).json
    wait_for(
        lambda: any(row["faces_mean"] > 5 for row in minutes_of(server) if row["lecture_id"] == lecture["id"])
    )


def test_a_minute_of_the_drawn_classroom_agrees_with_its_script(demo):
    """The first minute of which most was seen; it passed while the tests above ran."""

    def minutes_seen() -> list[dict]:
        return [row for row in minutes_of(demo)[:-1] if row["online_seconds"] > 40 and row["shares"]]

    minute = wait_for(minutes_seen, seconds=150)[0]
    end = datetime.fromisoformat(minute["minute"]) + timedelta(minutes=1)
    truth = shares(end - timedelta(seconds=minute["online_seconds"]), end, DEFAULT_STUDENTS)
    assert minute["faces_mean"] == pytest.approx(11, abs=1)
    for emotion in ("happy", "neutral", "surprise"):
        assert minute["shares"][emotion] == pytest.approx(truth[emotion], abs=0.15), (emotion, minute, truth)


@pytest.mark.parametrize(("name", "most"), [("FourPeople_720p60.mp4", 5), ("element-call_gallery.gif", 6)])
def test_real_people_are_found_and_counted(scenes, start_server, name, most):
    """Four people in front of two posters, and six in a call."""
    server = start_server(CAMERA=str(scenes / "videos" / name), PURPOSE="expressions")
    wait_for(lambda: sum(row["online_seconds"] for row in minutes_of(server)) > 9, seconds=150)
    rows = minutes_of(server)
    seconds = sum(row["online_seconds"] for row in rows)
    assert 2 <= sum(row["face_seconds"] for row in rows) / seconds <= most
    assert all(row["suppressed"] or row["shares"] is None for row in rows if row["faces_mean"] < 5)


def test_the_web_process_imports_neither_the_network_nor_opencv():
    heavy = ["av", "cv2", "tensorflow", "keras", "ai_edge_litert"]
    code = f"import sys, wsgi; print([name for name in {heavy} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert printed.stdout.strip() == "[]", printed.stderr


def test_a_monitor_imports_what_decodes_recordings_and_still_pictures_only_for_them():
    """Guards 20 MB a room."""
    code = "import sys, app.monitor.process; print({'av', 'pillow_heif', 'simplejpeg'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert printed.stdout.strip() == "set()", printed.stderr
