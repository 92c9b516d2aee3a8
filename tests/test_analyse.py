"""`flask analyse`: pictures, videos and folders, analysed like a camera."""

import csv
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.camera.files import open_video
from app.demo import Classroom
from app.offline import video_writer
from app.offline.video_reader import VideoReader
from app.vision.annotate import FROSTED_WIDTH
from app.vision.emotion import EMOTIONS
from app.vision.model_card import read_model_card
from tests.made_videos import write_video

MORNING = datetime(2026, 11, 21, 10, tzinfo=UTC)
FPS = 10


def classroom(students: int, second: float = 0.0) -> np.ndarray:
    return Classroom(students, (640, 480)).draw(MORNING + timedelta(seconds=second))


@pytest.fixture(scope="module")
def material(tmp_path_factory) -> Path:
    """A class as a photograph and as a video of three seconds, and a few files that are neither."""
    folder = tmp_path_factory.mktemp("material")
    cv2.imwrite(str(folder / "class.png"), classroom(8))
    (folder / "more").mkdir()
    cv2.imwrite(str(folder / "more" / "three.jpg"), classroom(3))
    film(folder / "lesson.avi", seconds=3)
    (folder / "notes.mp4").write_text("This is no film.\n" * 100)
    (folder / "list.txt").write_text("neither meant nor read")
    return folder


def film(path: Path, seconds: float, begin: float = 0.0) -> None:
    """Write a video of a class with eight students."""
    room = Classroom(8, (640, 480))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), FPS, (640, 480))
    for index in range(round(seconds * FPS)):
        writer.write(room.draw(MORNING + timedelta(seconds=begin + index / FPS)))
    writer.release()


@pytest.fixture
def analyse(make_app, tmp_path):
    """Run the command into the folder `out` and give its result."""

    def run(*paths: Path, **settings: str):
        app = make_app(**settings)
        arguments = [*map(str, paths), "--out", str(tmp_path / "out")]
        return app.test_cli_runner().invoke(args=["analyse", *arguments])

    return run


@pytest.fixture
def output_names(tmp_path):
    """The paths of all files under `out`."""
    return lambda: sorted(
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    )


def rows_of(path: Path) -> list[dict]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_the_faces_of_a_picture_are_marked_and_listed(analyse, output_names, material, tmp_path):
    result = analyse(material / "class.png")
    assert result.exit_code == 0, result.output
    assert output_names() == ["class.png", "class.png.csv", "class.png.json"]
    results = json.loads((tmp_path / "out/class.png.json").read_text())
    students = Classroom(8, (640, 480)).truth(MORNING)
    assert sum(student.is_facing for student in students) <= len(results["faces"]) <= 8
    assert results["width"], results["height"] == (640, 480)
    assert results["network_sha256"] == read_model_card().sha256
    for face, row in zip(results["faces"], rows_of(tmp_path / "out/class.png.csv"), strict=True):
        assert face["scores"] is None or sum(face["scores"].values()) == pytest.approx(1, abs=0.001)
        assert face["expression"] in (*EMOTIONS, None)
        assert (int(row["x"]), row["expression"]) == (face["x"], face["expression"] or "")
    original, copy = classroom(8), cv2.imread(str(tmp_path / "out/class.png"))
    assert 0.001 < (original != copy).any(2).mean() < 0.3
    assert f"{len(results['faces'])} faces" in result.output


def test_the_minutes_of_a_video_are_counted_and_it_stays_a_video(analyse, output_names, material, tmp_path):
    result = analyse(material / "lesson.avi")
    assert result.exit_code == 0, result.output
    assert output_names() == ["lesson.avi.csv", "lesson.avi.json", "lesson.avi.mp4"]
    results = json.loads((tmp_path / "out/lesson.avi.json").read_text())
    (minute,) = results["minutes"]
    assert minute["minute"] == "0:00"
    assert minute["online_seconds"] == pytest.approx(2.8, abs=0.11)
    assert minute["frames_analysed"] in (15, 16)  # five a second
    assert minute["faces_mean"] > 5
    assert sum(minute["shares"].values()) + minute["uncertain_share"] == pytest.approx(1, abs=0.001)
    (row,) = rows_of(tmp_path / "out/lesson.avi.csv")
    assert float(row["happy"]) == minute["shares"]["happy"]
    copy = cv2.VideoCapture(str(tmp_path / "out/lesson.avi.mp4"), cv2.CAP_FFMPEG)
    assert copy.get(cv2.CAP_PROP_FRAME_COUNT) == 30
    assert copy.get(cv2.CAP_PROP_FPS) == FPS
    assert copy.read()[1].shape == (480, 640, 3)


def test_a_minute_is_a_minute_of_the_video_and_not_of_the_wall_clock(analyse, tmp_path):
    still = cv2.resize(classroom(6), (160, 120))
    writer = cv2.VideoWriter(
        str(tmp_path / "long.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 1, (160, 120)
    )
    for _ in range(63):
        writer.write(still)
    writer.release()
    assert analyse(tmp_path / "long.avi").exit_code == 0
    results = json.loads((tmp_path / "out/long.avi.json").read_text())
    assert [(minute["minute"], minute["online_seconds"]) for minute in results["minutes"]] == [
        ("0:00", 60.0),
        ("0:01", 2.0),
    ]


def test_a_folder_keeps_its_structure_and_only_pictures_and_videos_are_analysed(
    analyse, output_names, material
):
    result = analyse(material)
    assert result.exit_code == 1, "notes.mp4 is no video"
    assert [name for name in output_names() if not name.endswith((".csv", ".json"))] == [
        f"{material.name}/class.png",
        f"{material.name}/lesson.avi.mp4",
        f"{material.name}/more/three.jpg",
    ]


def test_no_expression_of_too_few_people_is_drawn_or_written(analyse, material, tmp_path):
    result = analyse(material / "more" / "three.jpg")
    assert "fewer than MINIMUM_GROUP" in result.output
    results = json.loads((tmp_path / "out/three.jpg.json").read_text())
    assert results["suppressed"] is True
    assert results["faces"]
    assert all(face["scores"] is None and face["expression"] is None for face in results["faces"])


def test_a_minute_of_too_few_people_has_no_shares(analyse, material, tmp_path):
    result = analyse(material / "lesson.avi", MINIMUM_GROUP="20")
    assert "fewer than MINIMUM_GROUP" in result.output
    (minute,) = json.loads((tmp_path / "out/lesson.avi.json").read_text())["minutes"]
    assert minute["suppressed"] is True
    assert minute["shares"] is None
    assert minute["faces_mean"] > 5


def test_hidden_faces_are_hidden_in_the_copy(analyse, material, tmp_path):
    analyse(material / "class.png", HIDE_FACES="on")
    copy = cv2.imread(str(tmp_path / "out/class.png"), cv2.IMREAD_GRAYSCALE)
    box = json.loads((tmp_path / "out/class.png.json").read_text())["faces"][0]
    x, y, side = box["x"], box["y"], box["width"]
    inside = copy[y + side // 4 : y + 3 * side // 4, x + side // 4 : x + 3 * side // 4]
    assert len(np.unique(inside)) < FROSTED_WIDTH


def test_each_unreadable_file_is_one_line_and_does_not_stop_the_others(
    analyse, output_names, material, tmp_path
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.jpg").touch()
    whole = (material / "class.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    bad = ["missing.jpg", "empty", "nothing.jpg", "cut.png"]
    result = analyse(
        *(tmp_path / name for name in bad), material / "notes.mp4", material / "more" / "three.jpg"
    )
    assert result.exit_code == 1
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 5
    for name, why in zip(
        [*bad, "notes.mp4"],
        ["no file", "no picture and no video", "is empty", "damaged", "is text"],
        strict=True,
    ):
        assert any(name in line and why in line for line in errors)
    assert output_names() == ["three.jpg", "three.jpg.csv", "three.jpg.json"]


def test_existing_results_are_kept(analyse, material, tmp_path):
    assert analyse(material / "class.png").exit_code == 0
    before = (tmp_path / "out/class.png.json").stat().st_mtime_ns
    result = analyse(material / "class.png", material / "more" / "three.jpg")
    assert result.exit_code == 1
    assert "out/class.png is there already" in result.output
    assert (tmp_path / "out/class.png.json").stat().st_mtime_ns == before
    assert (tmp_path / "out/three.jpg").exists()


def test_a_copy_never_overwrites_its_original(make_app, material, tmp_path):
    shutil.copy(material / "class.png", tmp_path)
    runner = make_app().test_cli_runner()
    result = runner.invoke(args=["analyse", str(tmp_path / "class.png"), "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert (tmp_path / "class.png").read_bytes() == (material / "class.png").read_bytes()


def test_the_copies_in_a_folder_are_not_analysed(make_app, material, tmp_path):
    shutil.copytree(material / "more", tmp_path / "photos")
    runner = make_app().test_cli_runner()
    arguments = ["analyse", str(tmp_path / "photos"), "--out", str(tmp_path / "photos" / "out")]
    assert runner.invoke(args=arguments).exit_code == 0
    (tmp_path / "photos" / "three.jpg").unlink()
    assert "holds no picture and no video" in runner.invoke(args=arguments).output


def test_an_out_that_is_a_file_is_refused(make_app, material, tmp_path):
    (tmp_path / "out").touch()
    result = (
        make_app()
        .test_cli_runner()
        .invoke(args=["analyse", str(material / "class.png"), "--out", str(tmp_path / "out")])
    )
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_a_video_that_breaks_off_is_reported_and_an_unreadable_one_leaves_nothing(
    analyse, output_names, material, tmp_path
):
    whole = (material / "lesson.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    result = analyse(tmp_path / "cut.avi")
    assert result.exit_code == 0, result.output
    assert re.search(r"1\.\d s could not be decoded", result.output)
    (tmp_path / "stub.avi").write_bytes(whole[:6000])
    assert analyse(tmp_path / "stub.avi").exit_code == 1
    assert [name for name in output_names() if "stub" in name] == []


@pytest.mark.parametrize("name", ["lesson.mkv", "lesson.mp4", "lesson.ts"])
def test_a_copy_has_the_times_and_the_sound_of_the_original(analyse, tmp_path, name):
    stamps = [1500, 1533, 1800, 1900, 4000, 5000, 5040]
    original = write_video(tmp_path / name, stamps, sound_seconds=6)
    result = analyse(original)
    assert result.exit_code == 0, result.output
    copy = tmp_path / "out" / (name if name.endswith(".mp4") else f"{name}.mp4")
    expected = [frame.monotonic for frame in VideoReader(original)]
    assert [frame.monotonic for frame in VideoReader(copy)] == pytest.approx(expected, abs=0.0001)
    assert sound_of(copy) == sound_of(original)


def sound_of(path: Path) -> list[int]:
    """When each packet of the sound is heard, in milliseconds from the video's second 0."""
    start = open_video(path).start_seconds
    with av.open(str(path)) as container:
        times = [
            packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.pts is not None
        ]
    return [round(1000 * (float(time) - start)) for time in times]


def test_sound_that_mp4_can_not_hold_is_left_out(analyse, tmp_path):
    original = write_video(
        tmp_path / "a.avi", [0, 100, 200], codec="mpeg4", sound_seconds=1, sound_codec="adpcm_ms"
    )
    result = analyse(original)
    assert result.exit_code == 0, result.output
    with av.open(str(tmp_path / "out" / "a.avi.mp4")) as copy:
        assert [stream.type for stream in copy.streams] == ["video"]


def test_a_disk_that_is_full_is_named(analyse, output_names, material, monkeypatch):
    def full(*_):
        raise av.error.OSError(28, "No space left on device", "lesson.avi.mp4")

    monkeypatch.setattr(video_writer.AnnotatedVideoWriter, "_write", full)
    result = analyse(material / "lesson.avi")
    assert result.exit_code == 1
    assert "can't be written: No space left on device" in result.output
    assert output_names() == []


def test_an_unfinished_video_leaves_nothing(analyse, output_names, material, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device", "lesson.avi.mp4")

    monkeypatch.setattr(video_writer, "annotate", broken)
    result = analyse(material / "lesson.avi")
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert output_names() == []


def test_without_a_database_the_command_says_what_to_do(tmp_path, material):
    from app import create_app

    app = create_app({"SECRET_KEY": "a key for tests only"}, tmp_path / "fresh")
    arguments = ["analyse", str(material / "class.png"), "--out", str(tmp_path / "out")]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 1
    assert "flask --app wsgi db upgrade" in result.output


def test_a_real_call_keeps_its_faces(analyse, scenes, tmp_path):
    result = analyse(scenes / "videos" / "element-call_gallery.gif", MINIMUM_GROUP="1")
    assert result.exit_code == 0, result.output
    (minute,) = json.loads((tmp_path / "out/element-call_gallery.gif.json").read_text())["minutes"]
    assert 4 <= minute["faces_mean"] <= 6
    assert minute["online_seconds"] == pytest.approx(8.67, abs=0.05)
