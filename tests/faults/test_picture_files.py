"""Files that no program should stumble over: strange names, huge pictures, formats that can't be written."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.camera.errors import CameraError
from app.camera.files import is_picture, open_video, read_picture
from app.camera.spec import check_spec
from app.camera.video import MAX_SIDE
from app.offline.analyse import analyse
from app.offline.analysis_settings import AnalysisSettings
from tests.server import Server, wait_for

NOT_UTF_8 = os.fsdecode(b"caf\xe9")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Pictures that are no trouble before and after some that are."""
    cv2.imwrite(str(tmp_path / "a.png"), grey())
    cv2.imwrite(str(tmp_path / "b.pgm"), grey()[..., 0])
    (tmp_path / "c.jpg").write_bytes(claiming(20_000, 10_000))
    (tmp_path / f"{NOT_UTF_8}.png").write_bytes((tmp_path / "a.png").read_bytes())
    cv2.imwrite(str(tmp_path / "z.png"), grey())
    return tmp_path


def grey() -> np.ndarray:
    return np.full((120, 160, 3), 130, np.uint8)


def claiming(width: int, height: int) -> bytes:
    """A JPEG with this size in its header."""
    jpeg = cv2.imencode(".jpg", grey())[1].tobytes()
    header = jpeg.find(b"\xff\xc0")
    return jpeg[: header + 5] + height.to_bytes(2) + width.to_bytes(2) + jpeg[header + 9 :]


class NoFaces:
    """Stands in for the analyser, which has no part in this; some pictures are too much for it."""

    def analyse_picture(self, image) -> tuple:
        if image.shape[0] == 77:
            raise cv2.error("Failed to\nallocate")
        return ()


SETTINGS = AnalysisSettings(5, False, 5.0, 80, "")


def test_a_file_that_can_not_be_analysed_is_named_and_the_others_are_done(folder, tmp_path, capsys):
    cv2.imwrite(str(folder / "d.png"), grey()[:77])
    files = sorted(path for path in folder.iterdir() if path.is_file())
    out = tmp_path / "out"
    assert analyse(files, out, NoFaces(), SETTINGS) is False
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    for name, why in (("c.jpg", "too many pixels"), ("d.png", "Failed to alloc")):
        assert any(name in line and why in line for line in errors)
    copies = {path.name for path in out.iterdir() if path.suffix not in (".csv", ".json")}
    assert copies == {"a.png", "b.pgm.jpg", f"{NOT_UTF_8}.png", "z.png"}


def test_pictures_are_read_and_written_where_names_are_not_utf_8(folder, capsys):
    """Guards against a segmentation fault in OpenCV, and against an error where the name is printed."""
    assert analyse([folder / f"{NOT_UTF_8}.png"], folder / NOT_UTF_8, NoFaces(), SETTINGS) is True
    assert "caf�/caf�.png" in capsys.readouterr().out
    assert json.loads((folder / NOT_UTF_8 / f"{NOT_UTF_8}.png.json").read_text())["file"] == "caf�.png"


def test_a_camera_whose_name_is_not_utf_8_is_refused_at_the_start():
    with pytest.raises(ValueError, match="in UTF-8"):
        check_spec(f"/films/{NOT_UTF_8}.mp4")


@pytest.mark.parametrize("size", [(20_000, 10_000), (9000, 9000), (MAX_SIDE + 1, 20), (8, 8)])
def test_a_picture_of_too_many_or_too_few_pixels_is_refused(tmp_path, size):
    (tmp_path / "a.jpg").write_bytes(claiming(*size))
    with pytest.raises(CameraError, match=r"a\.jpg can't be used: The picture has .*pixels"):
        read_picture(tmp_path / "a.jpg")


def test_a_missing_file_is_no_picture_and_no_video(tmp_path):
    for function in (is_picture, read_picture, open_video):
        with pytest.raises(CameraError, match="There is no file"):
            function(tmp_path / "missing.jpg")


def test_a_picture_that_is_too_large_makes_the_camera_dark_and_restarts_nothing(tmp_path):
    (tmp_path / "huge.jpg").write_bytes(claiming(20_000, 10_000))
    server = Server(tmp_path / "server", {"CAMERA": str(tmp_path / "huge.jpg")})
    try:
        server.start()
        wait_for(lambda: server.get("/readyz").json["camera"] == "unreadable")
        ready = server.get("/readyz")
        assert (ready.status, ready.json["monitor"]) == (503, "ok")
        state = server.get("/api/v1/state").json
        assert state["monitor"]["restarts"] == 0
        assert state["monitor"]["running"]
    finally:
        server.stop()
