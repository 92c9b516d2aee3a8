"""Camera sources, one module each.

A new one needs a module here, a case in `open_source`, and a CameraKind in `app/camera/spec.py`.
"""

from collections.abc import Callable
from datetime import UTC, tzinfo
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import numpy as np

from app.camera.errors import CameraError, Reason
from app.camera.sources.device_camera import DeviceCamera
from app.camera.sources.network_camera import open_network_camera
from app.camera.spec import NO_BROWSER, CameraKind, check_spec, demo_students, kind_of
from app.camera.video import silence_decoder
from app.clock import SYSTEM_CLOCK, Clock


class Source(Protocol):
    """A camera, or what stands in for one."""

    is_live: bool
    """Whether it films now, so that a frozen picture is a fault. False for a drawing or a recording."""
    lag_seconds: float
    """The age of the last frame when `next_frame` returned it; 0 if unknown."""

    def next_frame(self, is_wanted: Callable[[], bool] = lambda: True) -> np.ndarray | None:
        """Wait for the next frame: BGR, uint8, (height, width, 3), the caller's to change.

        None if it takes too long; call again. None, too, if the frame is not wanted: a source that films many
        frames a second asks once a frame has come, and before it is decoded or drawn. Raises FrameUnavailable
        while there is none, and CameraError when the source has ended.
        """
        ...

    def release(self) -> None:
        """Release the device or the connection."""
        ...


def open_source(
    spec: str,
    *,
    timeout_seconds: float = 10.0,
    clock: Clock = SYSTEM_CLOCK,
    browser_frames: Connection | None = None,
    timezone: tzinfo = UTC,
) -> Source:
    """Open the source that `spec` names, as checked by `check_spec`.

    A network camera may take `timeout_seconds` to open, and as long for each frame. `browser_frames` brings
    what browsers send; only a server's monitor has it. The clock on the drawn classroom's wall shows the
    time in `timezone`. Raises CameraError if the source can't be opened, ValueError if `spec` can't name
    one.
    """
    spec = check_spec(spec)
    silence_decoder()
    match kind_of(spec):
        case CameraKind.DEMO:
            # Imported here: only this source needs the drawing code.
            from app.camera.sources.drawn_camera import DrawnCamera

            return DrawnCamera(demo_students(spec), clock, timezone)
        case CameraKind.DEVICE:
            return DeviceCamera(int(spec))
        case CameraKind.NETWORK:
            return open_network_camera(spec, timeout_seconds, clock)
        case CameraKind.BROWSER:
            # Imported here: only this source needs a JPEG decoder besides OpenCV's.
            from app.camera.sources.browser_camera import BrowserCamera

            if browser_frames is None:
                raise CameraError(Reason.MISSING, NO_BROWSER)
            return BrowserCamera(browser_frames, clock)
        case CameraKind.FILE:
            # Imported here: only recordings need PyAV, and only still pictures need their decoders.
            from app.camera.sources.file_camera import open_file

            return open_file(Path(spec).expanduser(), clock)
