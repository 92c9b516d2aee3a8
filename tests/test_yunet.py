"""YuNet: fetched from a test server, refused unless it is the published file, tried on real pictures."""

import csv
import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.detector.install import InstallError
from app.detector.install import install as install_bytes
from app.store.effective_settings import effective_settings, first_room
from app.vision.detection.detection import Detection
from app.vision.detection.yunet import PROPOSAL_SCORE, YUNET_FILE, YuNet
from app.vision.face_analyser import FaceAnalyser
from app.vision.face_judge import face_probability
from app.vision.frame import Box, Frame
from app.vision.track import FRONTAL_TURN, TURNED_AWAY
from tests.conftest import WEIGHTS
from tests.server import free_port
from tests.test_face_analyser import shows

MORNING = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def install(app):
    """Run `detector install` from an address and give its result."""
    return lambda url: app.test_cli_runner().invoke(args=["detector", "install", "--from", url])


@pytest.fixture
def installed(app):
    """The detector's files that are in the instance folder."""
    return lambda: sorted(path.name for path in Path(app.instance_path).rglob("face_detection*"))


def altered(weights: bytes) -> bytes:
    return weights[:-1] + bytes([weights[-1] ^ 1])


def test_it_is_fetched_checked_and_used_by_all_rooms(app, weights, serve, install, installed):
    result = install(serve(weights))
    path = Path(app.instance_path) / "uploads" / YUNET_FILE
    assert result.exit_code == 0, result.output
    assert "within a minute" in result.output
    with app.app_context():
        assert effective_settings(first_room()).detector == str(path)
    assert path.read_bytes() == weights
    assert installed() == [YUNET_FILE]
    assert install("http://127.0.0.1:1/nobody-is-asked-again").exit_code == 0


def test_a_damaged_file_is_fetched_again(app, weights, serve, install):
    path = Path(app.instance_path) / "uploads" / YUNET_FILE
    path.parent.mkdir()
    path.write_bytes(altered(weights))
    assert install(serve(weights)).exit_code == 0
    assert path.read_bytes() == weights


@pytest.mark.parametrize("body", [b"<html>Sign in to the school's network</html>", b""])
def test_another_file_is_refused_in_one_line_and_not_installed(body, serve, install, installed):
    result = install(serve(body))
    assert result.exit_code == 1
    assert f"({len(body)} bytes) is not {YUNET_FILE} as it was published" in result.output
    assert result.output.count("\n") == 1
    assert installed() == []


def test_an_altered_file_is_refused(weights, serve, install, installed):
    assert "is not" in install(serve(altered(weights))).output
    assert installed() == []


def test_a_transfer_that_breaks_off_leaves_no_file(serve, install, installed):
    result = install(serve(b"only the beginning", length=232_589))
    assert result.exit_code == 1
    assert "can't be fetched" in result.output or "is not" in result.output
    assert installed() == []


def test_a_missing_file_a_closed_port_and_no_address_are_one_line_each(serve, install, installed):
    closed = f"http://127.0.0.1:{free_port()}/{YUNET_FILE}"
    no_address = "file:///etc/passwd"
    for url, why in [(serve(None), "Not Found"), (closed, "refused"), (no_address, "expected https")]:
        result = install(url)
        assert result.exit_code == 1
        assert why in result.output
        assert result.output.startswith(f"Error: {url}")
        assert result.output.count("\n") == 1
    assert installed() == []


def test_a_folder_that_can_t_be_written_is_named(app, weights, serve, install, installed):
    # root may write anywhere, but nobody over a folder
    (Path(app.instance_path) / "uploads" / YUNET_FILE).mkdir(parents=True)
    result = install(serve(weights))
    assert result.exit_code == 1
    assert "can't be written" in result.output
    assert installed() == [YUNET_FILE]


def test_a_file_is_installed_without_internet(app, weights, install, installed, tmp_path):
    assert "can't be read" in install(str(tmp_path / "absent.onnx")).output
    assert install(str(WEIGHTS)).exit_code == 0
    assert installed() == [YUNET_FILE]
    assert app.test_cli_runner().invoke(args=["detector", "remove"]).exit_code == 0
    assert installed() == []


def test_a_full_disk_is_said_in_words_and_leaves_nothing(weights, tmp_path, monkeypatch):
    def write(path, _weights):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(InstallError, match="the disk is full"):
        install_bytes(weights, "a test", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_finds_no_face_here_is_not_installed(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(YuNet, "propose_in_picture", lambda *_: [])
    with pytest.raises(InstallError, match="finds no face"):
        install_bytes(weights, "a test", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_detector_that_is_missing_or_another_file_is_named_with_what_to_do(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"not a network")
    for name, why in [("missing.onnx", "No such file"), ("other.onnx", "altered or cut")]:
        with pytest.raises(RuntimeError, match=why) as error:
            FaceAnalyser(detector=str(tmp_path / name))
        assert name in str(error.value)
        assert "detector install" in str(error.value)


@pytest.mark.parametrize("shape", [(1, 1), (10, 500), (32, 32), (480, 640), (20, 4000)])
def test_an_empty_picture_of_any_size_has_no_face(weights, shape):
    yunet = YuNet(WEIGHTS)
    assert all(yunet.detect(np.full((*shape, 3), grey, np.uint8)) == [] for grey in (0, 128, 255))


def test_small_and_large_faces_are_found_where_the_cascade_would_put_them(weights, scenes):
    yunet = YuNet(WEIGHTS)
    portrait = yunet.detect(cv2.imread(str(scenes / "images/open/uniface_src_man3.jpg")))
    assert [500 < face.box.width < 700 for face in portrait] == [True]
    group = yunet.detect(cv2.imread(str(scenes / "images/open/solvay1927.jpg")))
    assert len(group) == 29
    assert all(face.box.width == face.box.height for face in group)


def test_a_single_picture_is_searched_for_smaller_faces_than_a_camera_s(weights):
    folder = WEIGHTS.parents[1] / "fairface/images"
    if not folder.is_dir():
        pytest.skip("needs the faces of ../shared/data/fairface")
    chance, wall = np.random.default_rng(0), np.full((720, 1280, 3), 110, np.uint8)
    for number, path in enumerate(sorted(folder.iterdir())[:40]):
        face = cv2.resize(cv2.imread(str(path)), (24, 24), interpolation=cv2.INTER_AREA)
        x, y = 160 * (number % 8) + 50, 144 * (number // 8) + 50
        wall[y : y + 24, x : x + 24] = face
    seen = np.clip(wall + chance.normal(0, 5, wall.shape), 0, 255).astype(np.uint8)
    analyser, grey = FaceAnalyser(detector=str(WEIGHTS)), cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)
    in_frame = analyser._without_false_positives(grey, YuNet(WEIGHTS, PROPOSAL_SCORE).detect(seen))
    assert len(in_frame) + 5 < len(analyser.analyse_picture(seen)) <= 40


def test_the_analyser_reads_faces_with_it_and_the_network_rejects_posters(weights, scenes):
    """Two drawings on the wall behind these four people look like faces to YuNet, about a frame in two."""
    analyser = FaceAnalyser(detector=str(WEIGHTS))
    capture = cv2.VideoCapture(str(scenes / "videos/FourPeople_720p60.mp4"), cv2.CAP_FFMPEG)
    for index in range(4):
        second = index / 5
        frame = Frame(capture.read()[1], index + 1, MORNING + timedelta(seconds=second), second)
        faces = analyser.analyse(frame)
        seated = [face.box for face in YuNet(WEIGHTS).detect(frame.image) if face.box.y > 200]
    assert len(seated) == 4
    assert all(shows(faces, box) for box in seated)
    assert len([face for face in faces if face.scores is not None]) == 4


def test_detector_and_network_judge_together():
    def judged(score, network):
        return face_probability(Detection(round(1000 * score), Box(0, 0, 40, 40), turn=0.1), network)

    assert judged(0.95, 0.2) > 0.95, "a bowed head, of which the network is unsure"
    assert judged(0.55, 0.999) > 0.9, "a small face, of which YuNet is unsure"
    assert judged(0.7, 0.5) < 0.5, "neither is sure"
    assert judged(0.9, 0.0001) < 0.5
    assert face_probability(Detection(12, Box(0, 0, 40, 40)), 0.5) == 0.5, "votes say nothing"


def test_a_face_from_the_front_is_told_from_one_in_profile(weights):
    labels = WEIGHTS.parents[1] / "fairface/labels.csv"
    if not labels.is_file():
        pytest.skip("needs the faces of ../shared/data/fairface")
    yunet, turns = YuNet(WEIGHTS), {"front": [], "profile": []}
    for row in csv.DictReader(labels.read_text().splitlines()):
        if row["pose"] not in turns or len(turns[row["pose"]]) == 25:
            continue
        image = cv2.imread(str(next(labels.parent.rglob(row["file"]))))
        padded = cv2.copyMakeBorder(image, 112, 112, 112, 112, cv2.BORDER_REPLICATE)
        turns[row["pose"]] += [detection.turn <= FRONTAL_TURN for detection in yunet.detect(padded)[:1]]
    assert sum(turns["front"]) > 20
    assert sum(turns["profile"]) < 3


def test_a_face_that_is_strongly_turned_is_uncertain(weights):
    """In pictures, where there is one look; tests/test_track.py has the live picture."""
    labels = WEIGHTS.parents[1] / "fairface/labels.csv"
    if not labels.is_file():
        pytest.skip("needs the faces of ../shared/data/fairface")
    analyser, yunet, turned = FaceAnalyser(detector=str(WEIGHTS)), YuNet(WEIGHTS), 0
    rows = [row for row in csv.DictReader(labels.read_text().splitlines()) if row["pose"] == "profile"]
    for row in rows[:15]:
        image = cv2.imread(str(next(labels.parent.rglob(row["file"]))))
        padded = cv2.copyMakeBorder(image, 112, 112, 112, 112, cv2.BORDER_REPLICATE)
        turns = {each.box: each.turn for each in yunet.detect(padded)}
        for face in analyser.analyse_picture(padded):
            if turns.get(face.box, 0.0) >= TURNED_AWAY:
                turned += 1
                assert face.emotion is None
                assert face.is_frontal is False
    assert turned > 8
