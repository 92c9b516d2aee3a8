""" "Try this camera" shows no more than the stream would, and leaves nothing behind."""

import base64
import subprocess
import threading
import time

import cv2
import numpy as np
import pytest

from app.store.effective_settings import Overrides
from app.web.pages import camera_trial
from tests.mjpeg_camera import MjpegCamera
from tests.rooms import first_hub
from tests.server import free_port
from tests.test_pause import PAUSED
from tests.test_settings_page import administrator, fill_in_camera  # noqa: F401


def picture_of(tried: dict) -> np.ndarray:
    jpeg = base64.b64decode(tried["picture"].partition(",")[2])
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def fine_detail(image: np.ndarray) -> float:
    """How much neighbouring pixels differ on average."""
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def test_no_camera_is_opened_in_a_pause(administrator):  # noqa: F811
    with MjpegCamera() as camera:
        administrator.post("/pause", data={"csrf_token": csrf(administrator)})
        tried = fill_in_camera(administrator, kind="network", address=camera.url)
        assert (tried["works"], tried["picture"]) == (False, None)
        assert "The room is paused" in tried["detail"]
        assert camera.connections == 0


def csrf(client) -> str:
    from tests.forms import csrf_of

    return csrf_of(client.get("/").text)


@pytest.mark.parametrize("overrides", [Overrides(pause=PAUSED.pause), Overrides(hide_faces=True)])
def test_a_trial_ends_without_a_picture_when_somebody_pauses_or_hides_the_faces(
    app,
    administrator,  # noqa: F811
    overrides,
):
    hub = first_hub(app)
    with MjpegCamera() as camera:

        def override_once_it_is_read() -> None:
            while camera.connections == 0:
                time.sleep(0.01)
            hub.override(overrides)

        thread = threading.Thread(target=override_once_it_is_read)
        thread.start()
        tried = fill_in_camera(administrator, kind="network", address=camera.url)
        thread.join()
    assert (tried["works"], tried["picture"]) == (False, None)
    assert "meanwhile" in tried["detail"]


def test_a_trial_is_frosted_as_the_stream_is(administrator):  # noqa: F811
    with MjpegCamera() as camera:
        clear = picture_of(fill_in_camera(administrator, kind="network", address=camera.url))
        administrator.post("/hide-faces", data={"hide": "on", "csrf_token": csrf(administrator)})
        frosted = picture_of(fill_in_camera(administrator, kind="network", address=camera.url))
    assert frosted.shape == clear.shape
    assert fine_detail(frosted) < fine_detail(clear) / 4


def test_a_trial_writes_no_picture_to_a_disk(administrator, monkeypatch, tmp_path):  # noqa: F811
    """It wrote one to a temporary file, which stayed there when the server was killed."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    traced = tmp_path / "trace"
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        f"trace = open({str(traced)!r}, 'a', buffering=1)\n"
        "writing = set('wax+')\n"
        "def note(event, args):\n"
        "    if event == 'open' and isinstance(args[1], str) and writing & set(args[1]):\n"
        "        trace.write(str(args[0]) + '\\n')\n"
        "sys.addaudithook(note)\n"
    )
    assert fill_in_camera(administrator, kind="demo")["picture"]
    written = [line for line in traced.read_text().splitlines() if not line.endswith(".pyc")]
    assert not [line for line in written if "jpg" in line or str(folder) in line]


def test_a_port_that_refuses_is_said_without_starting_a_process(administrator, monkeypatch):  # noqa: F811
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    began = time.monotonic()
    for scheme in ("rtsp", "http"):
        tried = fill_in_camera(administrator, kind="network", address=f"{scheme}://127.0.0.1:{free_port()}/")
        assert not tried["works"]
        assert "refuses the connection" in tried["detail"]
    assert time.monotonic() - began < camera_trial.CONNECT_SECONDS
